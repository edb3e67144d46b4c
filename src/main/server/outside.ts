import type { IncomingMessage } from 'node:http';
import type { Logger } from '../services/log.ts';

/** Kinds of requests that are remembered: more would only fill the log. */
const mostKinds = 200;
const longestText = 200;

/** Logs what asked for something that is not its own, each kind once. */
export class OutsideRequests {
  private readonly log: Logger;
  private readonly seen = new Set<string>();

  constructor(log: Logger) {
    this.log = log;
  }

  /** @param why in words, which with the address is one kind; a secret that was wrong is never told */
  refuse({ method = '', url = '', headers }: IncomingMessage, why: string): void {
    const address = url.split('?')[0].slice(0, longestText);
    const kind = `${why} ${address}`;
    if (this.seen.has(kind) || this.seen.size >= mostKinds) return;
    this.seen.add(kind);
    const { host, origin } = headers;
    this.log.warn(
      { method, address, host: host?.slice(0, longestText), origin: origin?.slice(0, longestText) },
      `a request was refused: ${why}; more of its kind are not told`,
    );
  }
}
