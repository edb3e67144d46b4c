import { AppError } from '#shared/errors';
import { throttledProgress, type Progress } from '#shared/throttled-progress';
import { droppedPath } from '../api/dropped-path.ts';
import { cancelOpening, folderToDescribe, onUnpacking } from './dataset-choice.ts';
import type { Session } from './session.svelte.ts';

/** Of what a call may be, a good part: a window that sends it stops for no stroke. */
const partBytes = 4_000_000;

/** A zip that is dropped on the window is opened: from where it is, where that is known, else after its bytes were sent. */
export class Dropping {
  /** What is going on, in words; null while nothing is. */
  label = $state<string | null>(null);
  progress = $state.raw<Progress | null>(null);
  private readonly session: Session;
  private readonly describe: (folder: string) => void;
  private readonly stopListening: () => void;
  private stopped = false;
  /** What is being opened; null before that is known. */
  private path: string | null = null;

  /** @param describe is given the folder that a zip was unpacked into, where a person has to say what is in it */
  constructor(session: Session, describe: (folder: string) => void) {
    this.session = session;
    this.describe = describe;
    this.stopListening = onUnpacking(session, (progress) => {
      if (this.label !== null && progress) [this.label, this.progress] = ['Unpacking', progress];
    });
  }

  /** Opens what was dropped. Never rejects: what goes wrong is told. */
  async take(data: Pick<DataTransfer, 'items' | 'files'>): Promise<void> {
    if (this.label !== null) return;
    const file = data.files.item(0);
    if (!file) return;
    // Where images are tried, they are that, and so are folders of them.
    if (!/\.zip$/i.test(file.name) && this.session.dropImages([...data.files])) return;
    [this.label, this.progress, this.stopped] = [`Taking ${file.name}, in MB`, null, false];
    try {
      const isFolder = data.items[0]?.webkitGetAsEntry()?.isDirectory ?? false;
      this.path = await this.pathOf(file, isFolder);
      await this.session.openFolder(this.path);
      this.session.go('library');
    } catch (error) {
      const folder = folderToDescribe(error);
      // What is asked for is no failure.
      if (folder !== null) this.describe(folder);
      else if (!this.stopped) this.session.toasts.error(error);
    } finally {
      [this.label, this.path] = [null, null];
    }
  }

  private async pathOf(file: File, isFolder: boolean): Promise<string> {
    const path = droppedPath(file);
    if (path) return path;
    if (isFolder)
      throw new AppError(
        'unsupported',
        `A browser does not tell where the folder ${file.name} lies: type its path under the data set’s name`,
      );
    return this.send(file);
  }

  private async send(file: File): Promise<string> {
    const { datasets } = this.session.client;
    const drop = await datasets.dropBegin({ name: file.name, bytes: file.size });
    const tell = throttledProgress((progress) => (this.progress = progress));
    try {
      for (let begin = 0; begin < file.size; begin += partBytes) {
        if (this.stopped) throw new AppError('cancelled', 'The file was not taken');
        const content = new Uint8Array(await file.slice(begin, begin + partBytes).arrayBuffer());
        await datasets.dropPart({ drop, content });
        tell(Math.round((begin + content.length) / 1e6), Math.round(file.size / 1e6));
      }
      return await datasets.dropEnd({ drop });
    } catch (error) {
      await this.session.attempt(() => datasets.dropCancel({ drop }));
      throw error;
    }
  }

  /** Gives up what is going on. */
  stop(): void {
    this.stopped = true;
    if (this.path !== null) void cancelOpening(this.session, this.path);
  }

  close(): void {
    this.stopListening();
  }
}
