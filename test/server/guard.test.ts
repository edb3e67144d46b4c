// Who may ask the browser host: only the page that it served itself, with this start's token.
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cookieAllowed, cookieName, hostAllowed, originAllowed, sameSecret } from '../../src/main/server/guard.ts';

const guard = { token: 'a'.repeat(43), port: 4711 };
const request = (headers: Record<string, string | undefined>) => ({ headers }) as unknown as IncomingMessage;

describe('a request', () => {
  test('is taken under the two names of this machine and its port, and under no other', () => {
    for (const host of ['127.0.0.1:4711', 'localhost:4711']) expect(hostAllowed(request({ host }), guard)).toBe(true);
    const others = ['127.0.0.1', 'localhost', 'localhost:4712', 'localhost:47110', 'evil.example:4711', 'localhost.evil.example:4711'];
    for (const host of [...others, '127.0.0.1:4711.evil.example', '[::1]:4711', '0.0.0.0:4711', '', undefined]) {
      expect(hostAllowed(request({ host }), guard), String(host)).toBe(false);
    }
  });

  test('comes from our own page or from none', () => {
    expect(originAllowed(request({}), guard)).toBe(true);
    for (const origin of ['http://127.0.0.1:4711', 'http://localhost:4711']) expect(originAllowed(request({ origin }), guard)).toBe(true);
    for (const origin of ['null', 'https://localhost:4711', 'http://localhost', 'http://localhost:4711.evil.example', 'file://', '']) {
      expect(originAllowed(request({ origin }), guard), origin).toBe(false);
    }
  });

  test('of any other name is refused', () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        const { host, origin } = new URL(url);
        expect(hostAllowed(request({ host }), guard)).toBe(false);
        expect(originAllowed(request({ origin }), guard)).toBe(false);
      }),
    );
  });

  test('carries the token of this start and this port among whatever cookies there are', () => {
    const cookie = `${cookieName(4711)}=${guard.token}`;
    for (const sent of [cookie, `a=b; ${cookie}`, `${cookie}; c=d`, `  ${cookie}  `]) {
      expect(cookieAllowed(request({ cookie: sent }), guard), sent).toBe(true);
    }
    const wrong = [
      undefined,
      '',
      guard.token,
      `${cookieName(4712)}=${guard.token}`,
      `x${cookie}`,
      `${cookieName(4711)}=`,
      `${cookie}x`,
      cookie.slice(0, -1),
      `${cookieName(4711).toUpperCase()}=${guard.token}`,
    ];
    for (const sent of wrong) expect(cookieAllowed(request({ cookie: sent }), guard), String(sent)).toBe(false);
  });
});

test('two secrets are the same only if they are', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(sameSecret(a, b)).toBe(a === b);
      expect(sameSecret(a, a)).toBe(true);
    }),
  );
});
