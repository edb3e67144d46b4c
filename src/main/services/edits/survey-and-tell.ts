import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { Emitter } from '../events.ts';
import type { Logger } from '../log.ts';

interface Told {
  dataset: OpenDataset;
  events: Emitter;
  log: Logger;
}

/** Reads an image anew whose mask is another one, and tells windows what it finds. Never rejects: an image that has gone is nobody's. */
export async function surveyAndTell({ dataset, events, log }: Told, imageId: string): Promise<void> {
  try {
    events.emit('datasets.images', [await dataset.survey(imageId, true)]);
  } catch (error) {
    if (dataset.has(imageId)) log.error({ err: error, imageId }, 'an image could not be looked at anew');
  }
}
