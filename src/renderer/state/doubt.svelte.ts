import { mostUseful, usefulOrder, type Usefulness } from '#shared/assist/usefulness';
import type { ImageEntry } from '#shared/contract/datasets';
import { AppError, messageOf } from '#shared/errors';
import { SvelteMap } from 'svelte/reactivity';
import type { Session } from './session.svelte.ts';

/** So many images in a row that cannot be looked at are no fault of theirs. */
const mostInVain = 3;
/** Images that the next one is to be unlike, the last ones. */
const mostSeen = 200;

const named = 'would teach the model most now';

/** How unsure a model is of images and how unlike they are, to go to the one that would teach it most. Its owner stops it. */
export class Doubt {
  /** How far looking at the images is, and the seconds that are left; null while nobody looks. */
  looking = $state.raw<{ done: number; total: number; secondsLeft: number | null } | null>(null);
  /** The share of each image that the model expects to be wrong in, 0 to 1. */
  readonly of = new SvelteMap<string, Usefulness>();
  private readonly session: Session;
  /** Images that could not be looked at. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  private readonly vain = new Set<string>();
  /** Images that were gone to: the next is another. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing that a view shows
  private readonly gone = new Set<string>();
  /** The data set and the model that it is all of. */
  private datasetId = '';
  private subject = '';
  private turn = 0;

  constructor(session: Session) {
    this.session = session;
  }

  /** Goes to the image, of those that one steps through and that are not done, which would teach the model most; looks at them first. */
  async next(runId: string | null | undefined): Promise<void> {
    const { session } = this;
    try {
      const models = await session.client.assist.models();
      this.beOf(session.dataset?.id ?? '', runId === undefined ? models.at(0)?.runId : runId);
    } catch (error) {
      return session.toasts.error(error);
    }
    const unknown = this.unknownOf(this.wanted);
    if (unknown.length === 0 || this.looking) return this.go();
    if (!(await this.look(unknown, runId))) return;
    const first = this.choose();
    if (first) this.offer(first);
    else if (this.of.size > 0) this.sayNone();
  }

  /**
   * Puts images in the order in which they would teach a run most, each unlike those before it; looks at them first.
   * @param weights what the run has learnt by now: with others it is asked anew
   * @returns their ids, those that could not be looked at last; null where it was stopped or another was asked for meanwhile
   */
  async order(images: readonly ImageEntry[], runId: string, weights: string): Promise<string[] | null> {
    this.beOf(this.session.dataset?.id ?? '', runId, weights);
    const unknown = this.unknownOf(images);
    if (unknown.length > 0 && !(await this.look(unknown, runId))) return null;
    const known = images.flatMap(({ id }) => {
      const useful = this.of.get(id);
      return useful ? [{ id, ...useful }] : [];
    });
    const order = usefulOrder(known, mostSeen).map(({ id }) => id);
    return [...order, ...images.filter(({ id }) => !this.of.has(id)).map(({ id }) => id)];
  }

  private unknownOf(images: readonly ImageEntry[]): ImageEntry[] {
    return images.filter(({ id }) => !this.of.has(id) && !this.vain.has(id));
  }

  /** The share of an image of the open data set that the model expects to be wrong in; null where it has not looked. */
  shareOf(imageId: string): number | null {
    return this.isStale ? null : (this.of.get(imageId)?.doubt ?? null);
  }

  /** Whether another data set is open by now. */
  private get isStale(): boolean {
    return this.session.dataset?.id !== this.datasetId;
  }

  private beOf(datasetId: string, runId: string | null | undefined, weights = ''): void {
    const subject = `${datasetId} ${runId} ${weights}`;
    if (subject === this.subject) return;
    this.stop();
    // What was named then is of other images, or another model's.
    this.session.toasts.dismissWhere((text) => text.includes(named));
    [this.datasetId, this.subject] = [datasetId, subject];
    for (const each of [this.of, this.vain, this.gone]) each.clear();
  }

  private get wanted(): ImageEntry[] {
    const { session } = this;
    return session.siblings.filter((image) => session.work.stageOf(image) !== 'done');
  }

  /** @returns whether it came to its end */
  private async look(images: readonly ImageEntry[], runId: string | null | undefined): Promise<boolean> {
    const { session } = this;
    const turn = ++this.turn;
    const began = performance.now();
    let [row, why] = [0, ''];
    for (const [done, { id, name }] of images.entries()) {
      if (this.isStale) return this.left();
      const each = done > 0 ? (performance.now() - began) / done / 1000 : null;
      this.looking = { done, total: images.length, secondsLeft: each && each * (images.length - done) };
      try {
        const useful = await session.client.assist.doubt({ imageId: id, runId });
        if (turn !== this.turn) return false;
        this.of.set(id, useful);
        row = 0;
      } catch (error) {
        if (turn !== this.turn) return false;
        // The workbench does not answer: that says nothing of the image.
        if (this.isStale || (error instanceof AppError && error.code === 'disconnected')) return this.left();
        this.vain.add(id);
        why = `${name}: ${messageOf(error)}`;
        if (++row === Math.min(mostInVain, images.length)) break;
      }
    }
    this.looking = null;
    if (why) session.toasts.show('error', `Not every image could be looked at. ${why}`);
    return true;
  }

  /** Another data set is open by now: nobody waits for this one's. */
  private left(): false {
    this.stop();
    return false;
  }

  /** Ends looking; what is known by then stays. */
  stop(): void {
    this.turn++;
    this.looking = null;
  }

  /** Of the images that were not gone to the one that would teach the model most. */
  private get best(): ImageEntry | null {
    const open = this.wanted.flatMap((image) => {
      const useful = this.gone.has(image.id) ? undefined : this.of.get(image.id);
      return useful ? [{ image, ...useful }] : [];
    });
    // Those of long ago are of other places: a key is not to wait for them.
    const seen = [...this.gone].slice(-mostSeen).flatMap((id) => this.of.get(id) ?? []);
    return mostUseful(open, seen)?.image ?? null;
  }

  /** The image to go to from the one at hand, which has been gone to by then. */
  private choose(): ImageEntry | null {
    const { imageId } = this.session;
    if (imageId) this.gone.add(imageId);
    return this.best;
  }

  private goTo({ id }: ImageEntry): void {
    this.gone.add(id);
    this.session.select(id);
  }

  /** Names an image with a way to it, which leads nowhere once another data set is open. */
  private offer(image: ImageEntry): void {
    const { session, datasetId } = this;
    const run = () => {
      if (session.dataset?.id === datasetId) this.goTo(image);
    };
    session.toasts.show('info', this.words(image), { label: 'Go there', run });
  }

  private go(): void {
    const next = this.choose();
    if (!next) return this.sayNone();
    this.goTo(next);
    this.session.toasts.show('info', this.words(next));
  }

  /** There is none left to go to; next time all of them are again. */
  private sayNone(): void {
    const text = this.looking ? 'No image has been looked at yet.' : 'There is no other image here that is not done.';
    this.session.toasts.show('info', text);
    this.gone.clear();
  }

  private words({ id, name }: ImageEntry): string {
    const share = Math.round(100 * this.of.get(id)!.doubt);
    return `${name} ${named}: it expects to be wrong in ${share} % of it.`;
  }
}
