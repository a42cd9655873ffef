import { resolve } from 'node:path';
import { logitsCommand } from '../logits.js';
import type { DefineCommand } from './invocation.js';

export const defineLogits: DefineCommand = (program, { context }) => {
  const command = logitsCommand({
    // The engine is reached by dynamic import alone, as in in-process.ts.
    computeLogits: async (request) => {
      const [{ computeLogits }, { loadAddon }] = await Promise.all([
        import('../../actors/logits.js'),
        import('../../actors/load-addon.js'),
      ]);
      return computeLogits(loadAddon(), { ...request, checkpoint: resolve(request.checkpoint) });
    },
    write: (text) => void context.stdout.write(text),
  });
  program.addCommand(command.copyInheritedSettings(program).helpGroup('Installation and more:'));
};
