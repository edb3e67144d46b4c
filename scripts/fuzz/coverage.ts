import { Session } from 'node:inspector/promises';

interface Range {
  startOffset: number;
  endOffset: number;
  count: number;
}

/** Which blocks of some files have run, as V8 counts them. Whoever starts it closes it. */
export class Coverage {
  private readonly session = new Session();
  private readonly covers: readonly string[];
  /** Whether each block that is known has run. */
  private readonly blocks = new Map<string, boolean>();

  constructor(covers: readonly string[]) {
    this.covers = covers;
  }

  async start(): Promise<void> {
    this.session.connect();
    await this.session.post('Profiler.enable');
    await this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** @returns whether blocks ran since the last call that never had before */
  async advanced(): Promise<boolean> {
    const { result } = await this.session.post('Profiler.takePreciseCoverage');
    let advanced = false;
    for (const { url, functions } of result) {
      if (!this.covers.some((part) => url.includes(part))) continue;
      for (const { ranges } of functions as { ranges: Range[] }[]) {
        for (const { startOffset, endOffset, count } of ranges) {
          const key = `${url}:${startOffset}:${endOffset}`;
          if (count > 0 && this.blocks.get(key) !== true) advanced = true;
          this.blocks.set(key, count > 0 || this.blocks.get(key) === true);
        }
      }
    }
    return advanced;
  }

  get seen(): { run: number; known: number } {
    return { run: [...this.blocks.values()].filter(Boolean).length, known: this.blocks.size };
  }

  close(): void {
    this.session.disconnect();
  }
}
