import type { IncomingMessage } from 'node:http';
import { type Secrets } from './secrets.ts';

/** What the browser host checks of every request. */
export interface Guard {
  secrets: Secrets;
  port: number;
  /** More names that the host may be asked under: `name` with any port, or `name:port`. */
  allowedHosts: readonly string[];
}

/** The protocol that a page asks for, beside its secret: a secret alone is never sent back. */
export const socketProtocol = 'encnet';

/** Whether the request was sent to this very address: stops names that were rebound to loopback. */
export function hostAllowed({ headers: { host } }: IncomingMessage, { port, allowedHosts }: Guard): boolean {
  if (host === undefined) return false;
  if (host === `127.0.0.1:${port}` || host === `localhost:${port}`) return true;
  return allowedHosts.includes(host) || allowedHosts.includes(host.replace(/:\d{1,5}$/, ''));
}

/** Whether the request comes from our own page, under the name that it was sent to, or from none. */
export function originAllowed({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || origin === `http://${host ?? ''}`;
}

/** Whether a browser says that our own page asks, or a person's address bar; what is no browser says nothing. */
export function siteAllowed({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}

/** Whether a request to open a connection carries this start's secret, as the second of its protocols. */
export function sessionAllowed({ headers }: IncomingMessage, { secrets }: Guard): boolean {
  const [protocol, secret, ...rest] = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  return protocol === socketProtocol && rest.length === 0 && secret !== undefined && secrets.isSession(secret);
}
