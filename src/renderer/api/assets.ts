const encoded = (imageId: string): string => imageId.split('/').map(encodeURIComponent).join('/');

interface Stamped {
  id: string;
  /** Changes when the image file does. */
  imageStamp: string;
}

/** Addresses of pictures and files that main serves. @param revision changes when what they show does */
export const assetUrl = {
  image: (datasetId: string, image: Stamped): string => `/asset/${datasetId}/image/${encoded(image.id)}?rev=${encodeURIComponent(image.imageStamp)}`,
  thumb: (datasetId: string, image: Stamped, size: number): string => `/asset/${datasetId}/thumb/${encoded(image.id)}?size=${size}&rev=${encodeURIComponent(image.imageStamp)}`,
  mask: (datasetId: string, imageId: string, size: number, revision: string): string => `/asset/${datasetId}/mask/${encoded(imageId)}?size=${size}&rev=${revision}`,
  run: (datasetId: string, runId: string, extension: 'csv' | 'xlsx'): string => `/asset/${datasetId}/run/${encodeURIComponent(runId)}.${extension}`,
};
