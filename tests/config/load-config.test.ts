import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ConfigSources, loadConfig } from '../../src/config/load-config.js';
import { locateKey } from '../../src/config/locate-key.js';
import { pathsOf } from '../../src/config/place.js';
import { permissionOf, toolNames } from '../../src/config/tool-gate.js';

describe('loadConfig', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-config-'));
    file = join(folder, 'config.toml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const load = (text: string | null, rest: Partial<ConfigSources> = {}) => {
    if (text !== null) writeFileSync(file, text);
    return loadConfig({ file, home: '/home/me', defaultSocket: '/run/s', env: {}, flags: {}, ...rest });
  };
  const refusal = (text: string): string => {
    try {
      load(text);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('needs no file', () => {
    const { config, origins, fileExists } = load(null);
    expect(config).toMatchObject({
      'engine.slots': 4,
      'engine.context_length': 16384,
      'daemon.socket': '/run/s',
    });
    expect(origins['engine.slots']).toEqual({ from: 'default' });
    expect(fileExists).toBe(false);
  });

  it('lets flags win over the environment, this over the file, and the file over the defaults', () => {
    const text = '[engine]\nmax_batch_tokens = 1\nisa = "scalar"\nslots = 2';
    const { config, origins } = load(text, {
      env: { CODEXPC_MAX_BATCH_TOKENS: '2', CODEXPC_ISA: 'avx2' },
      flags: { 'engine.max_batch_tokens': { flag: '--max-batch-tokens', value: '3' } },
    });
    expect(config).toMatchObject({ 'engine.max_batch_tokens': 3, 'engine.isa': 'avx2', 'engine.slots': 2 });
    expect(origins['engine.max_batch_tokens']).toEqual({ from: 'flag', flag: '--max-batch-tokens' });
    expect(origins['engine.isa']).toEqual({ from: 'environment', variable: 'CODEXPC_ISA' });
    expect(origins['engine.slots']).toEqual({ from: 'file', file, line: 4 });
  });

  it.each([
    ['engine.keep_alive = "90s"', 'engine.keep_alive', 90_000],
    ['engine.keep_alive = "always"', 'engine.keep_alive', null],
    ['engine.keep_alive = 0', 'engine.keep_alive', 0],
    ['engine.memory_budget = "12GiB"', 'engine.memory_budget', 12 * 2 ** 30],
    ['engine.memory_budget = "auto"', 'engine.memory_budget', null],
    ['engine.checkpoint = "~/m.bin"', 'engine.checkpoint', '/home/me/m.bin'],
    ['engine.threads = "auto"', 'engine.threads', null],
  ] as const)('reads %s', (text, key, value) => {
    expect(load(text).config[key]).toBe(value);
  });

  it('names line and column of what is no TOML', () => {
    expect(refusal('[engine]\nslots = = 3')).toMatch(new RegExp(`${file}:2:\\d+: `));
  });

  it('names every value that does not fit with its line', () => {
    const message = refusal('[engine]\n\nslots = "many"\n[queue]\nbound = -1\n');
    expect(message).toContain(`${file}:3: engine.slots must be a whole number from 1 to 64, not "many"`);
    expect(message).toContain(`${file}:5: queue.bound must be`);
  });

  it('knows what an unknown key may have meant', () => {
    expect(refusal('[engine]\nslot = 3')).toContain(
      `${file}:2: there is no setting engine.slot; did you mean engine.slots?`,
    );
    expect(refusal('checkpoint = "x"')).toContain('did you mean engine.checkpoint?');
  });

  it('takes a file of its own version, and one that names none', () => {
    expect(load('version = 1\n[engine]\nslots = 2').config['engine.slots']).toBe(2);
    expect(load('[engine]\nslots = 2').config['engine.slots']).toBe(2);
  });

  it('refuses a file of a later version for that alone, with what to do', () => {
    const message = refusal('version = 2\n[engine]\nslots = "as many as it takes"\nquantum = true\n');
    expect(message).toContain(
      `${file}:1: the file is of version 2, and this codexpc reads version 1. Install`,
    );
    expect(message).not.toMatch(/slots|quantum/);
    expect(() => load('version = 2')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    expect(refusal('version = "new"')).toContain('version must be a whole number from 1, not "new"');
  });

  it('refuses a bad variable by its name', () => {
    expect(() => load(null, { env: { CODEXPC_ISA: 'mmx' } })).toThrow(
      /CODEXPC_ISA: engine\.isa must be one of/,
    );
  });
});

describe('tools in loadConfig', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-config-'));
    file = join(folder, 'config.toml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const load = (text: string, env: ConfigSources['env'] = {}) => {
    writeFileSync(file, text);
    return loadConfig({ file, home: '/home/me', defaultSocket: '/run/s', env, flags: {} });
  };
  const refusal = (text: string, env: ConfigSources['env'] = {}): string => {
    try {
      load(text, env);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  const allowed = (text: string, env: ConfigSources['env'] = {}): readonly string[] => {
    const loaded = load(text, env);
    return toolNames(loaded).filter((name) => permissionOf(name, loaded).isAllowed);
  };
  const WEATHER = '[tools.weather]\nenabled = true\ncommand = ["./weather", "--json"]\n';

  it('reads what a tool may do, and a tool of the user', () => {
    const { tools } = load(
      `${WEATHER}timeout = "5s"\nparameters = { type = "object", properties = { at = { type = "string" } } }\n` +
        '[tools.read_file]\ndirectories = ["~/notes", "data"]\nmax_output = "64KiB"',
    );
    expect(tools.get('weather')?.settings).toMatchObject({
      enabled: true,
      command: [join(folder, 'weather'), '--json'],
      timeout: 5_000,
      parameters: { type: 'object', properties: { at: { type: 'string' } } },
      network: null,
    });
    expect(tools.get('read_file')?.settings).toMatchObject({
      enabled: null,
      directories: ['/home/me/notes', join(folder, 'data')],
      max_output: 65_536,
    });
    expect(tools.get('weather')?.lines.get('timeout')).toBe(4);
  });

  it('takes a time that no timer can wait for as the longest that one can', () => {
    const { tools } = load(`${WEATHER}timeout = "100000h"`);
    expect(tools.get('weather')?.settings.timeout).toBe(2 ** 31 - 1);
  });

  it('allows nothing by itself', () => {
    expect(allowed('')).toEqual([]);
    expect(allowed('[tools.clock]\ntimeout = "1s"')).toEqual([]);
    expect(allowed('', { CODEXPC_ALLOWED_TOOLS: 'clock' })).toEqual([]);
    expect(allowed('', { CODEXPC_ALLOW_TOOLS: '1' })).toEqual([]);
  });

  it.each([
    ['tools that are enabled', `[tools.clock]\nenabled = true\n${WEATHER}`, {}, ['clock', 'weather']],
    [
      'those the environment names',
      '',
      { CODEXPC_ALLOW_TOOLS: '1', CODEXPC_ALLOWED_TOOLS: 'clock, shell' },
      ['clock', 'shell'],
    ],
    [
      'the environment alone, over the file',
      WEATHER,
      { CODEXPC_ALLOW_TOOLS: '1', CODEXPC_ALLOWED_TOOLS: 'clock' },
      ['clock'],
    ],
    ['those enabled, when the environment names none', WEATHER, { CODEXPC_ALLOW_TOOLS: '1' }, ['weather']],
    ['none, when the environment says so', WEATHER, { CODEXPC_ALLOW_TOOLS: '0' }, []],
    ['those of a list in the file', '[tools]\nallow = true\nallowed = ["clock"]', {}, ['clock']],
  ] as const)('allows %s', (_, text, env, names) => {
    expect(allowed(text, env)).toEqual(names);
  });

  it('says what allows a tool or keeps it out', () => {
    const loaded = load(WEATHER, { CODEXPC_ALLOWED_TOOLS: 'clock' });
    expect(permissionOf('weather', loaded)).toEqual({ isAllowed: true, by: 'file, line 2' });
    expect(permissionOf('clock', loaded).by).toBe('needs CODEXPC_ALLOW_TOOLS=1');
    expect(permissionOf('shell', loaded).by).toBe('not enabled');
    const off = load(WEATHER, { CODEXPC_ALLOW_TOOLS: 'no' });
    expect(permissionOf('weather', off).by).toBe('CODEXPC_ALLOW_TOOLS allows no tools');
  });

  it.each([
    ['[tools.clok]\nenabled = true', ':1: clok is no tool that ships with codexpc'],
    ['[tools.clock]\n\nenable = true', ':3: there is no setting tools.clock.enable (known: enabled, '],
    [
      '[tools.clock]\ntimeout = "soon"',
      ':2: tools.clock.timeout must be a duration such as "30s" or "5m", not "soon"',
    ],
    ['[tools.clock]\ncommand = ["date"]', ':2: clock ships with codexpc and takes no command'],
    ['[tools."my tool"]\ncommand = ["date"]', ':1: "my tool" is no name for a tool'],
    ['[tools.x]\ncommand = []\nsandbox = "maybe"', ':3: tools.x.sandbox must be one of required, none'],
    ['[tools.x]\ncommand = []', ':2: tools.x.command must be'],
    [
      '[tools.x]\ncommand = ["x"]\nparameters = { type = "string" }',
      ':3: tools.x.parameters must be the JSON schema',
    ],
    [
      '[tools.x]\ncommand = ["x"]\nparameters = { const = inf }',
      ':3: tools.x.parameters must be the JSON schema',
    ],
    ['[tools]\nmax_round = 3', ':2: there is no setting tools.max_round; did you mean tools.max_rounds?'],
    ['[tools]\nallowed = ["clok"]', ':2: tools.allowed names "clok", which is no tool (known: clock, '],
    ['[tools.__proto__]\nenabled = true', ':1: __proto__ is no tool that ships'],
  ])('refuses %j', (text, message) => {
    expect(refusal(text)).toContain(file + message);
  });

  it('refuses an unknown tool in the environment by the name of the variable', () => {
    expect(refusal('', { CODEXPC_ALLOW_TOOLS: '1', CODEXPC_ALLOWED_TOOLS: 'clock,clok' })).toContain(
      'CODEXPC_ALLOWED_TOOLS: tools.allowed names "clok"',
    );
    expect(refusal('', { CODEXPC_ALLOW_TOOLS: 'perhaps' })).toContain(
      'CODEXPC_ALLOW_TOOLS: tools.allow must be true or false, not "perhaps"',
    );
  });
});

describe('locateKey', () => {
  it.each([
    ['[a]\nb = 1', ['a', 'b'], 2],
    ['a.b = 1', ['a', 'b'], 1],
    ['a = { b = 1 }', ['a', 'b'], 1],
    ['x = """\n[a]\nb = 1\n"""\n[a]\nb = 2', ['a', 'b'], 6],
    ['["a"]\n"b" = 1', ['a', 'b'], 2],
    ['# a.b = 1\n', ['a', 'b'], null],
  ] as const)('finds in %j', (text, key, line) => {
    expect(locateKey(text, key)).toBe(line);
  });
});

describe('pathsOf', () => {
  it('follows the README on Linux and macOS', () => {
    const linux = pathsOf({ platform: 'linux', env: {}, home: '/home/me' });
    expect(linux.configFile).toBe('/home/me/.config/codexpc/config.toml');
    expect(linux.logFile).toBe('/home/me/.local/state/codexpc/daemon.log');
    const mac = pathsOf({ platform: 'darwin', env: {}, home: '/Users/me' });
    expect(mac.configFile).toBe('/Users/me/Library/Application Support/codexpc/config.toml');
    expect(mac.logFile).toBe('/Users/me/Library/Logs/com.yourorg.codexpc.err.log');
  });

  it('honours the XDG folders, and ignores relative ones', () => {
    const env = { XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: 'relative' };
    const paths = pathsOf({ platform: 'linux', env, home: '/home/me' });
    expect(paths.configFile).toBe('/c/codexpc/config.toml');
    expect(paths.logFile).toBe('/home/me/.local/state/codexpc/daemon.log');
  });
});
