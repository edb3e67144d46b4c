import { chromium, type Page } from 'playwright';
import { chromiumArguments, findChromium } from '../../test/helpers/chromium.ts';
import { startWorkbench } from '../../test/helpers/workbench.ts';

/** Works in a window of a workbench of its own, at 1440 x 900; workbench and browser end with it, also where it fails. */
export async function inWorkbench<T>(options: Parameters<typeof startWorkbench>[0], work: (page: Page) => Promise<T>): Promise<T> {
  const host = await startWorkbench(options);
  try {
    const browser = await chromium.launch({ executablePath: await findChromium(), args: chromiumArguments });
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US' });
      await page.goto(host.url);
      return await work(page);
    } finally {
      await browser.close();
    }
  } finally {
    await host.stop('SIGKILL');
  }
}
