import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { readMask } from '#files/mask-png';
import { AppError, messageOf } from '#shared/errors';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import { runCsv, runXlsx } from '../exports/run-export.ts';
import type { RunService } from '../runs/run-service.ts';
import { colourMask } from './colour-mask.ts';

const contentTypes: Record<string, string> = {
  '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.webp': 'image/webp', '.bmp': 'image/bmp', '.tif': 'image/tiff', '.tiff': 'image/tiff',
};
const largestThumb = 512;
// Addresses carry a revision, so that what they name never changes.
const forever = 'private, max-age=31536000, immutable';

/**
 * Serves images, masks and exports to the renderer: one fetch-style function behind both hosts.
 * Addresses: /asset/<dataset>/{image,thumb,mask}/<image id>, /asset/<dataset>/run/<run id>.{csv,xlsx}
 */
export class AssetHandler {
  private readonly datasets: DatasetService;
  private readonly runs: RunService;

  constructor(datasets: DatasetService, runs: RunService) {
    this.datasets = datasets;
    this.runs = runs;
  }

  /** @returns 404, 422 or 500 with one sentence instead of throwing */
  async handle(request: Request): Promise<Response> {
    try {
      return await this.route(new URL(request.url));
    } catch (error) {
      const status = error instanceof AppError ? (error.code === 'not-found' ? 404 : 422) : 500;
      return new Response(messageOf(error), { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    }
  }

  private async route(url: URL): Promise<Response> {
    const [, datasetId, kind, ...rest] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    const dataset = this.datasets.require();
    if (dataset.id !== datasetId) throw new AppError('not-found', `The data set ${datasetId} is not open`);
    const id = rest.join('/');
    const size = Math.min(largestThumb, Math.max(16, Number(url.searchParams.get('size') ?? 192) || 192));
    switch (kind) {
      case 'image':
        return this.image(dataset, id);
      case 'thumb':
        return this.thumb(dataset, id, size);
      case 'mask':
        return this.mask(dataset, id, size);
      case 'run':
        return this.runExport(id);
      default:
        throw new AppError('not-found', `There is nothing at ${url.pathname}`);
    }
  }

  private async image(dataset: OpenDataset, id: string): Promise<Response> {
    const { imageFile } = dataset.image(id);
    const type = contentTypes[path.extname(imageFile).toLowerCase()];
    // Browsers do not show TIFF.
    if (type === 'image/tiff') return respond(await sharp(imageFile).png().toBuffer(), 'image/png');
    return respond(await readFile(imageFile), type ?? 'application/octet-stream');
  }

  private async thumb(dataset: OpenDataset, id: string, width: number): Promise<Response> {
    return respond(await sharp(dataset.image(id).imageFile).resize({ width, withoutEnlargement: true }).jpeg({ quality: 82 }).toBuffer(), 'image/jpeg');
  }

  private async mask(dataset: OpenDataset, id: string, width: number): Promise<Response> {
    const mask = readMask(dataset.image(id).maskFile, dataset.classSet.format);
    const pixels = colourMask(mask.ids, dataset.classSet.classes);
    const png = await sharp(pixels, { raw: { width: mask.width, height: mask.height, channels: 4 } })
      .resize({ width, kernel: 'nearest', withoutEnlargement: true }).png({ compressionLevel: 4 }).toBuffer();
    return respond(png, 'image/png');
  }

  private async runExport(name: string): Promise<Response> {
    const { name: runId, ext } = path.parse(name);
    const run = this.runs.detail(runId);
    const classes = this.runs.store().classes(runId);
    const headers = { 'content-disposition': `attachment; filename="${runId}${ext}"`, 'cache-control': 'no-store' };
    if (ext === '.csv') return new Response(runCsv(run, classes), { headers: { ...headers, 'content-type': 'text/csv; charset=utf-8' } });
    if (ext !== '.xlsx') throw new AppError('not-found', `A run is exported as .csv or .xlsx, received "${ext}"`);
    const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
    return new Response(Buffer.from(await runXlsx(run, classes)), { headers: { ...headers, 'content-type': type } });
  }
}

function respond(body: Buffer, contentType: string): Response {
  return new Response(new Uint8Array(body), { headers: { 'content-type': contentType, 'cache-control': forever } });
}
