import { messageOf } from '#shared/errors';

export interface Toast {
  id: number;
  kind: 'info' | 'error';
  text: string;
  action: { label: string; run: () => void } | null;
}

const infoMs = 8000;

/** Short messages: only for what can be undone or has failed, and never two for one cause. */
export class Toasts {
  list = $state<Toast[]>([]);
  private nextId = 1;

  show(kind: Toast['kind'], text: string, action: Toast['action'] = null): void {
    if (this.list.some((toast) => toast.text === text)) return;
    const id = this.nextId++;
    this.list.push({ id, kind, text, action });
    if (kind === 'info') setTimeout(() => this.dismiss(id), infoMs);
  }

  error(error: unknown): void {
    this.show('error', messageOf(error));
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}
