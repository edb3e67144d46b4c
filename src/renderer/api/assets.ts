const encoded = (imageId: string): string => imageId.split('/').map(encodeURIComponent).join('/');

interface Stamped {
  id: string;
  /** Changes when the image file does. */
  imageStamp: string;
}

export type ExportFormat = 'csv' | 'xlsx' | 'json';

/** Addresses of pictures and files that main serves. @param revision changes when what they show does */
export const assetUrl = {
  image: (datasetId: string, image: Stamped): string =>
    `/asset/${datasetId}/image/${encoded(image.id)}?rev=${encodeURIComponent(image.imageStamp)}`,
  thumb: (datasetId: string, image: Stamped, size: number): string =>
    `/asset/${datasetId}/thumb/${encoded(image.id)}?size=${size}&rev=${encodeURIComponent(image.imageStamp)}`,
  mask: (datasetId: string, imageId: string, size: number, revision: string): string =>
    `/asset/${datasetId}/mask/${encoded(imageId)}?size=${size}&rev=${revision}`,
  run: (datasetId: string, runId: string, extension: ExportFormat): string =>
    `/asset/${datasetId}/run/${encodeURIComponent(runId)}.${extension}`,
  history: (datasetId: string, extension: ExportFormat): string => `/asset/${datasetId}/history/runs.${extension}`,
  strip: (datasetId: string, runId: string, file: string, epoch: number): string =>
    `/asset/${datasetId}/strip/${encodeURIComponent(runId)}/${file}?rev=${epoch}`,
};
