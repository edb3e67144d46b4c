// Who may ask the browser host: only the page that it served itself, with this start's secrets.
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PageSecrets } from '#shared/rpc/page-secrets';
import { hostAllowed, originAllowed, sessionAllowed, siteAllowed } from '../../src/main/server/guard.ts';
import { sameSecret, Secrets } from '../../src/main/server/secrets.ts';

const secrets = new Secrets();
const page = secrets.exchange(secrets.newTicket()) as PageSecrets;
const guard = { secrets, port: 4711, allowedHosts: [] as string[] };
const request = (headers: Record<string, string | undefined>) => ({ headers }) as unknown as IncomingMessage;

describe('a request', () => {
  test('is taken under the two names of this machine and its port, and under no other', () => {
    for (const host of ['127.0.0.1:4711', 'localhost:4711']) expect(hostAllowed(request({ host }), guard)).toBe(true);
    const others = ['127.0.0.1', 'localhost', 'localhost:4712', 'localhost:47110', 'evil.example:4711', 'localhost.evil.example:4711'];
    for (const host of [...others, '127.0.0.1:4711.evil.example', '[::1]:4711', '0.0.0.0:4711', '', undefined]) {
      expect(hostAllowed(request({ host }), guard), String(host)).toBe(false);
    }
  });

  test('is taken under a name that a person allows, with any port or with one', () => {
    const tunnelled = { ...guard, allowedHosts: ['localhost', 'gpu.lab:9000'] };
    for (const host of ['localhost:9000', 'localhost:18080', 'localhost', 'gpu.lab:9000'])
      expect(hostAllowed(request({ host }), tunnelled), host).toBe(true);
    for (const host of ['gpu.lab:9001', 'gpu.lab', 'localhost.evil.example:9000', 'evil.example', 'localhost:9000.evil.example'])
      expect(hostAllowed(request({ host }), tunnelled), host).toBe(false);
  });

  test('comes from a page of the very name that it was sent to, or from none', () => {
    const host = '127.0.0.1:4711';
    expect(originAllowed(request({ host }))).toBe(true);
    expect(originAllowed(request({ host, origin: 'http://127.0.0.1:4711' }))).toBe(true);
    const others = ['http://localhost:4711', 'http://127.0.0.1:4712', 'null', 'https://127.0.0.1:4711', 'http://127.0.0.1', 'file://', ''];
    for (const origin of others) expect(originAllowed(request({ host, origin })), origin).toBe(false);
  });

  test('of another port of this machine is another site, as the browser says it', () => {
    for (const site of ['same-site', 'cross-site', 'anything']) expect(siteAllowed(request({ 'sec-fetch-site': site })), site).toBe(false);
    for (const site of ['same-origin', 'none', undefined]) expect(siteAllowed(request({ 'sec-fetch-site': site })), site).toBe(true);
  });

  test('of any other name is refused', () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        const { host, origin } = new URL(url);
        expect(hostAllowed(request({ host }), guard)).toBe(false);
        expect(originAllowed(request({ host: '127.0.0.1:4711', origin }))).toBe(false);
      }),
    );
  });

  test('to open a connection carries the secret of this start as the second of two protocols', () => {
    const allowed = (protocol: string | undefined) => sessionAllowed(request({ 'sec-websocket-protocol': protocol }), guard);
    for (const sent of [`encnet, ${page.session}`, `encnet,${page.session}`]) expect(allowed(sent), sent).toBe(true);
    const wrong = [
      undefined,
      '',
      'encnet',
      page.session,
      `${page.session}, encnet`,
      `encnet, ${page.assets}`,
      `encnet, ${page.session}x`,
      `encnet, ${page.session}, more`,
    ];
    for (const sent of wrong) expect(allowed(sent), String(sent)).toBe(false);
  });
});

describe('a ticket', () => {
  test('is exchanged once, and one that was not used is good no more when there is a newer one', () => {
    const first = secrets.newTicket();
    const second = secrets.newTicket();
    expect(secrets.exchange(first)).toBe(null);
    expect(secrets.exchange(second)).toEqual(page);
    expect(secrets.exchange(second)).toBe(null);
  });

  test('that is anything else is none', () => {
    secrets.newTicket();
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(secrets.exchange(text)).toBe(null);
      }),
    );
    expect(secrets.exchange(page.session)).toBe(null);
  });
});

test('what opens pictures opens no connection, and the other way round', () => {
  expect(secrets.isAssets(page.session)).toBe(false);
  expect(secrets.isSession(page.assets)).toBe(false);
});

test('two secrets are the same only if they are', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(sameSecret(a, b)).toBe(a === b);
      expect(sameSecret(a, a)).toBe(true);
    }),
  );
});
