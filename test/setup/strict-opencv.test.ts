// OpenCV under a policy that forbids functions made of strings: as it comes it fails there, as it is built it works.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { strictOpenCv } from '../../scripts/build/strict-opencv.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { openCvSource } from '../helpers/opencv.ts';

const source = openCvSource();

/** An ellipse on noise: looked for with GrabCut, gone round with scissors, moved and followed. */
const work = `
// What is printed of an error is a line of ten megabytes, unless it is told by its name.
process.on('uncaughtException', (error) => {
  process.stderr.write(error.name + ': ' + error.message);
  process.exit(1);
});
const cv = await (await import(process.argv[2])).default();
const [width, height] = [160, 120];
const scene = (shift) => {
  const image = new cv.Mat(height, width, cv.CV_8UC3);
  for (let i = 0; i < width * height; i++) {
    const inside = ((i % width - 70 - shift) / 40) ** 2 + ((Math.floor(i / width) - 60) / 30) ** 2 < 1;
    const noise = (i * 7919) % 23;
    image.data.fill((inside ? 170 : 50) + noise, i * 3, i * 3 + 3);
  }
  return image;
};
const image = scene(0);
const [mask, one, two] = [new cv.Mat(), new cv.Mat(), new cv.Mat()];
cv.grabCut(image, mask, new cv.Rect(20, 20, 100, 80), one, two, 3, cv.GC_INIT_WITH_RECT);
const scissors = new cv.segmentation_IntelligentScissorsMB();
scissors.setEdgeFeatureCannyParameters(16, 100);
scissors.applyImage(image);
scissors.buildMap(new cv.Point(30, 60));
const contour = new cv.Mat();
scissors.getContour(new cv.Point(110, 60), contour);
const off = [];
for (let i = 0; i < contour.rows; i++) {
  const [x, y] = contour.data32S.subarray(2 * i, 2 * i + 2);
  off.push(Math.abs(Math.hypot((x - 70) / 40, (y - 60) / 30) - 1));
}
let error = '';
try { cv.cvtColor(contour, mask, cv.COLOR_RGB2GRAY); } catch (thrown) { error = cv.exceptionFromPtr(thrown).msg; }
const thing = mask.data.filter((value) => value === 1 || value === 3).length;
process.stdout.write(JSON.stringify({ thing, points: contour.rows, furthest: Math.max(...off), error }));
`;

function run(module: string): { stdout: string; stderr: string } {
  const folder = temporaryFolder();
  const files = { module: path.join(folder, 'opencv.mjs'), work: path.join(folder, 'work.mjs') };
  writeFileSync(files.module, module);
  writeFileSync(files.work, work);
  const options = ['--disallow-code-generation-from-strings', files.work, files.module];
  return spawnSync(process.execPath, options, { encoding: 'utf8', timeout: 60_000 });
}

test('as it comes, OpenCV makes functions from strings', () => {
  expect(run(source).stderr).toContain('EvalError');
});

test('as it is built, it makes none, and finds an ellipse to within a pixel or two', () => {
  const { stdout, stderr } = run(strictOpenCv(source));
  expect(stderr).toBe('');
  const { thing, points, furthest, error } = JSON.parse(stdout) as { thing: number; points: number; furthest: number; error: string };
  const area = Math.PI * 40 * 30;
  expect(Math.abs(thing - area) / area).toBeLessThan(0.03);
  expect(points).toBeGreaterThan(60);
  expect(furthest).toBeLessThan(0.1);
  expect(error).toContain('Bad number of channels');
});

test('another version, which has other places, ends the build', () => {
  expect(() => strictOpenCv('export default 1')).toThrow(/not the version that is patched/);
  expect(() => strictOpenCv(source + source)).toThrow(/2 times/);
});
