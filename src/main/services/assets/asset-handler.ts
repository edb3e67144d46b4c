import path from 'node:path';
import { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { Sharp } from 'sharp';
import { withPicture } from '#files/picture';
import type { ClassInfo } from '#shared/classes/class-info';
import { inSafeColours } from '#shared/classes/safe-colours';
import { csvForms, type CsvForm } from '#shared/csv';
import { AppError, messageOf } from '#shared/errors';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import { historyCsv, historyJson, historyXlsx, runCsv, runJson, runXlsx, type ExportedRun } from '../exports/run-export.ts';
import { NewestFirst } from '../newest-first.ts';
import { unescaped } from './static-files.ts';
import { stripFilePattern, type RunService } from '../runs/run-service.ts';
import type { Logger } from '../log.ts';
import type { Workers } from '../workers/workers.ts';

/** A picture as it is sent. */
interface Small {
  bytes: Uint8Array;
  type: string;
}

/** Some thousand thumbnails. */
const smallBytes = 64_000_000;
const largestThumb = 512;
const smallAtOnce = 2;
// Addresses carry a revision, so that what they name never changes.
const forever = 'private, max-age=31536000, immutable';

/**
 * Serves images, masks and exports to the renderer: one fetch-style function behind both hosts.
 * Addresses: /asset/<dataset>/{image,thumb,mask}/<image id>, /asset/<dataset>/run/<run id>.{csv,json,xlsx},
 * /asset/<dataset>/history/runs.{csv,json,xlsx}, /asset/<dataset>/strip/<run id>/<n>.png; masks and strips with `colours=safe` in colours
 * that colour-blind eyes tell apart
 */
export class AssetHandler {
  private readonly datasets: DatasetService;
  private readonly workers: Workers;
  private readonly log: Logger;
  /** Small pictures by their address: a page of the desktop host has no cache of its own for them. */
  private readonly small = new LRUCache<string, Small>({ maxSize: smallBytes, sizeCalculation: ({ bytes }) => bytes.length || 1 });

  /** What is scrolled to goes before what was scrolled past, and leaves threads to strokes that are written meanwhile. */
  private readonly turns = new NewestFirst(smallAtOnce);

  constructor(datasets: DatasetService, workers: Workers, log: Logger) {
    this.datasets = datasets;
    this.workers = workers;
    this.log = log;
  }

  /** @returns 404, 422 or 500 with one sentence instead of throwing */
  async handle(request: Request): Promise<Response> {
    try {
      return await this.route(new URL(request.url), request.signal);
    } catch (error) {
      const known = error instanceof AppError;
      if (!known) this.log.error({ err: error, path: new URL(request.url).pathname }, 'an asset could not be served');
      const status = known ? (error.code === 'not-found' || error.code === 'conflict' ? 404 : 422) : 500;
      return new Response(messageOf(error), { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    }
  }

  private async route(url: URL, signal: AbortSignal): Promise<Response> {
    const parts = url.pathname.split('/').filter(Boolean).map(unescaped);
    if (parts.includes(null)) throw new AppError('not-found', `There is nothing at ${url.pathname}`);
    const [, datasetId, kind, ...rest] = parts as string[];
    const { dataset, runs } = this.datasets.require(datasetId ?? '');
    const id = rest.join('/');
    const size = Math.min(largestThumb, Math.max(16, Math.round(Number(url.searchParams.get('size') ?? 192)) || 192));
    switch (kind) {
      case 'image':
        return this.image(dataset, id);
      case 'thumb':
        return this.smallPicture(url, signal, () => this.thumb(dataset, id, size));
      case 'mask':
        return this.smallPicture(url, signal, () => this.mask(dataset, id, size, shownIn(url)));
      case 'run':
        return this.runExport(runs, id, csvFormOf(url));
      case 'history':
        return this.historyExport(runs, id, csvFormOf(url));
      case 'strip':
        return this.strip(runs, id, shownIn(url));
      default:
        throw new AppError('not-found', `There is nothing at ${url.pathname}`);
    }
  }

  private async image(dataset: OpenDataset, id: string): Promise<Response> {
    const { imageFile } = dataset.image(id);
    return withPicture(imageFile, async (image, { content, format, isShownAsItIs }) =>
      isShownAsItIs ? respond(content, `image/${format}`) : respond(await image.png().toBuffer(), 'image/png'),
    );
  }

  /** One that was made before, if its address names a revision: what it shows then never changes. */
  private async smallPicture(url: URL, signal: AbortSignal, make: () => Promise<Small>): Promise<Response> {
    url.searchParams.delete('key');
    const known = this.small.get(url.href);
    const picture = known ?? (await this.turns.run(make, signal));
    if (!known && url.searchParams.has('rev')) this.small.set(url.href, picture);
    return respond(picture.bytes, picture.type);
  }

  private async thumb(dataset: OpenDataset, id: string, width: number): Promise<Small> {
    const small = (image: Sharp) => image.resize({ width, withoutEnlargement: true }).jpeg({ quality: 82 }).toBuffer();
    return { bytes: await withPicture(dataset.image(id).imageFile, small), type: 'image/jpeg' };
  }

  private async mask(dataset: OpenDataset, id: string, maxWidth: number, shown: ShownIn): Promise<Small> {
    const { format } = dataset.classSet;
    const classes = shown(dataset.classSet.classes);
    const { maskFile } = dataset.image(id);
    return { bytes: await this.workers.run('maskPicture', { maskFile, format, classes, maxWidth }), type: 'image/png' };
  }

  /** @param withSteps whether the format tells every step: only JSON does */
  private async exported(runs: RunService, runId: string, withSteps: boolean): Promise<ExportedRun> {
    return { run: await runs.detail(runId, withSteps ? 0 : Number.MAX_SAFE_INTEGER), classes: runs.store.classes(runId) };
  }

  private async runExport(runs: RunService, name: string, form: CsvForm): Promise<Response> {
    const { name: runId, ext } = path.parse(name);
    const csv = (run: ExportedRun) => runCsv(run, form);
    return exportResponse(runId, ext, await this.exported(runs, runId, ext === '.json'), { csv, json: runJson, xlsx: runXlsx });
  }

  /** All runs that are not deleted, but for those that cannot be read: the list says which, and one of them hides no other. */
  private async historyExport(runs: RunService, name: string, form: CsvForm): Promise<Response> {
    const ext = path.extname(name);
    const ids = runs.store.list(false).flatMap(({ id, broken }) => (broken === null ? [id] : []));
    // Every step of every run does not fit one text: JSON goes out run by run.
    if (ext === '.json')
      return downloadOf(
        'runs',
        ext,
        Readable.toWeb(Readable.from(encoded(historyJson(this.each(runs, ids))))) as ReadableStream<Uint8Array<ArrayBuffer>>,
      );
    const all: ExportedRun[] = [];
    for (const id of ids) all.push(await this.exported(runs, id, false));
    return exportResponse('runs', ext, all, { csv: (every) => historyCsv(every, form), xlsx: historyXlsx });
  }

  private async *each(runs: RunService, ids: readonly string[]): AsyncGenerator<ExportedRun> {
    for (const id of ids) yield await this.exported(runs, id, true);
  }

  /** A prediction of the validation strip, in the classes' colours. */
  private async strip(runs: RunService, id: string, shown: ShownIn): Promise<Response> {
    const [runId, file] = id.split('/');
    if (!stripFilePattern.test(file ?? '')) throw new AppError('not-found', `There is no strip image "${file}"`);
    const { store } = runs;
    store.row(runId);
    const picture = { maskFile: store.file(runId, 'strip', file), format: null, classes: shown(store.classes(runId)), maxWidth: null };
    return respond(await this.workers.run('maskPicture', picture), 'image/png');
  }
}

type ShownIn = (classes: readonly ClassInfo[]) => readonly ClassInfo[];

/** What brings classes to the colours that an address asks for: their own, or safe ones. */
const shownIn = (url: URL): ShownIn => (url.searchParams.get('colours') === 'safe' ? inSafeColours : (classes) => classes);

/** The form that an address asks csv files in; without one, that of spreadsheets. @throws AppError 'invalid-argument' naming the forms */
function csvFormOf(url: URL): CsvForm {
  const asked = url.searchParams.get('csv') ?? 'comma';
  const known = Object.keys(csvForms) as CsvForm[];
  const form = known.find((each) => each === asked);
  if (!form) throw new AppError('invalid-argument', `csv must be one of ${known.join(', ')}, received "${asked}"`);
  return form;
}

const exportTypes: Record<string, string> = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** @throws AppError 'not-found' naming the formats there are */
async function exportResponse<T>(
  name: string,
  ext: string,
  content: T,
  writers: Record<string, (content: T) => string | Promise<Uint8Array>>,
): Promise<Response> {
  const format = ext.slice(1);
  if (!Object.hasOwn(writers, format))
    throw new AppError(
      'not-found',
      `Runs are exported as ${Object.keys(writers)
        .map((known) => `.${known}`)
        .join(', ')}, received "${ext}"`,
    );
  const body = await writers[format](content);
  return downloadOf(name, ext, typeof body === 'string' ? body : Buffer.from(body));
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for await (const text of texts) yield encoder.encode(text);
}

function downloadOf(name: string, ext: string, body: string | Buffer<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>): Response {
  return new Response(body, {
    headers: {
      'content-type': exportTypes[ext.slice(1)],
      'content-disposition': `attachment; filename="${name}${ext}"`,
      'cache-control': 'no-store',
    },
  });
}

function respond(body: Uint8Array, contentType: string): Response {
  return new Response(new Uint8Array(body), { headers: { 'content-type': contentType, 'cache-control': forever } });
}
