// Bundles what runs (the command line with the daemon in it, and its worker threads) from src/ into one file each under
// build/app: loading several hundred modules took half of the time to a first token. No types are checked here, and
// tests run what tsc writes to build/js. Run as a program, it bundles the repository that it is run in.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Ends up as build/app/cli-main.cjs, which `npm start`, the service units and the `codexpc` command run. */
const MAIN = 'src/cli/main.ts';

/** Packages with workers or WebAssembly of their own beside their code stay where they are. */
const EXTERNAL = ['piscina', '@mlc-ai/web-xgrammar'];

/** @param {string} root the repository */
export async function bundle(root) {
  const app = join(root, 'build/app');
  const entries = findEntries(root);
  rmSync(app, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries.map((file) => [`${outputName(file)}.bundle`, file])),
    outdir: app,
    bundle: true,
    // CommonJS: only a classic script can be given code that V8 compiled before, in every Node since 20.
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node20.17',
    // Names stay as they are, in stack traces too.
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'external',
    sourcesContent: false,
    external: EXTERNAL,
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
    plugins: [keepAddresses(root, entries)],
  });
  mkdirSync(app, { recursive: true });
  copyFileSync(fileURLToPath(new URL('run-bundle.cjs', import.meta.url)), join(app, 'run-bundle.cjs'));
  for (const name of entries.map(outputName)) {
    writeFileSync(join(app, `${name}.cjs`), `module.exports = require('./run-bundle.cjs').runBundle('${name}');\n`);
  }
  await bundlePage(root, join(app, 'page'));
  keepCompiledCode(root);
}

/** The debug page: what src/actors/inspector-page serves. Its parts for the browser alone are in src/page/view. */
async function bundlePage(root, outdir) {
  const view = join(root, 'src/page/view');
  await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/page/view/main.tsx', 'layout-worker': 'elkjs/lib/elk-worker.min.js' },
    outdir,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    minify: true,
    legalComments: 'linked',
    alias: { msgpackr: 'msgpackr/index-no-eval' }, // the page's policy lets no code be made while it runs
    tsconfig: join(view, 'tsconfig.json'),
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'style.css', 'icon.svg']) copyFileSync(join(view, file), join(outdir, file));
}

/** `import(address)`, and `import('…')` of what stays where it is. */
const IMPORT = new RegExp(`(?<!typeof )\\bimport\\((?=\\s*(?:[^\\s'"]|'(?:${EXTERNAL.join('|')})'))`, 'g');

/** `new URL('x.js', import.meta.url)`: another module of ours that is started or imported by its address. */
const MODULE_ADDRESS = /new URL\(\s*'([^']+)\.js',\s*import\.meta\.url,?\s*\)/g;

/** Every module that is reached by its address, a worker's for example, becomes a bundle of its own. */
function findEntries(root) {
  const entries = new Set([MAIN]);
  for (const file of sourcesBelow(root, 'src')) {
    for (const [, target] of readFileSync(join(root, file), 'utf8').matchAll(MODULE_ADDRESS)) {
      entries.add(targetOf(file, target));
    }
  }
  return [...entries].sort();
}

function sourcesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourcesBelow(root, path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

const targetOf = (file, target) => posix.join(posix.dirname(file), `${target}.ts`);

/** `src/actors/engine-worker.ts` → `actors-engine-worker`: all in one folder. */
const outputName = (file) => file.replace(/^src\//, '').replace(/\.ts$/, '').replaceAll('/', '-');

/**
 * What is imported while the program runs goes through run-bundle.cjs: `import()` in code that V8 had compiled
 * before fails (https://github.com/nodejs/node/issues/43663).
 *
 * `import.meta.url` goes on to mean the module, not the bundle that it ended up in: that of an entry is its bundle, that
 * of any other is where tsc writes it, so that paths from there to other files of the package hold.
 */
function keepAddresses(root, entries) {
  const addressOf = (file) =>
    entries.includes(file) ? `./${outputName(file)}.cjs` : `../js/${file.replace(/\.ts$/, '.js')}`;
  return {
    name: 'keep-addresses',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(root, path);
        const source = readFileSync(path, 'utf8');
        const own = `new URL('${addressOf(file)}', bundleUrl).href`;
        const contents = source
          .replace(MODULE_ADDRESS, (_, target) => `new URL('${addressOf(targetOf(file, target))}', bundleUrl)`)
          .replaceAll('import.meta.url', own)
          .replace(IMPORT, 'importModule(');
        return { contents, loader: 'ts' };
      });
    },
  };
}

/**
 * Answers one prompt with the pocket model, so that run-bundle.cjs keeps what V8 compiled for it. Where that fails,
 * everything still runs, only less quickly: the first real run says what is wrong.
 */
function keepCompiledCode(root) {
  const checkpoint = join(root, 'models/pocket/model.bin');
  const args = ['run', '--in-process', '--config', join(root, 'build/app/none.toml'), '--checkpoint', checkpoint, 'Hello'];
  spawnSync(process.execPath, [join(root, 'build/app/cli-main.cjs'), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, CODEXPC_KEEP_COMPILED: '1' },
    stdio: 'ignore',
    timeout: 60_000,
  });
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await bundle(process.cwd());
}
