import type { IncomingMessage } from 'node:http';
import type { Logger } from '../services/log.ts';

/** Addresses that are told for one reason: more would only fill the log. */
const mostAddresses = 20;
const mostReasons = 40;
const longestText = 200;

/** Logs what asked for something that is not its own, each kind once. */
export class OutsideRequests {
  private readonly log: Logger;
  /** The addresses that were told, by reason. */
  private readonly seen = new Map<string, Set<string>>();

  constructor(log: Logger) {
    this.log = log;
  }

  /** @param why in words, which with the address is one kind; a secret that was wrong is never told */
  refuse({ method = '', url = '', headers }: IncomingMessage, why: string): void {
    const address = url.split('?')[0].slice(0, longestText);
    if (!this.seen.has(why) && this.seen.size >= mostReasons) return;
    const told = this.seen.get(why) ?? new Set();
    this.seen.set(why, told);
    if (told.has(address) || told.size >= mostAddresses) return;
    told.add(address);
    const { host, origin } = headers;
    this.log.warn(
      { method, address, host: host?.slice(0, longestText), origin: origin?.slice(0, longestText) },
      `a request was refused: ${why}; more of its kind are not told`,
    );
  }
}
