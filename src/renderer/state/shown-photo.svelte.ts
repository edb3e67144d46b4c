import { messageOf } from '#shared/errors';
import { loadPhoto } from '../api/photo.ts';

/** The photo that a view shows, and why it is not there where it is not. */
export class ShownPhoto {
  /** Null where it is there, or on its way. */
  problem = $state<string | null>(null);
  private attempt = $state(0);

  /**
   * Loads a photo; for an effect, which does so again for another address, or when it is tried again.
   * @param show gets it, or null where there is none: what was there before is not what lies below the mask now
   * @returns a function that gives it up
   */
  load(address: string, show: (image: HTMLImageElement | null) => void): () => void {
    void this.attempt;
    const wanted = new AbortController();
    void loadPhoto(address, wanted.signal).then(
      (image) => this.take(null, show, image),
      (error: unknown) => {
        if (!wanted.signal.aborted) this.take(messageOf(error), show, null);
      },
    );
    return () => wanted.abort();
  }

  private take(problem: string | null, show: (image: HTMLImageElement | null) => void, image: HTMLImageElement | null): void {
    this.problem = problem;
    show(image);
  }

  tryAgain(): void {
    this.attempt++;
  }

  /** Another image is at hand. */
  forget(): void {
    this.problem = null;
  }
}
