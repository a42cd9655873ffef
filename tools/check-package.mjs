// `npm run check:package`: what `npm pack` makes. It holds what it should and nothing else, twice the same bytes; and
// it works where it is installed: without install scripts, with its first run's own build. The native engine of this
// repository is put in as a ready-made one: building it again takes minutes, and `npm start` is built everywhere else.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './build/ensure-built.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Every file of the package is one of these. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CMakeLists\.txt|tsconfig\.json)$/,
  /^src\/[\w./-]+\.(ts|tsx|md|html|css|svg|json)$/,
  /^engine-native\/(README\.md|(include|src)\/[\w./-]+\.(h|cc|m|mm|cmake))$/,
  /^tools\/(build\/[\w-]+\.(mjs|cjs)|build\.mjs|codexpc\.mjs|start\.mjs)$/,
  /^build\/js\/src\/(client|ipc)\/[\w./-]+\.(js|js\.map|d\.ts)$/,
  /^build\/js\/src\/(errors|native-addon-path|service-label)\.(js|js\.map|d\.ts)$/,
  /^src\/ipc\/PROTOCOL\.md$/,
  /^docs\/[\w./-]+\.(md|svg)$/,
  /^models\/pocket\/(README\.md|model\.bin)$/,
  /^packaging\/[\w-]+\.(sh|mjs)$/,
];
/** Not even there. */
const FORBIDDEN = [
  /(^|\/)tests?\//,
  /\.codexpc$/,
  /\.toml$/,
  /\.log$/,
  /\.cache$/,
  /token.*\.(txt|json)$/i,
  /(^|\/)\.(env|npmrc)/,
];

let passed = 0;
let failed = 0;
function check(title, problem) {
  if (problem === null) passed += 1;
  else failed += 1;
  process.stdout.write(
    `${problem === null ? 'ok    ' : 'FAILED'} ${title}${problem === null ? '' : `: ${problem}`}\n`,
  );
}

const work = mkdtempSync(join(tmpdir(), 'codexpc-package-'));
try {
  await ensureBuilt(root, { scope: 'everything', quiet: true });
  const [first, second] = ['a', 'b'].map(pack);
  check('two packs are the same bytes', sha(first.path) === sha(second.path) ? null : 'they differ');
  const odd = first.files.filter(
    (file) => !ALLOWED.some((rule) => rule.test(file)) || FORBIDDEN.some((rule) => rule.test(file)),
  );
  check(`its ${first.files.length} files are those it should hold`, odd.length === 0 ? null : odd.join(', '));
  install(first.path);
  runInstalled();
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;

function pack(name) {
  const folder = join(work, name);
  mkdirSync(folder);
  const { stdout } = npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const [{ filename, files }] = JSON.parse(stdout);
  return { path: join(folder, filename), files: files.map(({ path }) => path) };
}

function install(tarball) {
  const app = join(work, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true }');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const { status, stderr } = npm(app, 'install', ...flags, tarball);
  check('it installs without install scripts', status === 0 ? null : stderr.slice(-2000));
}

function runInstalled() {
  const app = join(work, 'app');
  const prebuilds = join(app, `node_modules/codexpc/prebuilds/${process.platform}-${process.arch}`);
  mkdirSync(prebuilds, { recursive: true });
  cpSync(join(root, 'build/native/Release/codexpc.node'), join(prebuilds, 'codexpc.node'));
  // No compiler, no npm: what has been installed has to do.
  mkdirSync(join(work, 'bin'));
  symlinkSync(process.execPath, join(work, 'bin/node'));
  const env = { PATH: join(work, 'bin'), HOME: work, XDG_RUNTIME_DIR: work };
  const run = (...args) =>
    spawnSync(process.execPath, args, { cwd: app, env, encoding: 'utf8', input: '', timeout: 120_000 });
  const codexpc = (...args) => run('node_modules/.bin/codexpc', ...args);
  const expect = (title, { stdout, stderr, status }, pattern) =>
    check(title, status === 0 && pattern.test(stdout) ? null : `exit code ${status}\n${stdout}${stderr}`);

  expect(
    'codexpc --version builds what it needs, and answers',
    codexpc('--version'),
    new RegExp(`^${version}\\n$`),
  );
  expect('codexpc run answers with the pocket model', codexpc('run', '--in-process', 'Hello'), /\w/);
  const { stdout } = codexpc('doctor', '--json');
  const engine = JSON.parse(stdout || '[]').find(({ name }) => name === 'engine' || name === 'addon');
  check('codexpc doctor finds its engine', engine?.status === 'ok' ? null : stdout);
  const program = "import { connect } from 'codexpc/client'; console.log(typeof connect)";
  expect(
    "import { connect } from 'codexpc/client'",
    run('--input-type=module', '-e', program),
    /^function$/m,
  );
}

function npm(cwd, ...args) {
  const script = process.env.npm_execpath;
  const [command, before] = script ? [process.execPath, [script]] : ['npm', []];
  return spawnSync(command, [...before, ...args], { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

function sha(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
