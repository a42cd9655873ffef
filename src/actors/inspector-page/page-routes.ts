// The page's files, as the build leaves them. Nothing from elsewhere is loaded, and nothing inline is run.

import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { CodexpcError } from '../../errors.js';
import type { Route } from '../http/http-router.js';
import { refuseToken } from './refuse-token.js';

/** From build/js/src/actors/inspector-page. */
const FOLDER = new URL('../../../../app/page/', import.meta.url);

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/main.js', 'main.js', 'text/javascript; charset=utf-8'],
  ['/layout-worker.js', 'layout-worker.js', 'text/javascript; charset=utf-8'],
  ['/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;

const HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export const createPageRoutes = (token: string): readonly Route[] => [
  ...FILES.map(([path, name, type]): Route => ({
    method: 'GET',
    path,
    handle: async ({ response }) => send(response, await readPageFile(name), type),
  })),
  {
    // Whether the page's token is this daemon's: a refused WebSocket does not tell the page why.
    method: 'GET',
    path: '/access',
    handle: ({ request, response }) => {
      const refused = refuseToken(
        /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '',
        token,
      );
      if (refused !== null) throw refused;
      response.writeHead(204, HEADERS);
      response.end();
    },
  },
];

const readPageFile = async (name: string): Promise<Buffer> => {
  try {
    return await readFile(new URL(name, FOLDER));
  } catch (cause) {
    throw new CodexpcError({
      code: 'io_error',
      message: `The debug page's file ${name} cannot be read. Build codexpc again with 'npm run build'.`,
      cause,
    });
  }
};

const send = (response: ServerResponse, body: Buffer, type: string): void => {
  response.writeHead(200, { ...HEADERS, 'content-type': type, 'content-length': String(body.length) });
  response.end(body);
};
