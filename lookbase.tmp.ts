import { mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright';
import { chromiumArguments, findChromium } from './test/helpers/chromium.ts';
import { startWorkbench } from './test/helpers/workbench.ts';
export async function look(data: string | undefined, work: (page: Page, shot: (name: string) => Promise<void>) => Promise<void>) {
  const userData = mkdtempSync(path.join(os.tmpdir(), 'look-'));
  const workbench = await startWorkbench({ userData, ...(data ? { data } : {}) });
  const browser = await chromium.launch({ executablePath: await findChromium(), args: chromiumArguments });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US', colorScheme: 'dark' });
    page.on('pageerror', (e) => console.log('PAGE ERROR', e.message));
    await page.goto(workbench.url);
    mkdirSync('/tmp/shots', { recursive: true });
    const shot = async (name: string) => {
      for (const [w, h] of [[1440, 900], [1024, 768]] as const)
        for (const theme of ['dark', 'light'] as const) {
          await page.setViewportSize({ width: w, height: h });
          await page.emulateMedia({ colorScheme: theme });
          await page.waitForTimeout(350);
          await page.screenshot({ path: `/tmp/shots/${name}-${w}-${theme}.png` });
        }
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.emulateMedia({ colorScheme: 'dark' });
    };
    await work(page, shot);
  } finally {
    await browser.close();
    await workbench.stop();
  }
}
