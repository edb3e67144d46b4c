// A file is whole or as it was: renames that a scanner holds up, writers that are killed, and what the system says.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { asFileError, isTemporary, renameOver, temporaryName, writeAtomic } from '#files/atomic-write';
import { AppError } from '#shared/errors';
import { temporaryFolder } from '../helpers/dataset.ts';
import { root } from '../helpers/workbench.ts';

const refusal = (code: string) => Object.assign(new Error(code), { code });

describe('a rename over a file', () => {
  test.each(['EPERM', 'EACCES', 'EBUSY'])('that Windows refuses for a moment (%s) is tried again', (code) => {
    let left = 3;
    const rename = vi.fn(() => {
      if (left-- > 0) throw refusal(code);
    });
    renameOver('a', 'b', { platform: 'win32', rename });
    expect(rename).toHaveBeenCalledTimes(4);
    expect(rename).toHaveBeenLastCalledWith('a', 'b');
  });

  test('that Windows refuses for good ends with its reason after about a second', () => {
    const rename = vi.fn(() => {
      throw refusal('EPERM');
    });
    const begin = performance.now();
    expect(() => renameOver('a', 'b', { platform: 'win32', rename })).toThrow('EPERM');
    const took = performance.now() - begin;
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(5000);
  });

  test.each([
    ['linux', 'EPERM'],
    ['darwin', 'EBUSY'],
    ['win32', 'ENOSPC'],
    ['win32', 'ENOENT'],
  ] as const)('on %s with %s is not tried again', (platform, code) => {
    const rename = vi.fn(() => {
      throw refusal(code);
    });
    expect(() => renameOver('a', 'b', { platform, rename })).toThrow(code);
    expect(rename).toHaveBeenCalledOnce();
  });
});

describe('a write', () => {
  test('makes its folder, takes parts in order, and leaves nothing beside', () => {
    const folder = path.join(temporaryFolder(), 'a/b');
    const file = path.join(folder, 'c.bin');
    writeAtomic(file, [Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)]);
    expect([...readFileSync(file)]).toEqual([1, 2, 3]);
    writeAtomic(file, 'text');
    expect(readFileSync(file, 'utf8')).toBe('text');
    expect(readdirSync(folder)).toEqual(['c.bin']);
  });

  test('to a name as long as a name may be works', () => {
    const name = `${'n'.repeat(251)}.png`;
    const folder = temporaryFolder();
    writeAtomic(path.join(folder, name), 'x');
    expect(readdirSync(folder)).toEqual([name]);
  });

  test('into a place that is a folder fails by name and leaves that folder and nothing else', () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'taken');
    mkdirSync(path.join(file, 'inside'), { recursive: true });
    expect(() => writeAtomic(file, 'x')).toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(existsSync(path.join(file, 'inside'))).toBe(true);
  });

  test('that is killed at any moment leaves one of the two contents, whole', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'mask.png');
    writeFileSync(file, Buffer.alloc(300_000, 1));
    for (let kill = 0; kill < 6; kill++) {
      const script = `import { writeAtomic } from ${JSON.stringify(path.join(root, 'src/files/atomic-write.ts'))};
        console.log('ready');
        for (let n = 0; ; n++) writeAtomic(${JSON.stringify(file)}, Buffer.alloc(300_000, 1 + (n % 2)));`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, 5 + 7 * kill));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      const content = readFileSync(file);
      expect(content.length).toBe(300_000);
      expect(new Set(content).size).toBe(1);
      // What a kill leaves is known by its name, so that the next start takes it away.
      for (const name of readdirSync(folder)) if (name !== 'mask.png') expect(isTemporary(name)).toBe(true);
    }
  });
});

test('temporary names are known again, never the same twice, and no name of a data set is taken for one', () => {
  const file = path.join(temporaryFolder(), '0001TP_006690.png');
  const names = Array.from({ length: 50 }, () => path.basename(temporaryName(file)));
  expect(new Set(names).size).toBe(50);
  expect(names.every(isTemporary)).toBe(true);
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), (name) => {
      expect(isTemporary(`${name}.png`)).toBe(false);
      expect(isTemporary(name.replace(/^\.+/, ''))).toBe(false);
    }),
  );
  for (const name of ['.gitignore', '.a.tmp', 'x.1-2.tmp', '.x.1-2.tmp.png', '.DS_Store']) expect(isTemporary(name)).toBe(false);
});

test.each([
  ['ENOSPC', 'disk-full', 'the disk is full'],
  ['EDQUOT', 'disk-full', 'the disk is full'],
  ['EACCES', 'read-only', 'no permission'],
  ['EROFS', 'read-only', 'no permission'],
  ['ENOTDIR', 'read-only', 'a file is where a folder must be'],
  ['EEXIST', 'read-only', 'a file is where a folder must be'],
  ['ENOENT', 'not-found', 'does not exist'],
])('%s is told as %s, with the file', (code, told, words) => {
  const error = asFileError(refusal(code), '/data/masks/a.png') as AppError;
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: told, details: { file: '/data/masks/a.png' } });
  expect(error.message).toContain('/data/masks/a.png');
  expect(error.message).toContain(words);
});

test('what is no error of a file system is left as it is', () => {
  const bug = new TypeError('a bug');
  expect(asFileError(bug, 'x')).toBe(bug);
});
