import { messageOf } from '#shared/errors';
import { ToastTimes } from './toast-times.ts';

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
  private readonly times = new ToastTimes((id) => this.dismiss(id));

  show(kind: Toast['kind'], text: string, ...actions: ToastAction[]): void {
    const id = this.add(kind, text, actions);
    if (kind === 'info') this.times.begin(id, actions.length > 0 ? withWayBackMs : infoMs);
  }

  /** @param isHeld whether somebody is at the messages: none goes meanwhile */
  hold(isHeld: boolean): void {
    this.times.hold(isHeld);
  }

  /** Shows what stays until somebody has seen it: whoever it is for may be away. */
  keep(kind: Toast['kind'], text: string, ...actions: ToastAction[]): void {
    this.add(kind, text, actions);
  }

  /** @returns its number, or that of the one that is shown already */
  private add(kind: Toast['kind'], text: string, actions: ToastAction[]): number {
    // The newest way back is the one that is offered: that of before would take back something else.
    if (actions.length > 0) this.dismissWhere((shown) => shown === text);
    const known = this.list.find((toast) => toast.text === text);
    if (known) return known.id;
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
    for (const { id } of this.list.filter(({ text }) => isGone(text))) this.dismiss(id);
  }

  dismiss(id: number): void {
    this.times.end(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}
