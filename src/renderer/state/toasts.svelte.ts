import { messageOf } from '#shared/errors';

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  kind: 'info' | 'error';
  text: string;
  actions: ToastAction[];
}

const infoMs = 8000;
/** What can be taken back is offered for longer: a person looks at what has changed first. */
const withWayBackMs = 60_000;

/** Short messages: only for what can be undone or has failed, and never two for one cause. */
export class Toasts {
  list = $state<Toast[]>([]);
  private nextId = 1;

  show(kind: Toast['kind'], text: string, ...actions: ToastAction[]): void {
    // The newest way back is the one that is offered: that of before would take back something else.
    if (actions.length > 0) this.dismissWhere((shown) => shown === text);
    else if (this.shows(text)) return;
    const id = this.nextId++;
    this.list.push({ id, kind, text, actions });
    if (kind === 'info') setTimeout(() => this.dismiss(id), actions.length > 0 ? withWayBackMs : infoMs);
  }

  /** Whether this very text is on the screen. */
  shows(text: string): boolean {
    return this.list.some((toast) => toast.text === text);
  }

  error(error: unknown): void {
    this.show('error', messageOf(error));
  }

  /** Takes a message away whose cause is gone. */
  dismissText(text: string): void {
    this.dismissWhere((shown) => shown.startsWith(text));
  }

  dismissWhere(isGone: (text: string) => boolean): void {
    this.list = this.list.filter(({ text }) => !isGone(text));
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}
