// `codexpc health`: one line and an exit code, for people and for scripts.

import { CodexpcError } from '../errors.js';
import { type ConfigFlags, loadCliConfig } from './cli-config.js';
import type { CliContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { openDaemon } from './open-session.js';

export const health = async (
  context: CliContext,
  flags: ConfigFlags & { readonly json: boolean },
): Promise<number> => {
  const config = loadCliConfig(context, flags);
  try {
    const client = await openDaemon(config);
    const answer = await client.health();
    client.close();
    if (flags.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
    else
      context.stdout.write(
        answer.ok ? 'health: ok\n' : `health: ${answer.state}: ${answer.reason ?? 'not ready'}\n`,
      );
    return answer.ok ? EXIT.ok : EXIT.unhealthy;
  } catch (error) {
    if (!(error instanceof CodexpcError)) throw error;
    if (flags.json)
      context.stdout.write(`${JSON.stringify({ ok: false, code: error.code, reason: error.message })}\n`);
    else context.stdout.write(`health: unreachable: ${error.message}\n`);
    return EXIT.unhealthy;
  }
};
