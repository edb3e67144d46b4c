import path from 'node:path';
import { watch, type FSWatcher } from 'chokidar';

interface FolderWatchOptions {
  /** Folders that are watched with what is right in them and in their folders: one that is empty may be filled. */
  folders: readonly string[];
  /** Called once changes are told from now on. */
  ready: () => void;
  /** Called with what has changed, once it has been quiet for a moment. */
  changed: (files: string[]) => void;
  /** Called where the system does not tell of changes, with its reason. */
  failed: (error: unknown) => void;
}

/** Many files that are copied are one change. */
const quietMs = 400;
const longestMs = 5000;

/** Tells when something changes in folders. Hidden files, which are also those that are half written, are none. Its owner closes it. */
export class FolderWatch {
  private readonly options: FolderWatchOptions;
  private readonly watcher: FSWatcher;
  private readonly folders: Set<string>;
  private readonly files = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private firstAt = 0;

  constructor(options: FolderWatchOptions) {
    this.options = options;
    this.folders = new Set(options.folders);
    const isHidden = (file: string) => !this.folders.has(file) && path.basename(file).startsWith('.');
    this.watcher = watch([...options.folders], { depth: 1, ignoreInitial: true, ignored: isHidden });
    this.watcher.on('ready', options.ready);
    this.watcher.on('all', (_, file) => this.onChange(file));
    this.watcher.on('error', (error) => options.failed(error));
  }

  private onChange(file: string): void {
    const now = Date.now();
    if (this.files.size === 0) this.firstAt = now;
    this.files.add(file);
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), Math.max(0, Math.min(quietMs, this.firstAt + longestMs - now)));
    this.timer.unref();
  }

  private tell(): void {
    const files = [...this.files];
    this.files.clear();
    this.options.changed(files);
  }

  /** Watches folders that have come too; what came into them before that counts as a change. */
  add(folders: readonly string[]): void {
    for (const folder of folders.filter((each) => !this.folders.has(each))) {
      this.folders.add(folder);
      this.watcher.add(folder);
      this.onChange(folder);
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    await this.watcher.close().catch(() => undefined);
  }
}
