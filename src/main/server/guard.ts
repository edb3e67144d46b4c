import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What the browser host checks of every request. */
export interface Guard {
  token: string;
  port: number;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares secrets in constant time. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** Cookies ignore ports, so the port is in the name: two workbenches on one machine do not disturb each other. */
export const cookieName = (port: number): string => `encnet-${port}`;

function cookieOf(request: IncomingMessage, port: number): string | null {
  const prefix = `${cookieName(port)}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(prefix));
  return found ? found.slice(prefix.length) : null;
}

/** Whether the request was sent to this very address: stops names that were rebound to loopback. */
export function hostAllowed(request: IncomingMessage, { port }: Guard): boolean {
  return request.headers.host === `127.0.0.1:${port}` || request.headers.host === `localhost:${port}`;
}

/** Whether the request comes from our own page or from none. */
export function originAllowed(request: IncomingMessage, { port }: Guard): boolean {
  const { origin } = request.headers;
  return origin === undefined || origin === `http://127.0.0.1:${port}` || origin === `http://localhost:${port}`;
}

/** Whether the request carries this start's token as its cookie. */
export function cookieAllowed(request: IncomingMessage, { token, port }: Guard): boolean {
  const cookie = cookieOf(request, port);
  return cookie !== null && sameSecret(cookie, token);
}
