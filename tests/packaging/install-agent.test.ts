// The macOS installer in a fake home, with fake system programs that write down what they are asked.

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

jest.setTimeout(60_000);

const PACKAGING = fileURLToPath(new URL('../../../../packaging', import.meta.url));
const LABEL = 'com.yourorg.codexpc';

/** Writes down the call; fails where $FAIL is found in it; does what its program would leave behind. */
const FAKE = `#!/bin/sh
name=$(basename "$0")
echo "$name $*" >> "$CALLS"
case "$name $*" in *"$FAIL"*) [ -z "$FAIL" ] || { echo "$name: fake failure" >&2; exit 1; } ;; esac
case "$name $*" in
  "uname -m") echo arm64 ;;
  uname*) echo "\${FAKE_SYSTEM:-Darwin}" ;;
  "id -u") echo "\${FAKE_UID:-501}" ;;
  *metallib*-o*) for file; do :; done; echo metallib > "$file" ;;
  git*checkout*) mkdir -p "$2/gpt_oss/metal/source" && : > "$2/gpt_oss/metal/source/model.c" ;;
  git*rev-parse*) cat "$2/head" 2>/dev/null ;;
  "launchctl print"*) [ -e "$LOADED" ] || exit 113 ;;
  "launchctl bootstrap"*) : > "$LOADED" ;;
  "launchctl bootout"*) rm -f "$LOADED" ;;
  *cmake-js*) mkdir -p build/native/Release && : > build/native/Release/codexpc.node && : > build/native/Release/codexpc-xpc.node ;;
  "node -e"* | *write-plist.mjs*) exec "$REAL_NODE" "$@" ;;
esac
exit 0
`;

describe('packaging/install-agent.sh', () => {
  let folder = '';
  const path = (...parts: string[]): string => join(folder, ...parts);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-agent-'));
    for (const name of ['bin', 'home', 'root/node_modules/.bin', 'root/models', 'root/build/js/src/cli']) {
      mkdirSync(path(name), { recursive: true });
    }
    cpSync(PACKAGING, path('root/packaging'), { recursive: true });
    writeFileSync(path('root/package.json'), '{}');
    writeFileSync(path('root/build/js/src/cli/main.js'), '');
    for (const name of ['uname', 'id', 'launchctl', 'xcrun', 'xcode-select', 'git', 'cmake', 'npm', 'node']) {
      writeFileSync(path('bin', name), FAKE, { mode: 0o755 });
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const script = (name: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
    rmSync(path('calls'), { force: true });
    const { status, stdout, stderr } = spawnSync('/bin/sh', [path('root/packaging', name), ...args], {
      encoding: 'utf8',
      env: {
        PATH: `${path('bin')}:/usr/bin:/bin`,
        HOME: path('home'),
        CALLS: path('calls'),
        LOADED: path('loaded'),
        REAL_NODE: process.execPath,
        FAIL: '',
        ...env,
      },
    });
    const calls = existsSync(path('calls')) ? readFileSync(path('calls'), 'utf8').trim().split('\n') : [];
    return { status, stdout, stderr, calls };
  };
  const install = (args: readonly string[] = [], env: Record<string, string> = {}) =>
    script('install-agent.sh', args, env);
  const plist = (label = LABEL): string => path('home/Library/LaunchAgents', `${label}.plist`);
  const parsed = (file: string): unknown => {
    const python = 'import json,plistlib,sys; print(json.dumps(plistlib.load(open(sys.argv[1],"rb"))))';
    const { stdout, stderr } = spawnSync('python3', ['-c', python, file], { encoding: 'utf8' });
    if (stderr !== '') throw new Error(stderr);
    return JSON.parse(stdout) as unknown;
  };
  const program = (): string => path('home/Library/Application Support/codexpc/program');

  test('builds, installs, starts and asks over both ways; the agent is what launchd needs', () => {
    const { status, stderr, stdout, calls } = install();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const main = join(program(), 'build/js/src/cli/main.js');
    const logs = path('home/Library/Logs');
    expect(parsed(plist())).toEqual({
      Label: LABEL,
      ProgramArguments: [path('bin/node'), main, 'daemon', '--service', '--xpc-service', LABEL],
      MachServices: { [LABEL]: true },
      ProcessType: 'Interactive',
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 10,
      StandardOutPath: join(logs, `${LABEL}.out.log`),
      StandardErrorPath: join(logs, `${LABEL}.err.log`),
    });
    const shaders = calls.filter((call) => call.startsWith('xcrun -sdk macosx metal -I'));
    expect(shaders.length).toBe(14);
    expect(calls.find((call) => call.includes('cmake-js compile'))).toMatch(
      /--CDGPTOSS_SOURCE_DIR=.*gpt-oss --CDCODEXPC_METALLIB=.*default\.metallib$/,
    );
    expect(calls.slice(-4)).toEqual([
      `launchctl print gui/501/${LABEL}`,
      `launchctl bootstrap gui/501 ${plist()}`,
      `node ${main} health --transport xpc`,
      `node ${main} health --transport unix`,
    ]);
    for (const name of ['codexpc.node', 'codexpc-xpc.node', 'default.metallib']) {
      expect(existsSync(join(program(), 'build/native/Release', name))).toBe(true);
    }
    expect(stdout).toMatch(/^codexpc is installed as com\.yourorg\.codexpc\. Next: node ".*" run "Hello"$/m);
  });

  test('a second time replaces what runs, without fetching again', () => {
    install();
    const gptoss = path('root/build/agent/gpt-oss');
    writeFileSync(
      join(gptoss, 'head'),
      /gptoss_commit=(\w+)/.exec(readFileSync(path('root/packaging/install-agent.sh'), 'utf8'))![1]!,
    );
    const { status, calls } = install();
    expect(status).toBe(0);
    expect(calls.filter((call) => call.startsWith('git') && call.includes('fetch'))).toEqual([]);
    expect(calls).toContain(`launchctl bootout gui/501/${LABEL}`);
  });

  test('a dry run changes nothing', () => {
    const { status, stdout, calls } = install(['--dry-run']);
    expect(status).toBe(0);
    expect(stdout).toContain('+ launchctl bootstrap gui/501');
    expect(existsSync(path('home/Library'))).toBe(false);
    expect(existsSync(path('root/build/agent'))).toBe(false);
    expect(calls.filter((call) => /bootstrap|bootout|npm|metallib|cmake-js/.test(call))).toEqual([]);
  });

  test('another label names agent, service and logs', () => {
    expect(install(['--cpu-only', '--label', 'org.example.codexpc']).status).toBe(0);
    expect(parsed(plist('org.example.codexpc'))).toMatchObject({
      Label: 'org.example.codexpc',
      MachServices: { 'org.example.codexpc': true },
    });
    expect(install(['--label', 'a b'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/cannot be used/),
    });
  });

  test('for the CPU alone, no Metal compiler is asked for', () => {
    const { status, calls } = install(['--cpu-only']);
    expect(status).toBe(0);
    expect(calls.filter((call) => /^(xcrun|git)/.test(call))).toEqual([]);
  });

  test('with ready-made addons, for the CPU alone, no compiler is asked for', () => {
    const prebuilds = path('root/prebuilds/darwin-arm64');
    mkdirSync(prebuilds, { recursive: true });
    for (const name of ['codexpc.node', 'codexpc-xpc.node'])
      writeFileSync(join(prebuilds, name), 'ready-made');
    const { status, stderr, calls } = install(['--cpu-only'], { FAIL: 'xcode-select -p' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(calls.filter((call) => /^(xcrun|git|cmake)|cmake-js/.test(call))).toEqual([]);
    for (const name of ['codexpc.node', 'codexpc-xpc.node'])
      expect(readFileSync(join(program(), 'build/native/Release', name), 'utf8')).toBe('ready-made');
  });

  test.each([
    ['xcode-select -p', 'Xcode’s command-line tools are missing'],
    ['xcrun -sdk macosx --find metal', 'The Metal compiler is missing'],
    ['fetch --quiet', 'Fetching https://github.com/openai/gpt-oss failed'],
    ['checkout', 'Checking out'],
    ['sdpa.metal', 'The Metal compiler refused sdpa.metal'],
    ['metallib', 'Linking default.metallib failed'],
    ['npm install', 'Installing the npm packages failed'],
    ['cmake-js', 'Building the addons failed'],
    ['tsc', 'Compiling TypeScript failed'],
    ['write-plist', 'The agent’s description'],
    ['bootstrap', 'launchd refused'],
    ['--transport xpc', 'The agent does not answer over XPC'],
    ['--transport unix', 'The agent does not answer at its socket'],
  ])('when "%s" fails, it says so in one sentence and goes no further', (failing, sentence) => {
    const { status, stderr } = install([], { FAIL: failing });
    const last = stderr.trim().split('\n').at(-1)!.replaceAll("'", '’');
    expect({ status, last }).toEqual({ status: 1, last: expect.stringContaining(`codexpc: ${sentence}`) });
  });

  test.each([
    ['on Linux', { FAKE_SYSTEM: 'Linux' }, 'needs macOS'],
    ['as root', { FAKE_UID: '0' }, 'not as root'],
  ])('%s it does nothing', (_where, env, sentence) => {
    expect(install([], env)).toMatchObject({ status: 1, stderr: expect.stringContaining(sentence) });
    expect(existsSync(path('home/Library'))).toBe(false);
  });

  test('a folder that is no checkout of the library is told', () => {
    expect(install(['--gptoss', path('home')])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is no checkout of openai/gpt-oss'),
    });
  });

  test('uninstalling removes the agent and the program, and leaves settings; twice is harmless', () => {
    install(['--cpu-only']);
    const config = path('home/Library/Application Support/codexpc/config.toml');
    writeFileSync(config, '');
    const removed = script('uninstall-agent.sh');
    expect(removed).toMatchObject({ status: 0, stderr: '' });
    expect(removed.calls).toContain(`launchctl bootout gui/501/${LABEL}`);
    expect([existsSync(plist()), existsSync(program()), existsSync(config)]).toEqual([false, false, true]);
    expect(script('uninstall-agent.sh').status).toBe(0);
    expect(statSync(path('home/Library/LaunchAgents')).isDirectory()).toBe(true);
  });
});
