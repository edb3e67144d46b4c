/** What the desktop host's preload puts on the window. */
export interface Bridge {
  pathOf(file: File): string;
  /** Frames go as bytes: the bridge between the two worlds takes no object of the page's own state. */
  post(frame: Uint8Array): void;
  onMessage(listener: (frame: Uint8Array) => void): void;
}

declare global {
  interface Window {
    workbench?: Bridge;
  }
}

/** The desktop host's bridge; undefined in a browser. */
export const bridge = (): Bridge | undefined => window.workbench;
