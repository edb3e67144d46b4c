import type { Page } from 'playwright';

/**
 * Paints one stroke on the open canvas and times each of its moves, from the pointer event to the frame's raster: the handler, the
 * draw that it asked for, and a read that forces the pixels.
 * @returns milliseconds that the page itself takes of a frame, shortest first
 */
export const strokeTimes = (page: Page, moves: number): Promise<number[]> =>
  page.getByRole('application', { name: 'Canvas' }).evaluate(async (host, count) => {
    const box = host.getBoundingClientRect();
    const layer = host.querySelectorAll('canvas')[1];
    const fire = (kind: string, x: number, y: number) =>
      host.dispatchEvent(
        new PointerEvent(kind, { clientX: box.left + x, clientY: box.top + y, pointerId: 1, button: 0, buttons: 1, bubbles: true }),
      );
    host.setPointerCapture = () => undefined;
    const measured: number[] = [];
    fire('pointerdown', box.width * 0.3, box.height * 0.5);
    for (let i = 0; i < count; i++) {
      const angle = i / 9;
      // Asked for before the handler asks for its draw, so that it is called first: how late a frame begins is not the page's time.
      const frameBegun = new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
      const begin = performance.now();
      fire('pointermove', box.width * (0.5 + 0.3 * Math.cos(angle)), box.height * (0.5 + 0.3 * Math.sin(angle * 1.3)));
      const handled = performance.now() - begin;
      // The draw that the handler asked for is done in the next frame, before this callback, which was asked for after it.
      const drawn = await new Promise<number>((resolve) =>
        requestAnimationFrame(() => {
          layer.getContext('2d')!.getImageData(layer.width / 2, layer.height / 2, 1, 1);
          resolve(performance.now());
        }),
      );
      measured.push(handled + drawn - (await frameBegun));
    }
    fire('pointerup', box.width * 0.5, box.height * 0.5);
    return measured.sort((a, b) => a - b);
  }, moves);
