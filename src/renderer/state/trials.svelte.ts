import type { TrialImage, TrialState } from '#shared/contract/trials';
import { imagePattern } from '#shared/data/image-names';
import { AppError, messageOf } from '#shared/errors';
import { Serial } from '#shared/serial';
import { secondsFrom, type Progress } from '#shared/throttled-progress';
import { SvelteMap } from 'svelte/reactivity';
import { droppedPath } from '../api/dropped-path.ts';
import type { Session } from './session.svelte.ts';

/** An image of a trial as the page shows it: addresses that its owner lets go of. */
export interface ShownTrial {
  image: string;
  prediction: string | null;
}

/** A photo that is larger is named by its path instead. */
const largestBytes = 40_000_000;

/** Images that are not of the data set, and what a run predicts of them. Its owner closes it. */
export class Trials {
  state = $state.raw<TrialState>({ images: [], runId: null, newWeights: false, running: false, done: 0, total: 0, secondsLeft: null });
  /** Pictures by the ids of images, and by whether their predictions are there. */
  readonly shown = new SvelteMap<string, ShownTrial>();
  /** Why an image has no pictures, likewise. */
  readonly problems = new SvelteMap<string, string>();
  private readonly session: Session;
  private readonly unsubscribes: (() => void)[];
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  private readonly asked = new Set<string>();
  private closed = false;
  /** Whether what was dropped is being taken, and how far that is; null until the first is. */
  isAdding = $state(false);
  adding = $state.raw<Progress | null>(null);
  /** How often it was said that no more is to be taken. */
  private stops = 0;
  private readonly drops = new Serial();

  constructor(session: Session) {
    this.session = session;
    this.unsubscribes = [session.on('trials.changed', (state) => this.take(state)), session.onResync(() => this.load())];
  }

  async load(): Promise<void> {
    await this.session.attempt(async () => this.take(await this.session.client.trials.state()));
  }

  private take(state: TrialState): void {
    this.state = state;
    for (const [key, pictures] of this.shown) if (!state.images.some((image) => keyOf(image) === key)) this.drop(key, pictures);
    for (const key of this.problems.keys()) if (!state.images.some((image) => keyOf(image) === key)) this.problems.delete(key);
    for (const image of state.images) void this.show(image);
  }

  /** The pictures of an image as it is now. */
  picturesOf(image: TrialImage): ShownTrial | null {
    return this.shown.get(keyOf(image)) ?? null;
  }

  /** Why it has none; null where that is not known. */
  problemOf(image: TrialImage): string | null {
    return this.problems.get(keyOf(image)) ?? null;
  }

  private async show(image: TrialImage): Promise<void> {
    const key = keyOf(image);
    if (this.asked.has(key) || image.state === 'failed') return;
    this.asked.add(key);
    try {
      const pictures = await this.session.client.trials.pictures({ id: image.id });
      if (this.closed || !this.state.images.some((each) => keyOf(each) === key)) return void this.asked.delete(key);
      const address = (bytes: Uint8Array, type: string) => URL.createObjectURL(new Blob([bytes.slice()], { type }));
      const prediction = pictures.prediction && address(pictures.prediction, 'image/png');
      this.shown.set(key, { image: address(pictures.image, 'image/jpeg'), prediction });
      this.problems.delete(key);
    } catch (error) {
      // Asked for again when the workbench answers; else told where it would be, that of a hundred others too.
      if (error instanceof AppError && error.code === 'disconnected') this.asked.delete(key);
      else this.problems.set(key, messageOf(error));
    }
  }

  private drop(key: string, { image, prediction }: ShownTrial): void {
    for (const address of [image, prediction]) if (address) URL.revokeObjectURL(address);
    this.shown.delete(key);
    this.asked.delete(key);
  }

  /** Takes what was dropped, and predicts it. @param runId the run that is reviewed; null where there is none */
  async addFiles(files: readonly File[], runId: string | null): Promise<void> {
    // One drop after the other.
    const { stops } = this;
    await this.drops.run(() => this.takeFiles(files, () => this.stops !== stops || this.closed));
    if (!this.closed) await this.predict(runId);
  }

  private async takeFiles(files: readonly File[], isStopped: () => boolean): Promise<void> {
    const left: string[] = [];
    this.isAdding = true;
    const begun = Date.now();
    for (const [done, file] of files.entries()) {
      if (isStopped()) break;
      this.adding = done === 0 ? null : { done, total: files.length, secondsLeft: secondsFrom(Date.now() - begun, done, files.length) };
      // One that is no image keeps none of the others out.
      await this.addFile(file).catch((error: unknown) => left.push(messageOf(error)));
    }
    [this.isAdding, this.adding] = [false, null];
    const others = left.length > 1 ? ` (and ${left.length - 1} more of ${files.length} were not taken)` : '';
    if (left.length > 0) this.session.toasts.show('error', `${left[0]}${others}`);
  }

  private async addFile(file: File): Promise<void> {
    const { trials } = this.session.client;
    const path = droppedPath(file);
    if (path) return this.take(await trials.addFrom({ path }));
    if (!imagePattern.test(file.name))
      throw new AppError('unsupported', `${file.name} is no image. A browser tells no path of a folder: type it instead`);
    if (file.size > largestBytes) throw new AppError('too-large', `${file.name} is larger than 40 MB: type its path instead`);
    this.take(await trials.add({ name: file.name, content: new Uint8Array(await file.arrayBuffer()) }));
  }

  /** No more is taken of what was dropped until now. */
  stopAdding(): void {
    this.stops++;
  }

  /** Takes an image or a folder of this machine, and predicts it. @returns whether it was taken */
  async addPath(path: string, runId: string | null): Promise<boolean> {
    const taken = await this.session.attempt(async () => this.take(await this.session.client.trials.addFrom({ path })));
    if (taken) await this.predict(runId);
    return taken;
  }

  async predict(runId: string | null): Promise<void> {
    if (runId === null || this.state.running || this.state.images.length === 0) return;
    await this.session.attempt(async () => this.take(await this.session.client.trials.predict({ runId })));
  }

  cancel(): void {
    void this.session.attempt(() => this.session.client.trials.cancel());
  }

  /** Copies images into a split of the data set, where they can be labelled. */
  async keep(ids: string[], split: string): Promise<void> {
    await this.session.attempt(async () => {
      const { files: made, split: landed } = await this.session.client.trials.keep({ ids, split });
      const why = landed === split ? '' : `, and not of ${split}: no list names ${made.length === 1 ? 'it' : 'them'} yet`;
      this.session.toasts.show(
        'info',
        made.length === 1 ? `${made[0]} is part of ${landed} now${why}.` : `${made.length} images are part of ${landed} now${why}.`,
      );
    });
  }

  async remove(ids: string[]): Promise<void> {
    await this.session.attempt(async () => this.take(await this.session.client.trials.remove({ ids })));
  }

  close(): void {
    this.closed = true;
    for (const unsubscribe of this.unsubscribes) unsubscribe();
    for (const [key, pictures] of this.shown) this.drop(key, pictures);
  }
}

/** An image whose prediction is another one has other pictures. */
const keyOf = ({ id, state }: TrialImage): string => `${id} ${state}`;
