import type { CodexpcError } from '../../errors.js';
import { isSameSecret } from '../../ipc/http/access.js';
import { refusal } from '../../ipc/http/api-error.js';

/** Every start of the daemon has a token of its own. */
export const refuseToken = (given: string, token: string): CodexpcError | null =>
  isSameSecret(given, token)
    ? null
    : refusal({
        status: 401,
        code: 'access_denied',
        message:
          'The debug page has no token, or that of an earlier start. Open the address that the daemon printed when it started.',
      });
