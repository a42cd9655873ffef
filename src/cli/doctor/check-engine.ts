// Addon, CPU, model and memory, by one look from a child process.

import { execFile } from 'node:child_process';
import { freemem } from 'node:os';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promptBatchTokens } from '../../config/prompt-batch-tokens.js';
import type { Config } from '../../config/settings.js';
import { formatBytes, plural } from '../format.js';
import { pocketModel } from '../program-path.js';
import { failed, type Finding, note, ok } from './check.js';
import type { ProbeQuestion, ProbeReport } from './probe-report.js';

const TIMEOUT_MS = 60_000;

export const checkEngine = async (config: Config): Promise<Finding[]> => {
  const checkpoint = config['engine.checkpoint'] ?? pocketModel();
  const result = await runProbe({
    checkpoint,
    isa: config['engine.isa'] === 'auto' ? '' : config['engine.isa'],
    threads: config['engine.threads'],
    denseWeights: config['weights.dense'],
    context: {
      numSlots: config['engine.slots'],
      contextLength: config['engine.context_length'],
      maxBatchTokens: config['engine.max_batch_tokens'],
      kvType: config['engine.kv_type'],
      maxPromptBatchTokens: promptBatchTokens(config),
      maxDraftTokens: config['engine.draft_tokens'],
      precision: config['engine.precision'],
    },
  });
  if (typeof result === 'string') {
    return [
      failed(
        'addon',
        `the native engine does not load: ${result}`,
        'Build it: npm run build, in the folder of codexpc.',
      ),
    ];
  }
  const { tables, model } = result;
  const supported = tables.filter((table) => table.supported).map(({ name }) => name);
  const findings = [ok('addon', 'the native engine loads'), checkIsa(config['engine.isa'], supported)];
  if ('error' in model) {
    findings.push(
      failed(
        'model',
        model.error,
        'Set engine.checkpoint to a gpt-oss checkpoint, or unset it to use the pocket model.',
      ),
    );
    return findings;
  }
  findings.push(ok('model', `${checkpoint} (${model.format})`));
  findings.push(checkMemory(model.neededBytes, config['engine.memory_budget'], model));
  return findings;
};

const checkIsa = (isa: Config['engine.isa'], supported: readonly string[]): Finding => {
  if (supported.length === 0)
    return failed('cpu', 'no kernels fit this CPU', 'Please report this with the CPU’s name.');
  if (isa !== 'auto' && !supported.includes(isa)) {
    return failed(
      'cpu',
      `engine.isa is ${isa}, and this CPU has ${supported.join(', ')}`,
      'Set engine.isa to "auto".',
    );
  }
  return supported.every((name) => name === 'scalar')
    ? note('cpu', 'only the scalar kernels fit this CPU; answers will be slow')
    : ok('cpu', `kernels for ${supported.join(', ')}`);
};

const checkMemory = (
  neededBytes: number,
  budgetBytes: number | null,
  { kernels, numThreads }: { readonly kernels: string; readonly numThreads: number },
): Finding => {
  const available = Math.min(availableBytes(), budgetBytes ?? Infinity);
  const figures = `${formatBytes(neededBytes)} needed (${kernels}, ${plural(numThreads, 'thread')}), ${formatBytes(available)} available`;
  return neededBytes > available
    ? failed(
        'memory',
        figures,
        'Use a smaller model, fewer engine.slots or a smaller engine.context_length; or close other programs.',
      )
    : ok('memory', figures);
};

/** On Linux what could be had without swapping, which is more than what is unused. */
const availableBytes = (): number => {
  try {
    const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return match === null ? freemem() : Number(match[1]) * 1024;
  } catch {
    return freemem(); // not Linux
  }
};

/** The report, or a sentence about how the probe ended. */
const runProbe = (question: ProbeQuestion): Promise<ProbeReport | string> =>
  new Promise((resolve) => {
    const probe = fileURLToPath(new URL('probe.js', import.meta.url));
    const args = [probe, JSON.stringify(question)];
    execFile(process.execPath, args, { timeout: TIMEOUT_MS, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as ProbeReport);
      else if (error.signal !== undefined && error.signal !== null) resolve(`it ended by ${error.signal}`);
      else resolve(reason(stderr) ?? `exit code ${error.code}`);
    });
  });

/** The sentence of an uncaught error, without its stack. */
const reason = (stderr: string): string | undefined =>
  /^(?:\w*Error)(?: \[\w+\])?: (.+)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1);
