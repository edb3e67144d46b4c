import { elapsed } from './log.mjs';

const mb = (bytes) => (bytes / 1e6).toFixed(0);

/** One line a file that says how much of it has come: kept up to date in a terminal, at every quarter elsewhere. */
export class Progress {
  /** @param total bytes; null where it is not known before */
  constructor(name, total, stream = process.stderr) {
    this.name = name;
    this.total = total;
    this.stream = stream;
    this.quarter = -1;
    this.update(0);
  }

  update(bytes) {
    const { total, stream } = this;
    const part = total ? Math.min(1, bytes / total) : 0;
    const size = total ? `${mb(bytes)} of ${mb(total)} MB` : `${mb(bytes)} MB`;
    const text = `${elapsed()} ${this.name}: ${size}${total ? ` (${(part * 100).toFixed(0)} %)` : ''}`;
    if (stream.isTTY) return void stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 120) - 1)}`);
    const quarter = Math.floor(part * 4);
    if (quarter === this.quarter) return;
    this.quarter = quarter;
    stream.write(`${text}\n`);
  }

  end() {
    if (this.stream.isTTY) this.stream.write('\n');
  }
}
