import type { CsvForm } from '#shared/csv';

const encoded = (imageId: string): string => imageId.split('/').map(encodeURIComponent).join('/');

interface Stamped {
  id: string;
  /** Changes when the image file does. */
  imageStamp: string;
}

export type ExportFormat = 'csv' | 'xlsx' | 'json';

let assetKey: string | null = null;

/** Sets what the browser host lets pictures and exports be asked for with; the desktop host asks for none. */
export function useAssetKey(key: string): void {
  assetKey = key;
}

function address(path: string, query: Record<string, string | number> = {}): string {
  const parameters = Object.entries(assetKey === null ? query : { ...query, key: assetKey });
  const text = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `/asset/${path}${text ? `?${text}` : ''}`;
}

const inColours = (safe: boolean): { colours?: 'safe' } => (safe ? { colours: 'safe' } : {});

/**
 * Addresses of pictures and files that main serves.
 * @param revision changes when what they show does
 * @param safe whether classes are shown in colours that colour-blind eyes tell apart
 */
export const assetUrl = {
  image: (datasetId: string, image: Stamped): string => address(`${datasetId}/image/${encoded(image.id)}`, { rev: image.imageStamp }),
  thumb: (datasetId: string, image: Stamped, size: number): string =>
    address(`${datasetId}/thumb/${encoded(image.id)}`, { size, rev: image.imageStamp }),
  mask: (datasetId: string, imageId: string, size: number, revision: string, safe: boolean): string =>
    address(`${datasetId}/mask/${encoded(imageId)}`, { size, rev: revision, ...inColours(safe) }),
  /** @param csv the form of csv files; others have none */
  run: (datasetId: string, runId: string, extension: ExportFormat, csv: CsvForm): string =>
    address(`${datasetId}/run/${encodeURIComponent(runId)}.${extension}`, extension === 'csv' ? { csv } : {}),
  history: (datasetId: string, extension: ExportFormat, csv: CsvForm): string =>
    address(`${datasetId}/history/runs.${extension}`, extension === 'csv' ? { csv } : {}),
  strip: (datasetId: string, runId: string, file: string, epoch: number, safe: boolean): string =>
    address(`${datasetId}/strip/${encodeURIComponent(runId)}/${file}`, { rev: epoch, ...inColours(safe) }),
};
