// Runs one long command of the build: a progress line at its start and end, its output only when it fails.
import { spawn } from 'node:child_process';
import { BuildFailure } from './failure.mjs';

const KEPT_OUTPUT_CHARS = 64 * 1024;
const SHOWN_LINES = 60;

/**
 * @param {{ title: string, command: string, args: string[], cwd: string, failure: string, next?: string,
 *   quiet?: boolean }} step
 */
export async function runStep({ title, command, args, cwd, failure, next = '', quiet = false }) {
  const started = Date.now();
  if (!quiet) process.stderr.write(`codexpc: ${title} …\n`);
  const { code, output } = await collect(command, args, cwd);
  if (code !== 0) throw new BuildFailure(failure, { next, output: lastLines(output) });
  if (!quiet) process.stderr.write(`codexpc: ${title}: done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return output;
}

function collect(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT_CHARS);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    // Ctrl-C reaches the child too (same terminal); a plain kill of this process must as well.
    const stop = () => child.kill('SIGTERM');
    process.once('SIGTERM', stop);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGTERM', stop);
      resolve({ code: signal ? 1 : code, output });
    });
  });
}

const lastLines = (text) => text.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
