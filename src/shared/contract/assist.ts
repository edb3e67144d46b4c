import { z } from 'zod';
import type { Usefulness } from '../assist/usefulness.ts';
import type { PackedMap } from '../assist/grid-map.ts';
import { method } from './define.ts';
import { imageId, runId } from './ids.ts';

/** A model that can propose masks. */
export interface AssistModel {
  /** null for the model that comes with the workbench. */
  runId: string | null;
  name: string;
  /** The best mean IoU that it has on its own validation images; null where none is known. */
  miou: number | null;
}

/** What a model sees in an image. */
export interface AssistDescription {
  model: AssistModel;
  /** Size of the image in pixels. */
  width: number;
  height: number;
  logits: PackedMap;
  /** The data set's class id of each of the logits' channels; -1 where it has no such class. */
  classIds: number[];
  features: PackedMap;
}

const ofRun = runId.nullable();

const asked = z.strictObject({ imageId, runId: ofRun.optional() });

export const assist = {
  methods: {
    /**
     * The runs that know classes of the data set, the newest first and what is still going on behind them, and the starter, which is
     * learned from whatever it knows.
     */
    models: method(z.undefined()).returns<AssistModel[]>(),
    /** What a model sees in an image; the first of the list unless one is named. */
    describe: method(asked).returns<AssistDescription>(),
    /** Has it looked at in advance: the answer to `describe` is ready then. */
    prepare: method(asked).returns<void>(),
    /** How much an image would teach a model: what it expects to be wrong in, and what it sees. */
    doubt: method(asked).returns<Usefulness>(),
  },
  events: {},
};
