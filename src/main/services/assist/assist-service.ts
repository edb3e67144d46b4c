import { existsSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { isSameClass, mapClasses } from '#shared/classes/class-map';
import type { AssistDescription, AssistModel } from '#shared/contract/assist';
import type { RunSummary } from '#shared/contract/runs';
import { doubtOf } from '#shared/assist/doubt';
import { meanFeatures, type Usefulness } from '#shared/assist/usefulness';
import { packMap } from '#shared/assist/grid-map';
import type { Services } from '#shared/contract/index';
import { AppError, unlessRefused } from '#shared/errors';
import type { ImageDescription } from '#shared/assist/messages';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import { fileStamp } from '../datasets/survey.ts';
import type { RunStore } from '../runs/run-store.ts';
import { anyStarter } from '../runs/starter.ts';
import { AssistantProcess, type AssistantHost, type DescribeRequest } from './assistant-process.ts';
import { NewestFirst } from '../newest-first.ts';

interface AssistOptions {
  dataset: OpenDataset;
  runs: RunStore;
  host: AssistantHost;
}

/** A network that can be asked. */
interface Weights extends AssistModel {
  checkpoint: string;
}

/** Images that are remembered as they were seen: the one at hand, its neighbours, and some that one goes back to. */
const remembered = 6;
/** Images whose doubt is remembered: a hundred numbers each. */
const rememberedDoubts = 20_000;
/** Runs that are offered, the newest. */
const mostListed = 30;

const usefulnessOf = ({ logits, features }: ImageDescription): Usefulness => ({
  doubt: doubtOf(logits),
  features: meanFeatures(features),
});

/** What the person's own newest model sees in an image. It proposes and writes nothing. Owns the process that looks. */
export class AssistService {
  private readonly options: AssistOptions;
  private readonly process: AssistantProcess;
  private readonly seen = new LRUCache<string, ImageDescription>({ max: remembered });
  private readonly doubts = new LRUCache<string, Usefulness>({ max: rememberedDoubts });
  /** Whether weights know classes of the data set, by their file and its stamp: images are asked for in quick turn. */
  private readonly known = new LRUCache<string, boolean>({ max: 4 * mostListed });
  private listed: { changes: string; weights: Weights[] } | null = null;
  /** One image after the other: the one that is asked for last has its turn when the one in hand is done. */
  private readonly turns = new NewestFirst();

  constructor(options: AssistOptions) {
    this.options = options;
    this.process = new AssistantProcess(options.host);
  }

  /** As `readWeights`, read anew where the history has changed: of many images it is asked once each. */
  private weights(): Weights[] {
    const { changes } = this.options.runs;
    if (this.listed?.changes !== changes) this.listed = { changes, weights: this.readWeights() };
    return this.listed.weights;
  }

  /** The runs that know classes of the data set, the newest first and those that go on last, and the starter. */
  private readWeights(): Weights[] {
    const { runs } = this.options;
    const usable = runs.list(false).filter(({ hasCheckpoint, broken }) => hasCheckpoint && broken === null);
    // What has just begun knows less than what is there.
    const goesOn = ({ status }: RunSummary) => status === 'running' || status === 'paused';
    const ordered = [...usable.filter((run) => !goesOn(run)), ...usable.filter(goesOn)];
    const own = ordered.slice(0, mostListed).flatMap(({ id, name, bestMiou: miou }): Weights[] => {
      const checkpoint = runs.weightsFile(id);
      return checkpoint && this.knowsClasses(checkpoint) ? [{ runId: id, name, miou, checkpoint }] : [];
    });
    // What it sees in streets is learned from, also where it knows none of the classes.
    const starter = anyStarter();
    return [...own, ...(starter ? [{ runId: null, name: starter.title, miou: starter.miou, checkpoint: starter.file }] : [])];
  }

  /** A run of other classes proposes nothing here; one whose weights cannot be read is told of where runs are. */
  private knowsClasses(checkpoint: string): boolean {
    const key = `${checkpoint}|${fileStamp(checkpoint)}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { classes: own } = this.options.dataset.classSet;
    // That it cannot be read is told of where runs are.
    const classes = unlessRefused(() => readCheckpointHeader(checkpoint).classes, null);
    const knows = classes?.some((each) => own.some((other) => isSameClass(each, other))) ?? false;
    if (classes) this.known.set(key, knows);
    return knows;
  }

  private chosen(runId: string | null | undefined): Weights {
    const pick = (all: readonly Weights[]) => (runId === undefined ? all.at(0) : all.find((each) => each.runId === runId));
    let found = pick(this.weights());
    if (found && !existsSync(found.checkpoint)) {
      // Somebody has taken the file away, of which the history says nothing.
      this.listed = null;
      found = pick(this.weights());
    }
    if (found) return found;
    throw new AppError(
      'not-found',
      runId === undefined
        ? 'There is no model yet that could propose a mask: train one, or let the assistant learn from your strokes alone'
        : 'The run has no weights any more: choose another model',
    );
  }

  /** Which image and which weights, as their files are now. @throws AppError 'not-found' without a model */
  private question(imageId: string, runId: string | null | undefined) {
    const { imageFile } = this.options.dataset.image(imageId);
    const { checkpoint, ...model } = this.chosen(runId);
    const request: DescribeRequest = { checkpoint, checkpointStamp: fileStamp(checkpoint), imageFile, imageStamp: fileStamp(imageFile) };
    return { model, request, key: [imageFile, request.imageStamp, checkpoint, request.checkpointStamp].join('|') };
  }

  /** @throws AppError 'not-found' without a model; as the image and the checkpoint; 'trainer-failed' */
  private async look(imageId: string, runId: string | null | undefined) {
    const { model, request, key } = this.question(imageId, runId);
    const description = await this.once(this.seen, key, () => this.process.describe(request));
    return { description, model };
  }

  /** @throws as `look` */
  private async doubt(imageId: string, runId: string | null | undefined): Promise<Usefulness> {
    const { request, key } = this.question(imageId, runId);
    const seen = this.seen.get(key);
    return this.once(this.doubts, key, () => (seen ? Promise.resolve(usefulnessOf(seen)) : this.process.doubt(request)));
  }

  /** In its turn, unless it is known by then. */
  private once<T extends object>(known: LRUCache<string, T>, key: string, make: () => Promise<T>): Promise<T> {
    return this.turns.run(async () => {
      const before = known.get(key);
      if (before !== undefined) return before;
      const made = await make();
      known.set(key, made);
      return made;
    });
  }

  private async describe(imageId: string, runId: string | null | undefined): Promise<AssistDescription> {
    const { dataset } = this.options;
    const { description, model } = await this.look(imageId, runId);
    const { ids } = mapClasses(description.classes, dataset.classSet.classes);
    const { width, height, logits, features } = description;
    const classIds = description.classes.map(({ id }) => ids[id]);
    return { model, width, height, logits: packMap(logits), features: packMap(features), classIds };
  }

  handlers(): Services['assist'] {
    return {
      models: () => this.weights().map(({ checkpoint: _, ...model }) => model),
      describe: ({ imageId, runId }) => this.describe(imageId, runId),
      doubt: ({ imageId, runId }) => this.doubt(imageId, runId),
      prepare: async ({ imageId, runId }) => void (await this.describe(imageId, runId)),
    };
  }

  /** Never rejects. */
  close(): void {
    this.process.close();
  }
}
