import type { ImageEntry } from '#shared/contract/datasets';
import type { Client, EventName, EventPayloads } from '#shared/contract/index';
import type { ImageWork, WorkMark } from '#shared/contract/work';
import { SvelteMap } from 'svelte/reactivity';
import type { WorkStage } from './image-filter.ts';
import { offerBack, type WayBackWindow } from './way-back.ts';

export const stageWords: Record<WorkStage, string> = { new: 'New', work: 'In work', done: 'Done', look: 'Needs a look' };

/** What is said of one image, and of several. */
const saidOf: Record<WorkMark | 'none', readonly [string, string]> = {
  none: ['has no mark any more', 'have no mark any more'],
  done: ['is done', 'are done'],
  look: ['needs a look', 'need a look'],
};

/** What of a window it works with. */
interface WorkWindow extends WayBackWindow {
  readonly client: Pick<Client, 'work'>;
  readonly images: ReadonlyMap<string, ImageEntry>;
  on: <Name extends EventName>(name: Name, listener: (payload: EventPayloads[Name]) => void) => () => void;
}

/** How far the work on the images of the open data set is. */
export class WorkState {
  private readonly session: WorkWindow;
  private readonly byImage = new SvelteMap<string, ImageWork>();

  constructor(session: WorkWindow) {
    this.session = session;
    session.on('work.changed', (changed) => this.take(changed));
  }

  private take(changed: readonly ImageWork[]): void {
    for (const each of changed) this.byImage.set(each.imageId, each);
  }

  /** Another data set is open. */
  async load(): Promise<void> {
    this.byImage.clear();
    this.take(await this.session.client.work.all());
  }

  /** What a person has said of an image; without that, whether somebody has painted on it here. */
  stageOf = ({ id, editedAt }: ImageEntry): WorkStage => this.byImage.get(id)?.mark ?? (editedAt === null ? 'new' : 'work');

  secondsOf(imageId: string): number {
    return this.byImage.get(imageId)?.seconds ?? 0;
  }

  /** Says of images that they are done, or need a look; null takes back what was said. It can be undone. */
  async mark(imageIds: readonly string[], mark: WorkMark | null): Promise<void> {
    const { session } = this;
    const { dataset: of } = session;
    await session.attempt(async () => {
      const before = await session.client.work.mark({ images: imageIds.map((imageId) => ({ imageId, mark })) });
      const what = imageIds.length === 1 ? (session.images.get(imageIds[0])?.name ?? imageIds[0]) : `${imageIds.length} images`;
      const [one, several] = saidOf[mark ?? 'none'];
      const back = () => session.client.work.mark({ images: before.map(({ imageId, mark: was }) => ({ imageId, mark: was })) });
      // A key that says it of one image takes it back as well.
      if (mark !== null && imageIds.length === 1) return;
      offerBack(session, { of, text: `${what} ${imageIds.length === 1 ? one : several}.`, back });
    });
  }

  /** Says it of an image, or takes it back where it is said. */
  toggle(image: ImageEntry, mark: WorkMark): Promise<void> {
    return this.mark([image.id], this.stageOf(image) === mark ? null : mark);
  }

  /** How far the images of a split are. */
  progressOf(images: readonly ImageEntry[]): { counts: Record<WorkStage, number>; secondsEach: number } {
    const counts: Record<WorkStage, number> = { new: 0, work: 0, done: 0, look: 0 };
    let [seconds, worked] = [0, 0];
    for (const image of images) {
      counts[this.stageOf(image)]++;
      const spent = this.secondsOf(image.id);
      seconds += spent;
      if (spent > 0) worked++;
    }
    return { counts, secondsEach: worked > 0 ? seconds / worked : 0 };
  }
}
