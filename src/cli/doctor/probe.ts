// Runs in a child process of its own (see check-engine.ts): loads the addon and opens the model, and says what it saw.
// A broken addon can bring a process down, and then it is not the doctor's.

import type { ProbeQuestion, ProbeReport } from './probe-report.js';

const question = JSON.parse(process.argv[2] ?? '{}') as ProbeQuestion;
void probe(question).then((report) => process.stdout.write(JSON.stringify(report)));

async function probe({
  checkpoint,
  isa,
  threads,
  denseWeights,
  context,
}: ProbeQuestion): Promise<ProbeReport> {
  const { loadAddon } = await import('../../actors/load-addon.js');
  const { checkAddon } = await import('../../actors/check-addon.js');
  const addon = checkAddon(loadAddon());
  const tables = addon.kernelTables();
  try {
    const engine = addon.openEngine({
      path: checkpoint,
      isa,
      numThreads: threads ?? 0,
      backend: 'cpu',
      denseWeights,
    });
    const { weightsBytes, kvBytes, scratchBytes } = engine.predict(context);
    const { format, kernels, numThreads } = engine;
    engine.close();
    return {
      tables,
      model: { format, kernels, numThreads, neededBytes: weightsBytes + kvBytes + scratchBytes },
    };
  } catch (error) {
    return { tables, model: { error: error instanceof Error ? error.message : String(error) } };
  }
}
