// What the workbench removes of its own folder: the name is free at once, the rest follows, also after a kill.
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WorkFolder } from '#services/datasets/work-folder';
import { temporaryFolder } from '../helpers/dataset.ts';

function filled(root: string, ...names: string[]): string {
  const folder = path.join(root, ...names);
  mkdirSync(folder, { recursive: true });
  for (let n = 0; n < 50; n++) writeFileSync(path.join(folder, `${n}.png`), 'x');
  return folder;
}

test('a name is free at once, and what it held is off the disk when that has settled', async () => {
  const root = temporaryFolder();
  const workFolder = new WorkFolder(root);
  const folder = filled(root, 'predictions', 'a');
  workFolder.remove('predictions', 'a');
  expect(existsSync(folder)).toBe(false);
  // The same again, before the first is gone.
  filled(root, 'predictions', 'a');
  workFolder.remove('predictions', 'a');
  workFolder.remove('predictions', 'never-there');
  await workFolder.settled();
  expect([existsSync(folder), readdirSync(path.join(root, 'removed'))]).toEqual([false, []]);
});

test('what a kill has left is removed when the folder is opened next', async () => {
  const root = temporaryFolder();
  filled(root, 'removed', '1-2-3');
  const workFolder = new WorkFolder(root);
  workFolder.removeLeft();
  await workFolder.settled();
  expect(existsSync(path.join(root, 'removed'))).toBe(false);
});

test('a link in the place of what is removed leads nowhere', () => {
  const root = temporaryFolder();
  const outside = filled(temporaryFolder(), 'outside');
  symlinkSync(outside, path.join(root, 'removed'));
  expect(() => new WorkFolder(root)).toThrow('removed');
  expect(readdirSync(outside)).toHaveLength(50);
});
