// Data sets and weight files that were made to harm, against the host and the command line in processes of their own.
import { createHash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PageSecrets } from '../../src/shared/rpc/page-secrets.ts';
import { box } from '../../test/helpers/box-patch.ts';
import { root } from '../../test/helpers/workbench.ts';
import { writeScene } from '../sample/write-scene.ts';
import { canTrace, touched, traceArguments, writtenOutside } from './file-trace.ts';
import { HostClient, pageSecrets } from './host-client.ts';
import { pictureFiles, png, pngChunk, pngFiles, pngHeader, specialFiles, type Plants } from './hostile-files.ts';
import { checkpoints, hostileSets } from './hostile-sets.ts';
import { memoryOf } from './memory-of.ts';

export interface HostileReport {
  /** Files, rows, links and special files. */
  cases: number;
  deaths: number;
  /** Calls that took longer than five seconds. */
  hangs: string[];
  /** Answers that a person could do nothing with. */
  internal: string[];
  /** What was read or written outside, as the system's tracer tells; null where there is none. */
  outside: string[] | null;
  canariesChanged: number;
  peakMb: { host: number; commandLine: number };
  /** What a person reads, by case. */
  sentences: Record<string, string>;
}

const longestMs = 5000;
const size = { width: 64, height: 48 };

interface ImageEntry {
  id: string;
  surveyed: boolean;
  problems: { text: string }[];
}

/** Everything of one run of the soak. */
class HostileRun {
  readonly report: HostileReport;
  private readonly base = mkdtempSync(path.join(os.tmpdir(), 'eh-'));
  private readonly outside = path.join(this.base, 'outside');
  private readonly trace = canTrace() ? path.join(this.base, 'trace') : null;
  private host: ChildProcess | null = null;
  private client: HostClient | null = null;
  private secrets: PageSecrets | null = null;
  private origin = '';
  private tracked: NodeJS.Timeout | null = null;

  constructor() {
    this.report = {
      cases: 0,
      deaths: 0,
      hangs: [],
      internal: [],
      outside: this.trace ? [] : null,
      canariesChanged: 0,
      peakMb: { host: 0, commandLine: 0 },
      sentences: {},
    };
  }

  private folder(name: string): string {
    return path.join(this.base, name);
  }

  async prepare(): Promise<void> {
    for (const [split, count] of [
      ['train', 2],
      ['val', 1],
    ] as const) {
      for (let n = 0; n < count; n++) {
        const [image, mask] = [split, `${split}annot`].map((name) => path.join(this.folder('sound'), name, `${split}-${n}.png`));
        await writeScene({ image, mask }, { seed: 700 + n, ...size });
      }
    }
    mkdirSync(this.outside);
    const picture = png(pngHeader(), pngChunk('IDAT', readFileSync(path.join(this.folder('sound'), 'train/train-0.png'))));
    for (const name of ['secret.png', 'best.ckpt', 'last.ckpt', 'strip.json', 'thesis.txt'])
      writeFileSync(path.join(this.outside, name), picture);
    // Under one more name in a data set: the plant writes the same again.
    writeFileSync(path.join(this.outside, 'diary.txt'), 'dear diary');
  }

  /** What the canaries are now. */
  canaries(): string {
    const hash = createHash('sha256');
    for (const name of readdirSync(this.outside, { recursive: true }).sort()) {
      hash.update(`${String(name)} ${readFileSync(path.join(this.outside, String(name))).toString('base64')}\n`);
    }
    return hash.digest('hex');
  }

  async startHost(): Promise<void> {
    const args = [path.join(root, 'out/main/serve.js'), '--data', this.folder('sound')];
    const program = this.trace ? 'strace' : process.execPath;
    const tracing = this.trace ? [...traceArguments(this.trace), process.execPath] : [];
    const env = { ...process.env, ENCNET_USER_DATA: this.folder('user'), NODE_OPTIONS: '' };
    this.host = spawn(program, [...tracing, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.host.on('exit', () => this.report.deaths++);
    const url = await new Promise<string>((resolve, reject) => {
      this.host!.stdout!.setEncoding('utf8').on('data', (text: string) => {
        const match = /READY (\S+)/.exec(text);
        if (match) resolve(match[1]);
      });
      this.host!.once('exit', () => reject(new Error('the host did not start')));
    });
    this.origin = new URL(url).origin;
    this.secrets = await pageSecrets(url);
    this.client = await HostClient.enter(url, this.secrets);
    this.tracked = setInterval(() => this.look(), 200);
  }

  private look(): void {
    if (!this.host?.pid) return;
    const { peakMb } = this.report;
    for (const { name, peakMb: of } of memoryOf(this.host.pid)) if (name !== 'strace') peakMb.host = Math.max(peakMb.host, of);
  }

  async stopHost(): Promise<void> {
    this.look();
    if (this.tracked) clearInterval(this.tracked);
    this.client?.close();
    this.host?.removeAllListeners('exit');
    // The tracer hands the signal on to nobody: the traced process is asked itself.
    const target = this.host?.pid ? (memoryOf(this.host.pid).find(({ name }) => name !== 'strace')?.pid ?? this.host.pid) : null;
    const ended = new Promise((resolve) => this.host?.once('exit', resolve));
    if (target) process.kill(target, 'SIGTERM');
    await Promise.race([ended, pause(10_000)]);
    this.host?.kill('SIGKILL');
  }

  /** One thing that is asked, timed. @returns its value; what was refused becomes a sentence */
  private async ask<T>(what: string, work: () => Promise<T>, sentences: string[]): Promise<T | null> {
    const begin = performance.now();
    const late = Symbol('late');
    try {
      const value = await Promise.race([work(), pause(4 * longestMs).then(() => late)]);
      if (value === late) throw Object.assign(new Error(`no answer: ${what}`), { code: 'hang' });
      return value as T;
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      if (code === 'internal' || code === 'hang') this.report.internal.push(`${what}: ${message}`);
      sentences.push(message);
      return null;
    } finally {
      if (performance.now() - begin > longestMs) this.report.hangs.push(`${what}: ${Math.round(performance.now() - begin)} ms`);
    }
  }

  /** Looks at everything of a data set as a person would, and does what a person can. */
  async probe(name: string, folder: string): Promise<string[]> {
    const sentences: string[] = [];
    const client = this.client!;
    const call = <T>(method: string, input?: unknown) => this.ask<T>(`${name}: ${method}`, () => client.call<T>(method, input), sentences);
    const info = await call<{ id: string; problems: string[] }>('datasets.open', { path: folder });
    if (!info) return sentences;
    sentences.push(...info.problems);
    const images = await this.surveyed(name, sentences);
    for (const { id, problems } of images) {
      sentences.push(...problems.map(({ text }) => text));
      await this.lookAtPictures(`${name}: ${id}`, info.id, id, sentences);
      const opened = await call<{ notes: string[] }>('edits.open', { imageId: id, window: 'soak' });
      if (!opened) continue;
      sentences.push(...opened.notes);
      await call('edits.stroke', { imageId: id, stroke: `soak:${id}`, label: 'Brush', patch: box(1, 1, 3, 3, 2) });
      await call('edits.save', { imageId: id });
    }
    await this.lookAtRuns(name, info.id, call, sentences);
    for (const method of ['runs.diskUse', 'edits.keptMasks', 'training.queue', 'runs.purgeDeleted', 'edits.unsaved', 'edits.freeMasks'])
      await call(method);
    return sentences;
  }

  private async surveyed(name: string, sentences: string[]): Promise<ImageEntry[]> {
    for (const end = performance.now() + 60_000; ;) {
      const images =
        (await this.ask(`${name}: datasets.images`, () => this.client!.call<ImageEntry[]>('datasets.images'), sentences)) ?? [];
      if (images.every((image) => image.surveyed)) return images;
      if (performance.now() > end) {
        this.report.hangs.push(`${name}: the survey`);
        return images;
      }
      await pause(50);
    }
  }

  private async lookAtPictures(what: string, dataset: string, id: string, sentences: string[]): Promise<void> {
    for (const kind of ['thumb', 'image', 'mask']) {
      const at = `${dataset}/${kind}/${id.split('/').map(encodeURIComponent).join('/')}`;
      const address = `${this.origin}/asset/${at}?size=128&key=${this.secrets!.assets}`;
      await this.ask(`${what}: ${kind}`, async () => this.served(await fetch(address)), sentences);
    }
  }

  private async served(answer: Response): Promise<void> {
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (bytes.includes('root:x:0:0')) this.report.outside?.push('a password file was served');
    if (!answer.ok) throw Object.assign(new Error(bytes.toString('utf8')), { code: answer.status >= 500 ? 'internal' : 'refused' });
  }

  private async lookAtRuns(
    name: string,
    dataset: string,
    call: <T>(method: string, input?: unknown) => Promise<T | null>,
    sentences: string[],
  ): Promise<void> {
    const runs = (await call<{ id: string; broken: string | null; resumable: boolean }[]>('runs.list', { withDeleted: true })) ?? [];
    for (const { id, broken, resumable } of runs) {
      if (broken) sentences.push(broken);
      await call('runs.get', { runId: id });
      await call('training.log', { runId: id });
      const strip = `${this.origin}/asset/${dataset}/strip/${encodeURIComponent(id)}/0.png?key=${this.secrets!.assets}`;
      await this.ask(`${name}: a strip`, async () => this.served(await fetch(strip)), sentences);
      for (const format of ['csv', 'json', 'xlsx']) {
        const file = `${this.origin}/asset/${dataset}/run/${encodeURIComponent(id)}.${format}?key=${this.secrets!.assets}`;
        await this.ask(`${name}: a run as ${format}`, async () => this.served(await fetch(file)), sentences);
      }
      if (resumable && (await call('training.resumeRun', { runId: id }))) await call('training.stop');
      if (!broken) await call('review.predict', { runId: id, split: 'val' });
      await call('review.cancel');
    }
    await call('review.kept', { imageId: 'train/train-0' });
    const found = await call<{ predictions: { id: string }[]; broken: { id: string }[] }>('review.predictions');
    for (const { id } of found?.predictions ?? []) {
      await call('review.result', { predictionId: id });
      await call('review.masks', { predictionId: id, imageId: 'val/val-0' });
    }
    for (const { id } of found?.broken ?? []) {
      sentences.push('A prediction is damaged in the history.');
      await call('review.removeBroken', { id });
    }
    const queue = await call<{ broken: { id: string; reason: string }[] }>('training.queue');
    for (const { id, reason } of queue?.broken ?? []) {
      sentences.push(reason);
      await call('training.removeQueued', { id });
    }
    for (const { id, broken } of runs) if (broken) await call('runs.delete', { runId: id });
    await this.idle(call);
  }

  /** A run that was resumed, or a prediction, ends before the next data set. */
  private async idle(call: <T>(method: string) => Promise<T | null>): Promise<void> {
    for (const end = performance.now() + 30_000; performance.now() < end; await pause(100)) {
      const [training, predicting] = [await call<{ active: boolean }>('training.status'), await call<{ state: string }>('review.progress')];
      if (!training?.active && predicting?.state !== 'running') return;
    }
  }

  private copy(name: string): string {
    const folder = this.folder(
      `sets/${name.replace(/[^\w]+/g, '-').slice(0, 60)}-${createHash('sha256').update(name).digest('hex').slice(0, 6)}`,
    );
    cpSync(this.folder('sound'), folder, { recursive: true });
    rmSync(path.join(folder, '.encnet'), { recursive: true, force: true });
    return folder;
  }

  private note(name: string, sentences: readonly string[]): void {
    this.report.cases++;
    this.report.sentences[name] = (
      sentences.find((text) => !/has no (mask|checkpoint)|waits|no run|strip\/0\.png does not exist/i.test(text)) ?? ''
    )
      .replaceAll(this.base, '…')
      .slice(0, 400);
  }

  /** Many hostile pictures in one data set: none of them may hide another. */
  async pictures(what: 'masks' | 'images', plants: Plants): Promise<void> {
    const folder = this.copy(what);
    const of = new Map<string, string>();
    for (const [index, [name, plant]] of Object.entries(plants).entries()) {
      const id = `p${String(index).padStart(3, '0')}`;
      const [image, mask] = ['train', 'trainannot'].map((at) => path.join(folder, at, `${id}.png`));
      cpSync(
        path.join(this.folder('sound'), what === 'masks' ? 'train/train-0.png' : 'trainannot/train-0.png'),
        what === 'masks' ? image : mask,
      );
      await plant(what === 'masks' ? mask : image, this.outside);
      of.set(id, `${what}: ${name}`);
    }
    const sentences = await this.probe(what, folder);
    for (const [id, name] of of)
      this.note(
        name,
        sentences.filter((text) => text.includes(`${id}.png`)),
      );
    rmSync(folder, { recursive: true, force: true });
  }

  async sets(onCase: (name: string) => void): Promise<void> {
    for (const [name, spoil] of Object.entries(hostileSets)) {
      onCase(name);
      const folder = this.copy(name);
      await spoil(folder, this.outside);
      this.note(name, await this.probe(name, folder));
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A command line, with the most memory that it and its trainer have had. */
  private async commandLine(what: string, args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [path.join(root, 'out/main/cli.js'), ...args], {
      cwd: this.base,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const looking = setInterval(() => {
      for (const { peakMb } of memoryOf(child.pid!)) this.report.peakMb.commandLine = Math.max(this.report.peakMb.commandLine, peakMb);
    }, 50);
    const limit = setTimeout(() => {
      this.report.hangs.push(what);
      child.kill('SIGKILL');
    }, 30_000);
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.on('close', (...end) => resolve(end)));
    clearInterval(looking);
    clearTimeout(limit);
    if (code === null) this.report.deaths++;
    const sentence = said.split('\n').find((line) => line.startsWith('error: ')) ?? '';
    if (/Error:|Trap|core dumped/.test(said) || signal) this.report.internal.push(`${what}: ${said.slice(-300)}`);
    return sentence;
  }

  async weights(onCase: (name: string) => void): Promise<void> {
    const folder = this.folder('weights');
    mkdirSync(folder);
    const sound = this.folder('sound');
    for (const [name, plant] of Object.entries(checkpoints)) {
      onCase(`checkpoint: ${name}`);
      const file = path.join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 8)}.ckpt`);
      await plant(file, this.outside);
      this.note(`checkpoint: ${name}`, [
        await this.commandLine(name, ['evaluate', '--checkpoint', file, '--data', sound, '--split', 'val']),
      ]);
      rmSync(file, { force: true });
    }
    const golden = path.join(root, 'test/golden/weights');
    for (const name of readdirSync(golden).filter((each) => /(pth|safetensors)$/.test(each))) {
      onCase(`weights: ${name}`);
      const args = ['train', '--data', sound, '--preset', 'tiny', '--epochs', '1', '--batch', '1', '--size', '48x64'];
      const out = path.join(folder, `out-${name}`);
      this.note(`weights: ${name}`, [await this.commandLine(name, [...args, '--out', out, '--weights', path.join(golden, name)])]);
    }
  }

  finish(before: string): void {
    this.report.canariesChanged = this.canaries() === before ? 0 : 1;
    if (!this.trace) return;
    const allowed = [this.folder('sets'), this.folder('user'), this.folder('sound'), '/dev', '/proc', os.tmpdir() + '/node-compile-cache'];
    this.report.outside!.push(...touched(this.trace, [this.outside, '/etc/passwd', '/dev/zero']), ...writtenOutside(this.trace, allowed));
    this.report.outside = [...new Set(this.report.outside)].slice(0, 50);
  }

  clear(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** @param onCase told of each case as it begins */
export async function hostileSoak(onCase: (name: string) => void): Promise<HostileReport> {
  const run = new HostileRun();
  try {
    await run.prepare();
    const before = run.canaries();
    await run.startHost();
    try {
      onCase('masks');
      await run.pictures('masks', { ...pngFiles, ...specialFiles });
      onCase('images');
      await run.pictures('images', { ...pngFiles, ...pictureFiles, ...specialFiles });
      await run.sets(onCase);
    } finally {
      await run.stopHost();
    }
    await run.weights(onCase);
    run.finish(before);
    return run.report;
  } finally {
    run.clear();
  }
}
