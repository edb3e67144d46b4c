const autosaveMs = 600;
/** A hand that never rests is saved as well. */
const longestWaitMs = 5000;

/** Saves a while after the last change. Its owner rests it at the end. */
export class Autosave {
  private readonly save: () => void;
  private timer: NodeJS.Timeout | null = null;
  private unsavedSince = 0;

  constructor(save: () => void) {
    this.save = save;
  }

  /** Something has changed. */
  soon(): void {
    const now = Date.now();
    if (this.timer) clearTimeout(this.timer);
    else this.unsavedSince = now;
    const wait = Math.max(0, Math.min(autosaveMs, this.unsavedSince + longestWaitMs - now));
    this.timer = setTimeout(() => {
      this.timer = null;
      this.save();
    }, wait);
  }

  /** It is being saved, or is not to be. */
  rest(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}
