import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CliHome } from './cli-harness.js';

jest.setTimeout(60_000);

const hasPython = spawnSync('python3', ['--version']).status === 0;
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A terminal for a program: plays [wait for text, then type] pairs, prints everything it saw and the exit code. */
const TERMINAL = `
import json, os, pty, select, sys, time
steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, at = b'', 0
deadline = time.monotonic() + 40
while time.monotonic() < deadline:
    found = seen.find(steps[0][0].encode(), at) if steps else -1
    if found >= 0:
        wanted, typed = steps.pop(0)
        at = found + len(wanted.encode())
        os.write(fd, typed.encode())
    elif select.select([fd], [], [], 0.5)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
else:
    os.kill(pid, 9)
status = os.waitpid(pid, 0)[1]
sys.stdout.write(seen.decode('utf8', 'replace') + '\\nEXIT %d\\n' % os.waitstatus_to_exitcode(status))
`;

const onTerminal = 'codexpc chat on a terminal';
(hasPython ? describe : describe.skip)(hasPython ? onTerminal : `${onTerminal} (skipped: no python3)`, () => {
  let home: CliHome;
  beforeAll(() => {
    home = new CliHome();
  });
  afterAll(() => home[Symbol.dispose]());

  const play = (steps: ReadonlyArray<readonly [string, string]>, engine = 'scripted'): Promise<string> =>
    new Promise((resolve) => {
      const args = ['-c', TERMINAL, JSON.stringify(steps), process.execPath, MAIN, 'chat', '-q'];
      const child = spawn('python3', args, { env: { ...home.env({ engine }), TERM: 'xterm' } });
      let seen = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
      child.once('close', () => resolve(seen));
    });

  it('answers turns, obeys its commands and keeps a history', async () => {
    const seen = await play([
      ['> ', 'say first\r'],
      ['first\r\n', ''],
      ['> ', '/nope\r'],
      ['there is no /nope', ''],
      ['> ', '/exit\r'],
    ]);
    expect(seen).toContain('first');
    expect(seen).toContain('EXIT 0');
    const history = home.path('.local', 'state', 'codexpc', 'chat-history');
    expect(existsSync(history) && readFileSync(history, 'utf8')).toContain('say first\n');
  });

  it('stops an answer on Ctrl-C and leaves on the second', async () => {
    const seen = await play(
      [
        ['> ', 'count 100000\r'],
        ['xxx', '\u0003'],
        ['> ', '\u0003'],
      ],
      'slow',
    );
    expect(seen).toContain('EXIT 0');
  });

  it('asks for a second Ctrl-C when nothing is running', async () => {
    const seen = await play([
      ['> ', '\u0003'],
      ['again leaves', ''],
      ['> ', '\u0003'],
    ]);
    expect(seen).toContain('EXIT 0');
  });
});
