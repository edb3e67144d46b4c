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
    const id = this.add(kind, text, actions);
    if (id !== null && kind === 'info') setTimeout(() => this.dismiss(id), actions.length > 0 ? withWayBackMs : infoMs);
  }

  /** Shows what stays until somebody has seen it: whoever it is for may be away. */
  keep(kind: Toast['kind'], text: string, ...actions: ToastAction[]): void {
    this.add(kind, text, actions);
  }

  /** @returns null where it is shown already */
  private add(kind: Toast['kind'], text: string, actions: ToastAction[]): number | null {
    // The newest way back is the one that is offered: that of before would take back something else.
    if (actions.length > 0) this.dismissWhere((shown) => shown === text);
    else if (this.shows(text)) return null;
    const id = this.nextId++;
    this.list.push({ id, kind, text, actions });
    return id;
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
