// Who may ask over HTTP. A web page in the user's browser reaches loopback too: by a form, by fetch, or by a name of
// its own that it points at 127.0.0.1 (DNS rebinding). Host and Origin tell such requests from those of programs.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { CodexpcError } from '../../errors.js';
import { refusal } from './api-error.js';
import { isLoopbackName } from './loopback.js';

export interface AccessPolicy {
  /** Null: whoever of this user reaches the port may ask. */
  readonly token: string | null;
  /** The listener can be reached from loopback only, so requests have to name it by a loopback name. */
  readonly loopbackOnly: boolean;
}

export interface AccessRequest {
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  readonly authorization: string | undefined;
  /** The connection is known to be another user's of this machine. */
  readonly isForeign: () => boolean;
}

/** Says no more than that the daemon runs: monitors need no token. */
const OPEN_PATHS: readonly string[] = ['/health'];

/** Why a request is refused; null when it may go on. */
export const refuseAccess = (policy: AccessPolicy, request: AccessRequest): CodexpcError | null => {
  const { host, origin, secFetchSite } = request;
  if (policy.loopbackOnly && !isLoopbackName(hostNameOf(host ?? ''))) {
    return refusal({
      status: 403,
      code: 'access_denied',
      message: `The Host header ${JSON.stringify((host ?? '').slice(0, 100))} does not name this machine. Use http://127.0.0.1 or http://localhost with the daemon's port.`,
    });
  }
  if ((origin !== undefined && !isLoopbackOrigin(origin)) || secFetchSite === 'cross-site') {
    return refusal({
      status: 403,
      code: 'access_denied',
      message: 'Web pages of other sites may not use this daemon. Send the request from a program.',
    });
  }
  if (OPEN_PATHS.includes(request.path)) return null;
  if (policy.token === null && policy.loopbackOnly && request.isForeign()) {
    return refusal({
      status: 403,
      code: 'access_denied',
      message:
        'This daemon serves another user of this machine. Its user lets others in by a token (setting http.token).',
    });
  }
  if (policy.token !== null) {
    const given = /^Bearer +(.+)$/i.exec(request.authorization ?? '')?.[1] ?? '';
    if (!isSameSecret(given, policy.token)) {
      return refusal({
        status: 401,
        code: 'access_denied',
        message:
          'This daemon asks for a token. Send it as "Authorization: Bearer TOKEN" (setting http.token).',
        apiCode: 'invalid_api_key',
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
  }
  return null;
};

/** `[::1]:80` → `::1`; in lower case, without the dot that ends a full name. */
const hostNameOf = (host: string): string => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]@/\\\s]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '');
};

const isLoopbackOrigin = (origin: string): boolean => {
  const match = /^https?:\/\/([^/?#]+)$/.exec(origin);
  return match?.[1] !== undefined && isLoopbackName(hostNameOf(match[1]));
};

/** In a time that tells nothing of where the two differ, nor of their lengths. */
export const isSameSecret = (left: string, right: string): boolean =>
  timingSafeEqual(digest(left), digest(right));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
