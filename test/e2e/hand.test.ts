// Tools, fingers, pens and keys, with the events that Chromium makes of real ones.
import type { CDPSession, Page } from '@playwright/test';
import { expect, goTo, test } from './fixtures.ts';
import { idsOf, changedIn } from './sample.ts';

interface Place {
  x: number;
  y: number;
}

/** Opens the editor with Bicyclist in hand. @returns places on the canvas by shares of it */
async function openEditor(page: Page): Promise<(x: number, y: number) => Place> {
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  await page.getByRole('radio', { name: 'Bicyclist' }).click();
  const box = (await canvas.boundingBox())!;
  return (x, y) => ({ x: box.x + box.width * x, y: box.y + box.height * y });
}

async function drag(page: Page, ...points: readonly Place[]): Promise<void> {
  await page.mouse.move(points[0].x, points[0].y);
  await page.mouse.down();
  for (const { x, y } of points.slice(1)) await page.mouse.move(x, y, { steps: 6 });
  await page.mouse.up();
}

const saved = (page: Page) => expect(page.getByRole('status', { name: 'Save state' })).toContainText(/Saved \d/);

test('areas are drawn, taken away with Shift, and kept to where nothing is labelled', async ({ app, userData }) => {
  const at = await openEditor(app);
  const before = idsOf(userData);
  await app.keyboard.press('r');
  await drag(app, at(0.4, 0.4), at(0.6, 0.6));
  await saved(app);
  const rectangle = changedIn(before, idsOf(userData)).length;
  expect(rectangle).toBeGreaterThan(400);
  await app.keyboard.press('o');
  await app.keyboard.down('Shift');
  await drag(app, at(0.45, 0.45), at(0.55, 0.45), at(0.55, 0.55), at(0.45, 0.55));
  await app.keyboard.up('Shift');
  await expect.poll(() => changedIn(before, idsOf(userData)).includes(255)).toBe(true);
  // Only what was taken away is written again, with another class.
  await app.keyboard.press('u');
  await app.keyboard.press('1');
  await app.keyboard.press('r');
  await drag(app, at(0.42, 0.42), at(0.58, 0.58));
  await expect.poll(() => changedIn(before, idsOf(userData)).includes(255)).toBe(false);
  expect(changedIn(before, idsOf(userData)).filter((id) => id === 10).length).toBeGreaterThan(rectangle / 2);
  await drag(app, at(0.42, 0.42), at(0.58, 0.58));
  await expect(app.getByText('Nothing was painted')).toBeVisible();
});

test('a polygon waits through another tool, another image and another place, and closes with a double-click', async ({ app, userData }) => {
  const at = await openEditor(app);
  const before = idsOf(userData);
  await app.keyboard.press('p');
  for (const [x, y] of [
    [0.4, 0.4],
    [0.6, 0.4],
  ])
    await app.mouse.click(at(x, y).x, at(x, y).y);
  await app.keyboard.press('b');
  await app.keyboard.press('d');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText('street-002');
  await goTo(app, 'Library');
  await goTo(app, 'Annotate');
  // Keys are the editor's, which is there with the mask.
  await app.getByRole('application', { name: 'Canvas' }).waitFor();
  await app.keyboard.press('a');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText('street-001');
  await app.getByRole('application', { name: 'Canvas' }).waitFor();
  await app.keyboard.press('p');
  const last = at(0.6, 0.6);
  await app.mouse.dblclick(last.x, last.y);
  await saved(app);
  const changed = changedIn(before, idsOf(userData));
  expect([changed.length > 150, new Set(changed)]).toEqual([true, new Set([10])]);
});

test('a held key erases with the tool in hand, and lets go again', async ({ app, userData }) => {
  const at = await openEditor(app);
  await app.keyboard.press('r');
  await app.keyboard.down('e');
  await app.waitForTimeout(400);
  await drag(app, at(0.4, 0.4), at(0.6, 0.6));
  await app.keyboard.up('e');
  await expect(app.getByRole('button', { name: 'Rectangle', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(() => idsOf(userData).filter((id) => id === 255).length).toBeGreaterThan(400);
});

test.describe('fingers and pens', () => {
  const touch = (session: CDPSession, type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: (Place & { id: number })[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints });

  test('one finger paints, two move and zoom and paint nothing', async ({ app, userData }) => {
    const at = await openEditor(app);
    const session = await app.context().newCDPSession(app);
    const before = idsOf(userData);
    const status = app.getByTestId('status-text');
    const zoom = async () => Number(/zoom (\d+)/.exec((await status.textContent()) ?? '')?.[1]);
    const first = await zoom();
    await touch(session, 'touchStart', [{ id: 1, ...at(0.4, 0.5) }]);
    await touch(session, 'touchStart', [
      { id: 1, ...at(0.4, 0.5) },
      { id: 2, ...at(0.5, 0.5) },
    ]);
    await touch(session, 'touchMove', [
      { id: 1, ...at(0.3, 0.5) },
      { id: 2, ...at(0.6, 0.5) },
    ]);
    await touch(session, 'touchEnd', []);
    await expect.poll(zoom).toBeGreaterThan(first * 1.5);
    await expect(app.getByRole('button', { name: 'Undo', exact: true })).toBeDisabled();
    await touch(session, 'touchStart', [{ id: 3, ...at(0.4, 0.5) }]);
    await touch(session, 'touchMove', [{ id: 3, ...at(0.6, 0.5) }]);
    await touch(session, 'touchEnd', []);
    await saved(app);
    expect(changedIn(before, idsOf(userData)).length).toBeGreaterThan(100);
  });

  test('a pen paints', async ({ app, userData }) => {
    const at = await openEditor(app);
    const session = await app.context().newCDPSession(app);
    const before = idsOf(userData);
    const pen = (type: 'mousePressed' | 'mouseMoved' | 'mouseReleased', { x, y }: Place) =>
      session.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1, pointerType: 'pen', force: 0.5 });
    await pen('mousePressed', at(0.4, 0.5));
    await pen('mouseMoved', at(0.6, 0.5));
    await pen('mouseReleased', at(0.6, 0.5));
    await saved(app);
    expect(new Set(changedIn(before, idsOf(userData)))).toEqual(new Set([10]));
  });

  test('two fingers on a touchpad move the image, a mouse’s wheel zooms', async ({ app }) => {
    const at = await openEditor(app);
    await app.mouse.move(at(0.5, 0.5).x, at(0.5, 0.5).y);
    const status = app.getByTestId('status-text');
    const before = await status.textContent();
    await app.mouse.wheel(0, -300);
    await expect.poll(() => status.textContent()).not.toBe(before);
    const zoomed = /zoom \d+ %/.exec((await status.textContent()) ?? '')![0];
    const place = /x \d+ y \d+/.exec((await status.textContent()) ?? '')![0];
    await app.waitForTimeout(500);
    for (let i = 0; i < 6; i++) await app.mouse.wheel(12, 3);
    await expect.poll(async () => (await status.textContent())?.includes(`${place} `)).toBe(false);
    expect(await status.textContent()).toContain(zoomed);
  });
});

test('every key is shown, one is given another, and what has lost it is told', async ({ app }) => {
  await openEditor(app);
  await app.getByRole('application', { name: 'Canvas' }).focus();
  await app.keyboard.press('?');
  const dialog = app.getByRole('dialog', { name: 'Keys' });
  await dialog.getByRole('button', { name: 'Key of Fill: F' }).click();
  await app.keyboard.press('d');
  await expect(dialog.getByRole('status')).toContainText('D was the key of "Next image", which has Right now.');
  await dialog.getByRole('button', { name: 'Done', exact: true }).click();
  await app.keyboard.press('d');
  await expect(app.getByRole('button', { name: 'Fill', exact: true })).toHaveAttribute('aria-pressed', 'true');
  // It is kept over a reload.
  await app.reload();
  await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await app.keyboard.press('b');
  await app.keyboard.press('d');
  await expect(app.getByRole('button', { name: 'Fill', exact: true })).toHaveAttribute('aria-pressed', 'true');
  // Help tells the keys as they are.
  await app.getByRole('button', { name: 'Help', exact: true }).click();
  const help = app.getByRole('dialog', { name: 'Help' });
  await expect(help.getByText('A, Right', { exact: true })).toBeVisible();
  await expect(help.getByText('Hold E', { exact: true })).toBeVisible();
});

test('a tool that was clicked is not pressed by Space over the canvas, whatever keys came between', async ({ app }) => {
  await openEditor(app);
  const pressed = (name: string) => expect(app.getByRole('button', { name, exact: true })).toHaveAttribute('aria-pressed', 'true');
  await app.getByRole('button', { name: 'Polygon', exact: true }).click();
  await app.getByRole('application', { name: 'Canvas' }).hover();
  // A key makes a browser show where the focus is, as if keys had led there.
  await app.keyboard.press('b');
  await app.keyboard.press(' ');
  await pressed('Brush');
  // Where Tab has led, Space presses, also with the pointer over the canvas, and however soon it comes: before any timer.
  await app.evaluate(() => {
    const later = window.setTimeout.bind(window);
    window.setTimeout = ((task: () => void, ms = 0) => later(task, ms + 1000)) as typeof window.setTimeout;
  });
  await app.keyboard.press('Tab');
  const next = await app.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  await app.keyboard.press(' ');
  await pressed(next);
});

test('classes are chosen with the arrows of their list, and the one before comes back with a key', async ({ app }) => {
  await openEditor(app);
  await app.getByRole('radio', { name: 'Bicyclist' }).focus();
  await app.keyboard.press('ArrowDown');
  await expect(app.getByRole('radio', { name: 'Not labelled' })).toHaveAttribute('aria-checked', 'true');
  await app.keyboard.press('ArrowUp');
  await app.keyboard.press('ArrowUp');
  await expect(app.getByRole('radio', { name: 'Pedestrian' })).toBeFocused();
  await app.keyboard.press('x');
  await expect(app.getByRole('radio', { name: 'Bicyclist' })).toHaveAttribute('aria-checked', 'true');
});

/** Keys as Chromium has them from keyboards of other languages: what is printed on them, and where they lie. */
const keyboards: [name: string, keys: { key: string; code: string; modifiers?: number; pressed: string }[]][] = [
  [
    'Cyrillic',
    [
      { key: 'и', code: 'KeyB', pressed: 'Brush' },
      { key: 'з', code: 'KeyP', pressed: 'Polygon' },
      { key: 'К', code: 'KeyR', modifiers: 8, pressed: 'Ellipse' },
    ],
  ],
  [
    'AZERTY',
    [
      { key: 'z', code: 'KeyW', pressed: '' },
      { key: 'w', code: 'KeyZ', pressed: 'Wand by colour' },
      { key: 'b', code: 'KeyB', pressed: 'Brush' },
    ],
  ],
  [
    'German',
    [
      { key: 'y', code: 'KeyZ', pressed: '' },
      { key: 'k', code: 'KeyK', pressed: 'Clean up' },
      { key: 'o', code: 'KeyO', pressed: 'Outline by dragging' },
    ],
  ],
  ['US', [{ key: 's', code: 'KeyS', pressed: 'Superpixels' }]],
];

for (const [name, keys] of keyboards)
  test(`tools are taken by the keys of a ${name} keyboard, and classes by where digits lie`, async ({ app }) => {
    await openEditor(app);
    const session = await app.context().newCDPSession(app);
    const press = async ({ key, code, modifiers = 0 }: { key: string; code: string; modifiers?: number }) => {
      const event = { key, code, modifiers, windowsVirtualKeyCode: 0 };
      await session.send('Input.dispatchKeyEvent', { type: 'keyDown', text: key, unmodifiedText: key, ...event });
      await session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    };
    for (const { pressed, ...key } of keys) {
      await press(key);
      if (pressed) await expect(app.getByRole('button', { name: pressed, exact: true })).toHaveAttribute('aria-pressed', 'true');
    }
    const digit = name === 'AZERTY' ? 'é' : '2';
    await press({ key: digit, code: 'Digit2' });
    await expect(app.getByRole('radio', { name: 'Building' })).toBeChecked();
    // Smaller and larger brushes lie where US keyboards have brackets.
    await press({ key: 'b', code: 'KeyB' });
    const size = app.getByLabel('Brush diameter');
    const before = Number.parseInt((await size.textContent())!, 10);
    const bracket = { Cyrillic: 'ъ', AZERTY: '$', German: '+', US: ']' }[name]!;
    await press({ key: bracket, code: 'BracketRight' });
    await expect.poll(async () => Number.parseInt((await size.textContent())!, 10)).toBeGreaterThan(before);
  });
