import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import readXlsxFile from 'read-excel-file/node';
import { insertRun } from '../../scripts/soak/hostile-sets.ts';
import { openDatabase } from '../../src/main/services/database.ts';
import { root, startWorkbench } from '../helpers/workbench.ts';
import { clickError, expect, goTo, startTiny, test } from './fixtures.ts';

type Share = number | null;
interface Evaluated {
  mIoU: number;
  interval: [number, number];
  pixelAccuracy: number;
  perClass: { name: string; iou: Share; precision: Share; recall: Share; shapes: { boundaryF: Share; objects: { recall: Share }[] } }[];
  images: number;
}
const shownAs = (value: Share): string => value?.toFixed(3) ?? '–';

const runFolder = (userData: string) => {
  const runs = path.join(userData, 'sample/.encnet/runs');
  return path.join(runs, readdirSync(runs).sort().at(-1)!);
};

test('the loop: train from the button, export, predict, review, accept, undo', async ({ app, userData }) => {
  test.setTimeout(300_000);
  await startTiny(app, 2);
  await expect(app.getByRole('progressbar', { name: 'Training progress' })).not.toHaveAttribute('aria-valuenow', '0');
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 120_000 });
  await expect(app.getByLabel('Log', { exact: true })).toContainText('epoch 2 --- loss');
  await expect(app.getByTestId('best-miou')).toContainText(/0\.\d{3}/);
  for (const file of ['config.json', 'metrics.csv', 'last.ckpt', 'best.ckpt'])
    expect(existsSync(path.join(runFolder(userData), file))).toBe(true);

  await goTo(app, 'Runs');
  const [download] = await Promise.all([app.waitForEvent('download'), app.getByRole('link', { name: 'Export .xlsx' }).click()]);
  const [{ data: rows }] = (await readXlsxFile(await download.path())) as unknown as { data: unknown[][] }[];
  expect(rows[0].slice(0, 5)).toEqual(['epoch', 'loss', 'train_acc', 'test_acc', 'time']);
  expect(rows).toHaveLength(3);

  await app.getByRole('button', { name: 'Review', exact: true }).last().click();
  await app.getByRole('button', { name: 'Predict val' }).click();
  await expect(app.getByTestId('split-miou')).toBeVisible({ timeout: 60_000 });
  const shown = {
    miou: await app.getByTestId('split-miou').textContent(),
    accuracy: await app.getByTestId('split-accuracy').textContent(),
  };
  const evaluated = JSON.parse(
    execFileSync(
      process.execPath,
      [
        path.join(root, 'out/main/cli.js'),
        'evaluate',
        '--checkpoint',
        path.join(runFolder(userData), 'best.ckpt'),
        '--data',
        path.join(userData, 'sample'),
        '--split',
        'val',
        '--json',
      ],
      { encoding: 'utf8' },
    ),
  ) as Evaluated;
  expect(shown).toEqual({ miou: evaluated.mIoU.toFixed(3), accuracy: evaluated.pixelAccuracy.toFixed(3) });
  expect(evaluated.images).toBe(8);
  for (const { name, iou } of evaluated.perClass) await expect(app.locator(`[data-class="${name}"]`)).toHaveText(shownAs(iou));
  const bars = app.getByRole('combobox', { name: 'Measure of each class' });
  const sizes = [
    ['small', 0],
    ['medium', 1],
    ['large', 2],
  ] as const;
  const shapeMeasures: [string, (each: (typeof evaluated.perClass)[number]) => number | null][] = [
    ['boundary', ({ shapes }) => shapes.boundaryF],
    ...sizes.map(([name, at]): [string, (each: (typeof evaluated.perClass)[number]) => number | null] => [
      name,
      ({ shapes }) => shapes.objects[at].recall,
    ]),
  ];
  for (const [measure, of] of shapeMeasures) {
    await bars.selectOption(measure);
    for (const each of evaluated.perClass) await expect(app.locator(`[data-class="${each.name}"]`)).toHaveText(shownAs(of(each)));
  }
  await bars.selectOption('iou');
  const [low, high] = evaluated.interval;
  await expect(app.getByRole('complementary', { name: 'Scores' })).toContainText(`${low.toFixed(3)} to ${high.toFixed(3)}`);
  for (const measure of ['precision', 'recall'] as const) {
    await app.getByRole('combobox', { name: 'Measure of each class' }).selectOption(measure);
    for (const each of evaluated.perClass) await expect(app.locator(`[data-class="${each.name}"]`)).toHaveText(shownAs(each[measure]));
  }

  const first = (await app.getByRole('region', { name: 'Comparison' }).locator('strong').first().textContent())!;
  const mask = path.join(userData, `sample/${first.replace('val/', 'valannot/')}.png`);
  const before = readFileSync(mask);
  await app.getByRole('button', { name: 'Accept prediction' }).click();
  await expect.poll(() => readFileSync(mask).equals(before)).toBe(false);
  await expect(app.getByText('An image or its label has changed since')).toBeVisible();
  await app.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => readFileSync(mask).equals(before)).toBe(true);

  // A report is one file: opened by itself it shows its pictures, and it can be printed.
  const saved = app.waitForEvent('download');
  await app.getByRole('button', { name: 'Save report' }).click();
  const report = path.join(userData, (await saved).suggestedFilename());
  await (await saved).saveAs(report);
  const page = await app.context().newPage();
  await page.goto(pathToFileURL(report).href);
  await expect(page.getByRole('heading', { level: 1 })).not.toBeEmpty();
  await expect(page.getByText(`mIoU ${shown.miou}`).first()).toBeVisible();
  expect(await page.locator('img').evaluateAll((all) => all.map((each) => (each as HTMLImageElement).naturalWidth))).toEqual(
    new Array(8).fill(1080),
  );
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  const pdf = await page.pdf({ format: 'A4' });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)!.length).toBeGreaterThan(1);
  await page.close();

  const pane = (await app.getByRole('figure', { name: 'Errors' }).boundingBox())!;
  await app.mouse.dblclick(pane.x + pane.width * 0.5, pane.y + pane.height * 0.5);
  await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText(first.replace('val/', ''));
});

test('the mistakes of a pair are gone through patch by patch, fixed in place, kept, and taken back', async ({ app, userData }) => {
  test.setTimeout(240_000);
  await goTo(app, 'Review');
  await app.getByRole('button', { name: 'Use the starter model' }).click();
  await app.getByRole('button', { name: 'Predict val' }).click();
  await expect(app.getByTestId('split-miou')).toBeVisible({ timeout: 120_000 });
  const cell = app.getByRole('button', { name: /predicted as/ }).first();
  const [, label, predicted] = /^(\S+) predicted as ([^:]+):/.exec((await cell.getAttribute('aria-label'))!)!;
  await cell.click();
  const ranked = app.getByRole('navigation', { name: 'Ranked images' });
  await expect(ranked).toContainText(`${label} predicted as ${predicted}`);
  await expect(ranked.getByText(/^\d+ px$/).first()).toBeVisible();
  const patch = app.getByRole('status', { name: 'Chosen patch' });
  await expect(patch).toContainText(label);
  await expect(patch).toContainText(predicted);
  await app.getByRole('button', { name: 'all pairs' }).click();
  await app.keyboard.press('Escape');
  const imageId = (await app.getByRole('region', { name: 'Comparison' }).locator('strong').first().textContent())!;
  const mask = path.join(userData, `sample/${imageId.replace('val/', 'valannot/')}.png`);
  let before = readFileSync(mask);
  // The pictures have all the room while nobody looks at the list and the scores.
  await app.keyboard.press('\\');
  await expect(ranked).toBeHidden();
  await expect(app.getByRole('complementary', { name: 'Scores' })).toBeHidden();
  await app.getByRole('button', { name: 'Side panels' }).click();
  await expect(ranked).toBeVisible();
  await app.keyboard.press('n');
  await expect(patch).toContainText('1 of');
  await app.keyboard.press('p');
  await expect.poll(() => readFileSync(mask).equals(before)).toBe(false);
  await expect(app.getByText('An image or its label has changed since')).toBeVisible();
  await app.keyboard.press('Control+z');
  await expect.poll(() => readFileSync(mask).equals(before)).toBe(true);
  await expect(app.getByText('An image or its label has changed since')).toBeHidden();
  // One class alone, of those that the scores tell.
  await app.getByRole('complementary', { name: 'Scores' }).getByRole('button', { name: label }).first().click();
  const only = app.getByRole('checkbox', { name: `Only ${label}` });
  await only.check();
  await expect(only).toBeChecked();
  await only.uncheck();
  await app.getByRole('button', { name: 'by mIoU' }).click();
  await expect(only).toBeHidden();
  const work = app.getByRole('combobox', { name: 'Work on the images' });
  await work.selectOption('Needs a look');
  await expect(ranked.getByRole('button', { name: /street/ })).toHaveCount(0);
  await work.selectOption('All images');
  await expect(ranked.getByRole('button', { name: /street/ }).first()).toBeVisible();
  // The label of another image is changed, and that image alone is predicted again.
  await app.keyboard.press('p');
  await expect(app.getByText('An image or its label has changed since')).toBeVisible();
  await app.getByRole('button', { name: 'Renew 1' }).click();
  await expect(app.getByText('An image or its label has changed since')).toBeHidden({ timeout: 60_000 });
  await app.getByRole('button', { name: 'Predict again' }).click();
  await expect(app.getByText('Every image is as it was predicted: nothing was to be done.')).toBeVisible();
  before = readFileSync(mask);
  await app.keyboard.press('n');
  const left = async () => Number(/of (\d+)$/.exec((await patch.textContent())!.trim())![1]);
  await app.keyboard.press('Escape');
  await app.keyboard.press('n');
  const count = await left();
  await app.keyboard.press('k');
  await expect.poll(left).toBe(count - 1);
  expect(readFileSync(mask).equals(before)).toBe(true);
  await app.getByRole('toolbar', { name: 'Patch' }).getByRole('button', { name: /^Undo/ }).click();
  await expect.poll(left).toBe(count);
  const view = (name: string) => app.getByRole('figure', { name, exact: true });
  await app.keyboard.press('Escape');
  await expect(patch).toBeHidden();
  await clickError(app, view('Errors'));
  await expect(patch).toContainText(/ of \d+$/);
  await app.keyboard.press('f');
  await expect(view('Label')).toBeVisible();
  await expect(view('Prediction')).toBeHidden();
  await app.keyboard.press('f');
  await expect(view('Prediction')).toBeVisible();
  await app.getByRole('combobox', { name: 'Views' }).selectOption('Label and prediction');
  await expect(view('Label')).toBeVisible();
  await expect(view('Errors')).toBeHidden();
  await app.getByRole('combobox', { name: 'Views' }).selectOption('Four views');
  // Where the network is unsure, over the photo; and back to the errors.
  const last = app.getByRole('combobox', { name: 'Last view' });
  for (const name of ['Low confidence', 'High entropy', 'Errors']) {
    await last.selectOption(name);
    await expect(view(name)).toBeVisible();
  }
  // Outlines of the prediction over the label.
  const drawn = () =>
    view('Label').evaluate((figure) => {
      const canvas = figure.querySelectorAll('canvas')[2];
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, i) => i % 4 === 3 && value > 0);
    });
  expect(await drawn()).toBe(false);
  await app.getByRole('checkbox', { name: 'Outlines of the other' }).check();
  await expect.poll(drawn).toBe(true);
  await app.getByRole('checkbox', { name: 'Outlines of the other' }).uncheck();
  await expect.poll(drawn).toBe(false);
  // Label and prediction over each other, wiped by keys and by hand.
  await app.getByRole('combobox', { name: 'Views' }).selectOption('One, wiped');
  const wipe = app.getByRole('slider', { name: 'Wipe between label and prediction' });
  await expect(view('Label')).toBeVisible();
  await expect(view('Prediction')).toHaveCSS('clip-path', 'inset(0px 0px 0px 50%)');
  await wipe.focus();
  await app.keyboard.press('ArrowLeft');
  await expect(view('Prediction')).toHaveCSS('clip-path', 'inset(0px 0px 0px 48%)');
  const box = (await view('Label').boundingBox())!;
  await wipe.hover();
  await app.mouse.down();
  await app.mouse.move(box.x + 0.8 * box.width, box.y + box.height / 2, { steps: 4 });
  await app.mouse.up();
  await expect(wipe).toHaveAttribute('aria-valuenow', '80');
  await app.getByRole('combobox', { name: 'Views' }).selectOption('Four views');
  await app.getByRole('combobox', { name: 'Order of the images' }).selectOption('Most useful to label first');
  await expect(ranked.getByText(/^doubt \d/).first()).toBeVisible({ timeout: 60_000 });
  await view('Errors').click();
  await app.keyboard.press('e');
  await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
});

test('a finished run tells where it comes from, and is trained on from what it has learnt', async ({ app }) => {
  test.setTimeout(240_000);
  await startTiny(app, 1);
  const state = app.getByRole('status', { name: 'Run state' });
  await expect(state).toHaveText('Finished', { timeout: 120_000 });
  await app.getByRole('combobox', { name: 'Curve' }).selectOption('Gradient norm');
  await expect(app.getByRole('figure', { name: 'Gradient norm' })).toBeVisible();
  await app.getByRole('combobox', { name: 'Curve' }).selectOption('SE and auxiliary losses');
  await expect(app.getByRole('figure', { name: 'SE and auxiliary losses' })).toBeVisible();
  await goTo(app, 'Runs');
  // It is remembered, and drawn before anything of the run is known.
  await goTo(app, 'Train');
  await expect(app.getByRole('figure', { name: 'SE and auxiliary losses' })).toBeVisible();
  await expect(app.getByRole('region', { name: 'Confusion of an epoch' })).toContainText('Confusion, epoch 1');
  await goTo(app, 'Runs');
  const origin = app.getByRole('table', { name: 'Origin' });
  await expect(origin).toContainText('at random');
  await expect(app.getByText(/all \d+ masks are as it saw them/)).toBeVisible();
  const name = 'first steps';
  await app.getByRole('button', { name: 'Rename the run' }).click();
  await app.getByRole('textbox', { name: 'Name of the run' }).fill('first steps');
  await app.keyboard.press('Enter');
  const heading = app.getByRole('heading', { level: 2, name: 'first steps' });
  await expect(heading).toBeVisible();
  // A note is kept as it is written, without leaving the field.
  await app.getByRole('textbox', { name: 'Note' }).pressSequentially('a note');
  await app.waitForTimeout(1000);
  await app.reload();
  await goTo(app, 'Runs');
  await expect(app.getByRole('textbox', { name: 'Note' })).toHaveValue('a note');
  await app.getByRole('button', { name: 'Train on' }).click();
  const from = app.getByRole('combobox', { name: 'Start from weights' });
  await expect(from.locator('option:checked')).toHaveText(name);
  await expect(app.getByText('is that of a start from nothing')).toBeHidden();
  // Another preset has its own rate, which would undo what the weights know.
  await app.getByRole('radio', { name: 'Tiny' }).click();
  await expect(app.getByText('is that of a start from nothing')).toBeVisible();
  await app.getByRole('button', { name: 'Use fine-tuning settings' }).click();
  await expect(app.getByText('is that of a start from nothing')).toBeHidden();
  await app.getByLabel('Epochs', { exact: true }).fill('1');
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect(state).toHaveText('Training', { timeout: 60_000 });
  await expect(state).toHaveText('Finished', { timeout: 120_000 });
  await goTo(app, 'Runs');
  await expect(origin).toContainText(`of the run "${name}", epoch 1`);
});

test('pause, resume and stop; the curves move and the run can go on', async ({ app }) => {
  test.setTimeout(240_000);
  await startTiny(app, 40);
  const state = app.getByRole('status', { name: 'Run state' });
  await app.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(state).toHaveText('Paused');
  await app.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(state).toHaveText('Training');
  const log = app.getByLabel('Log', { exact: true });
  await expect(log).toContainText('epoch 1 --- loss', { timeout: 60_000 });
  const canvas = app.getByRole('figure', { name: 'Loss' }).locator('canvas');
  const first = await canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
  await expect(log).toContainText('epoch 3 --- loss', { timeout: 60_000 });
  await expect.poll(() => canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL())).not.toBe(first);
  await app.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(state).toHaveText('Stopped', { timeout: 30_000 });
  await app.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(log).toContainText('epoch 4 --- loss', { timeout: 60_000 });
  await app.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(state).toHaveText('Stopped', { timeout: 30_000 });
});

test('a killed trainer leaves the workbench up and the run resumable, with its reason', async ({ app, workbench }) => {
  test.setTimeout(240_000);
  await startTiny(app, 40);
  await expect(app.getByLabel('Log', { exact: true })).toContainText('epoch 1 --- loss', { timeout: 60_000 });
  const children = readFileSync(`/proc/${workbench.process.pid}/task/${workbench.process.pid}/children`, 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number);
  for (const pid of children) process.kill(pid, 'SIGKILL');
  await expect(app.getByRole('alert')).toContainText('The trainer was killed (SIGKILL)');
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Failed');
  await app.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Training', { timeout: 60_000 });
  // The kill may fall between a checkpoint and the epoch's line, so the line to wait for is a later one's.
  await expect(app.getByLabel('Log', { exact: true })).toContainText('epoch 4 --- loss', { timeout: 60_000 });
  await app.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Stopped', { timeout: 30_000 });
});

test('a run survives the end of the workbench: it is stopped with a checkpoint and offered again', async ({ page, userData }) => {
  test.setTimeout(240_000);
  const first = await startWorkbench({ userData });
  await page.goto(first.url);
  await startTiny(page, 40);
  await expect(page.getByLabel('Log', { exact: true })).toContainText('epoch 1 --- loss', { timeout: 60_000 });
  await first.stop();
  // The place says it too, once its run has ended.
  await expect(page.getByRole('alert').filter({ hasText: 'The workbench does not answer' }).first()).toBeVisible();
  const second = await startWorkbench({ userData });
  await page.goto(second.url);
  await goTo(page, 'Runs');
  await expect(page.getByRole('cell', { name: 'interrupted' })).toBeVisible();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect(page.getByRole('status', { name: 'Run state' })).toHaveText('Training', { timeout: 60_000 });
  await second.stop();
});

test('runs are listed, compared, deleted and restored', async ({ app }) => {
  test.setTimeout(240_000);
  for (let i = 0; i < 2; i++) {
    await startTiny(app, 1);
    await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 60_000 });
  }
  await goTo(app, 'Runs');
  await expect(app.getByRole('row')).not.toHaveCount(1);
  const boxes = app.getByRole('checkbox', { name: /^Compare/ });
  await expect(boxes).toHaveCount(2);
  await boxes.first().check();
  await boxes.nth(1).check();
  await expect(app.getByRole('heading', { name: '2 runs' })).toBeVisible();
  await expect(app.getByText('None: the runs have the same settings.')).toBeVisible();
  await boxes.first().uncheck();
  await boxes.nth(1).uncheck();
  // One is the baseline, and the other is held against it; columns are chosen, also over a reload.
  await app
    .getByRole('button', { name: /^Baseline/ })
    .nth(1)
    .click();
  await expect(app.getByRole('button', { name: 'To baseline' })).toBeVisible();
  await expect(app.getByRole('table', { name: 'Scores against the baseline' })).toContainText('mIoU');
  await expect(app.getByRole('table', { name: 'Settings against the baseline' })).toContainText('None differs.');
  await app.getByText('Columns', { exact: true }).click();
  const columns = app.getByRole('group', { name: 'Columns' });
  await columns.getByRole('checkbox', { name: 'Best epoch' }).check();
  await columns.getByRole('checkbox', { name: 'Epochs' }).uncheck();
  await expect(app.getByRole('button', { name: 'Best epoch' })).toBeVisible();
  await app.waitForTimeout(700);
  await app.reload();
  await goTo(app, 'Runs');
  await expect(app.getByRole('button', { name: 'Best epoch' })).toBeVisible();
  await expect(app.getByRole('button', { name: 'To baseline' })).toBeVisible();
  await expect(app.getByRole('columnheader', { name: 'Epochs', exact: true })).toHaveCount(0);
  await app
    .getByRole('button', { name: /^Baseline/ })
    .nth(1)
    .click();
  await expect(app.getByRole('button', { name: 'To baseline' })).toBeHidden();
  await app.getByRole('button', { name: 'Delete' }).click();
  await expect(boxes).toHaveCount(1);
  await app.getByRole('button', { name: 'Undo' }).click();
  await expect(boxes).toHaveCount(2);
  // What is deleted takes room until it is freed.
  await app.getByRole('button', { name: 'Delete' }).click();
  await expect(boxes).toHaveCount(1);
  await expect(app.getByText('of it deleted')).toBeVisible();
  // It can be looked at, and brought back; it does not go on.
  const details = app.getByRole('region', { name: 'Run details' });
  await app.getByRole('checkbox', { name: 'Deleted' }).check();
  // The list of before is there until the other one has come.
  await app
    .getByRole('row')
    .filter({ has: app.getByRole('button', { name: 'Restore' }) })
    .click();
  await expect(details.getByRole('button', { name: 'Restore' })).toBeVisible();
  await expect(details.getByRole('button', { name: /^(Delete|Resume|Train on)$/ })).toHaveCount(0);
  await app.getByRole('checkbox', { name: 'Deleted' }).uncheck();
  await app.getByRole('button', { name: 'Free space' }).click();
  const dialog = app.getByRole('dialog', { name: 'Free space' });
  await dialog.getByRole('button', { name: 'Free', exact: true }).first().click();
  await expect(dialog.getByRole('button', { name: 'Free', exact: true }).first()).toBeDisabled();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(app.getByText('of it deleted')).toHaveCount(0);
});

test('what is wrong with a folder and its history is told where a person meets it, and the rest stays usable', async ({
  page,
  userData,
}) => {
  const first = await startWorkbench({ userData });
  await first.stop();
  const folder = path.join(userData, 'sample');
  symlinkSync('/etc/passwd', path.join(folder, 'train/zz.png'));
  const db = openDatabase(path.join(folder, '.encnet/history.db'));
  insertRun(db, 'sound', { name: 'A sound run' });
  insertRun(db, '../../x', { name: 'A spoiled run' });
  db.prepare(
    `INSERT INTO prediction (id, run_id, split, protocol, checkpoint_sha256, created_at, complete, classes, class_set)
     VALUES ('p', 'sound', 'val', '[[[', '', '2020', 1, '[]', '')`,
  ).run();
  db.close();
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  await page.getByRole('button', { name: 'Problems 1' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'zz.png is a link that leads out of the data set' })).toBeVisible();
  await goTo(page, 'Runs');
  await page
    .getByRole('row', { name: /A spoiled run/ })
    .getByRole('checkbox')
    .check();
  await expect(page.getByRole('alert').filter({ hasText: 'damaged: it can only be deleted' })).toBeVisible();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('row', { name: /A spoiled run/ })).toHaveCount(0);
  await expect(page.getByRole('row', { name: /A sound run/ }).first()).toBeVisible();
  await goTo(page, 'Review');
  await expect(page.getByRole('status').filter({ hasText: 'A prediction is damaged in the history' })).toBeVisible();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByText('A prediction is damaged')).toHaveCount(0);
  await workbench.stop();
});

test('a limit that is raised in Settings reads again what it refused, and Settings give an address for one more browser', async ({
  page,
  browser,
  userData,
}) => {
  const workbench = await startWorkbench({ userData });
  await page.goto(workbench.url);
  const settings = page.getByRole('dialog', { name: 'Settings' });
  await page.getByRole('button', { name: 'Settings' }).click();
  await settings.getByRole('spinbutton', { name: 'Largest picture' }).fill('0');
  await settings.getByRole('spinbutton', { name: 'Largest picture' }).press('Tab');
  await expect(settings.getByRole('spinbutton', { name: 'Largest picture' })).toHaveValue('100');
  await settings.getByRole('spinbutton', { name: 'Largest file' }).fill('300');
  await settings.getByRole('spinbutton', { name: 'Largest file' }).press('Tab');
  await settings.getByRole('button', { name: 'New address' }).click();
  const address = (await settings.getByRole('code').textContent())!;
  const other = await browser.newContext();
  const second = await other.newPage();
  await second.goto(address);
  await second.getByRole('button', { name: 'Settings' }).click();
  await expect(second.getByRole('spinbutton', { name: 'Largest file' })).toHaveValue('300');
  await other.close();
  await workbench.stop();
});

test('images with problems are named and the rest stays usable', async ({ page, userData }) => {
  const first = await startWorkbench({ userData });
  await first.stop();
  const folder = path.join(userData, 'sample');
  const file = path.join(folder, 'trainannot/street-002.png');
  writeFileSync(file, readFileSync(file).subarray(0, 200));
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  await page.getByRole('button', { name: 'Problems 1' }).click();
  await page.getByRole('option', { name: 'street-002, train' }).click();
  await expect(page.getByRole('complementary', { name: 'Image facts' })).toContainText('street-002.png is not a whole PNG');
  await goTo(page, 'Annotate');
  await expect(page.getByText('street-002.png is not a whole PNG').first()).toBeVisible();
  await page.getByRole('button', { name: 'Next image' }).click();
  await expect(page.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await workbench.stop();
});
