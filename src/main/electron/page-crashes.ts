import type { App, BrowserWindow, Dialog, RenderProcessGoneDetails } from 'electron';
import type { Workbench } from '../create-services.ts';
import { pageUrl } from './protocol.ts';

interface Parts {
  window: Pick<BrowserWindow, 'loadURL' | 'isDestroyed'>;
  dialog: Pick<Dialog, 'showMessageBox'>;
  app: Pick<App, 'quit'>;
  log: Workbench['log'];
}

/** A page that ends again within this time would end for ever. */
const againMs = 20_000;

/** What happens when the page's process ends: it is shown again by itself once, and then a person is asked. */
export class PageCrashes {
  private readonly parts: Parts;
  private lastAt = -Infinity;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Never rejects. */
  async onGone({ reason, exitCode }: RenderProcessGoneDetails): Promise<void> {
    const { window, app, log } = this.parts;
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    log.error({ reason, exitCode }, 'the page has ended');
    const again = performance.now() - this.lastAt < againMs;
    this.lastAt = performance.now();
    try {
      if (again && !(await this.wantsReload(reason))) return app.quit();
      await window.loadURL(pageUrl);
    } catch (error) {
      log.error({ err: error }, 'the page could not be shown again');
      app.quit();
    }
  }

  private async wantsReload(reason: string): Promise<boolean> {
    const { response } = await this.parts.dialog.showMessageBox({
      type: 'error',
      message: 'The window ended again',
      detail: `Its process has ended (${reason}). Every stroke that was done is safe, and training goes on.`,
      buttons: ['Show it again', 'Quit'],
      defaultId: 0,
      cancelId: 1,
    });
    return response === 0;
  }
}
