import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PageSecrets } from '#shared/rpc/page-secrets';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares secrets in constant time. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

const newSecret = (): string => randomBytes(24).toString('base64url');

/** The secrets of one start. An address that a person opens carries a ticket, which is good once. */
export class Secrets {
  private readonly page: PageSecrets = { session: newSecret(), assets: newSecret() };
  private ticket: string | null = null;

  /** A ticket for the next page; the one before, if it was not used, is good no more. */
  newTicket(): string {
    this.ticket = newSecret();
    return this.ticket;
  }

  /** @returns null for a ticket that was used, or is none */
  exchange(ticket: string): PageSecrets | null {
    if (this.ticket === null || !sameSecret(ticket, this.ticket)) return null;
    this.ticket = null;
    return this.page;
  }

  isSession(secret: string): boolean {
    return sameSecret(secret, this.page.session);
  }

  isAssets(secret: string): boolean {
    return sameSecret(secret, this.page.assets);
  }
}
