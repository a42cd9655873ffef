import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AccessRequest, isSameSecret, refuseAccess } from '../../../src/ipc/http/access.js';

const request: AccessRequest = {
  path: '/v1/responses',
  host: '127.0.0.1:20120',
  origin: undefined,
  secFetchSite: undefined,
  authorization: undefined,
  isForeign: () => false,
};
const open = { token: null, loopbackOnly: true };
const statusOf = (change: Partial<AccessRequest>, policy = open as Parameters<typeof refuseAccess>[0]) =>
  refuseAccess(policy, { ...request, ...change })?.details['status'] ?? 'let in';

describe('the Host header', () => {
  test.each([
    '127.0.0.1:20120',
    '127.0.0.1',
    'localhost:1',
    'LOCALHOST',
    'localhost.',
    '[::1]:20120',
    '127.9.8.7',
  ])('%s names this machine', (host) => expect(statusOf({ host })).toBe('let in'));
  test.each([
    'evil.example',
    'evil.example:20120',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil.localhost.example',
    'evil@localhost',
    'localhost/evil',
    '0.0.0.0',
    '[::2]:1',
    '192.168.0.1',
    'localhost:evil',
    '',
    undefined,
  ])('%s does not', (host) => expect(statusOf({ host })).toBe(403));
  test('is not looked at where other machines are let in', () =>
    expect(
      statusOf(
        { host: 'box.local', authorization: 'Bearer secret' },
        { token: 'secret', loopbackOnly: false },
      ),
    ).toBe('let in'));
});

describe('a web page', () => {
  test.each(['http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:8443'])('of %s may ask', (origin) =>
    expect(statusOf({ origin })).toBe('let in'),
  );
  test.each([
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'file://',
    'http://localhost@evil.example',
  ])('of %s may not', (origin) => expect(statusOf({ origin })).toBe(403));
  test('of another site may not, even where the browser leaves the origin out', () =>
    expect(statusOf({ secFetchSite: 'cross-site' })).toBe(403));
});

describe('another user of this machine', () => {
  const isForeign = (): boolean => true;
  test('may not ask where no token is', () => expect(statusOf({ isForeign })).toBe(403));
  test('may ask with the token, and whether the daemon runs', () => {
    const policy = { token: 'secret', loopbackOnly: true };
    expect(statusOf({ isForeign, authorization: 'Bearer secret' }, policy)).toBe('let in');
    expect(statusOf({ isForeign, path: '/health' })).toBe('let in');
  });
});

describe('the token', () => {
  const policy = { token: 'secret', loopbackOnly: true };
  test.each([
    ['Bearer secret', 'let in'],
    ['bearer   secret', 'let in'],
    ['Bearer secre', 401],
    ['Bearer secret2', 401],
    ['Bearer ', 401],
    ['Basic c2VjcmV0', 401],
    [undefined, 401],
  ])('%s → %s', (authorization, expected) => expect(statusOf({ authorization }, policy)).toBe(expected));
  test('is the same as itself alone, whatever the lengths', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (left, right) => {
        expect(isSameSecret(left, left)).toBe(true);
        expect(isSameSecret(left, `${left}x`)).toBe(false);
        expect(isSameSecret(left, right)).toBe(left === right);
      }),
    ));
  test('is not asked for by /health', () => expect(statusOf({ path: '/health' }, policy)).toBe('let in'));
});
