import type { CallFrame, ServerFrame } from '#shared/rpc/frames';

/** What the desktop host's preload puts on the window. */
export interface Bridge {
  pathOf(file: File): string;
  post(frame: CallFrame): void;
  onMessage(listener: (frame: ServerFrame) => void): void;
}

declare global {
  interface Window {
    workbench?: Bridge;
  }
}

/** The desktop host's bridge; undefined in a browser. */
export const bridge = (): Bridge | undefined => window.workbench;
