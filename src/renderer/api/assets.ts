const encoded = (imageId: string): string => imageId.split('/').map(encodeURIComponent).join('/');

/** Addresses of pictures and files that main serves. @param revision changes when what they show does */
export const assetUrl = {
  image: (datasetId: string, imageId: string): string => `/asset/${datasetId}/image/${encoded(imageId)}`,
  thumb: (datasetId: string, imageId: string, size: number): string => `/asset/${datasetId}/thumb/${encoded(imageId)}?size=${size}`,
  mask: (datasetId: string, imageId: string, size: number, revision: string): string => `/asset/${datasetId}/mask/${encoded(imageId)}?size=${size}&rev=${revision}`,
  run: (datasetId: string, runId: string, extension: 'csv' | 'xlsx'): string => `/asset/${datasetId}/run/${encodeURIComponent(runId)}.${extension}`,
};
