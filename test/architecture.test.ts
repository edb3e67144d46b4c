// The rule table of ARCHITECTURE.md, held against every import of every file, types included.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
// @ts-expect-error: a plain module, shared with eslint.config.js, which cannot be TypeScript
import { rooms as table, rowOf as row } from '../scripts/rooms.mjs';

interface Room {
  name: string;
  /** Folders, with a slash at their end, and files below src/. */
  paths: string[];
  rooms: string[];
  packages: string[];
}
const rooms = table as Room[];
const rowOf = row as (room: Room) => string;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const src = path.join(root, 'src');

function filesBelow(folder: string, pattern = /\.(ts|svelte)$/): string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    return statSync(file).isDirectory() ? filesBelow(file, pattern) : pattern.test(name) ? [file] : [];
  });
}

const relative = (file: string): string => path.relative(src, file).split(path.sep).join('/');
const roomOf = (file: string): Room | undefined =>
  rooms.find(({ paths }) => paths.some((at) => (at.endsWith('/') ? relative(file).startsWith(at) : relative(file) === at)));

/** What rooms load in another way than by importing it. */
const loaded: Record<string, string[]> = { ml: ['@tensorflow/tfjs-node-gpu'] };

const importPattern = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*'([^']+)'|import\('([^']+)'\)/g;
const importsOf = (text: string): string[] => [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2]);

const subpaths: Record<string, string> = { '#shared/': 'shared/', '#files/': 'files/', '#ml/': 'ml/', '#services/': 'main/services/' };

/** What an import leads to: a file, a package, or 'node'. */
function resolve(from: string, specifier: string): { file: string } | { package: string } {
  const subpath = Object.keys(subpaths).find((prefix) => specifier.startsWith(prefix));
  if (subpath) return { file: path.join(src, subpaths[subpath], `${specifier.slice(subpath.length)}.ts`) };
  if (specifier.startsWith('.')) return { file: path.resolve(path.dirname(from), specifier) };
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return { package: 'node' };
  return {
    package: specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/'),
  };
}

/** What a file with this text must not import, each with the broken row. */
function violations(file: string, text: string): string[] {
  const room = roomOf(file);
  if (!room) return [`${relative(file)} lies in no room of the rule table`];
  return importsOf(text).flatMap((specifier) => {
    const target = resolve(file, specifier);
    const complain = [`${relative(file)} imports ${specifier}; ${rowOf(room)}`];
    if ('package' in target) return room.packages.includes(target.package) ? [] : complain;
    if (target.file.endsWith('.css')) return [];
    const other = roomOf(target.file);
    return other === room || (other && room.rooms.includes(other.name)) ? [] : complain;
  });
}

/** Import circles among files, each as the files on its way. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const state = new Map<string, 'open' | 'done'>();
  const found: string[][] = [];
  const visit = (file: string, way: string[]): void => {
    if (state.get(file) === 'open') found.push([...way.slice(way.indexOf(file)), file]);
    if (state.has(file)) return;
    state.set(file, 'open');
    for (const next of imports.get(file) ?? []) visit(next, [...way, file]);
    state.set(file, 'done');
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

const everyFile = ['src', 'test', 'scripts'].flatMap((name) => filesBelow(path.join(root, name), /\.(ts|svelte|mjs|css)$/));
const fileImports = (file: string): string[] =>
  importsOf(readFileSync(file, 'utf8')).flatMap((specifier) => {
    const target = resolve(file, specifier);
    return 'file' in target && existsSync(target.file) ? [path.relative(root, target.file)] : [];
  });

describe('the house', () => {
  test('every file imports only what the row of its room allows', () => {
    const files = filesBelow(src);
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap((file) => violations(file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  test('every room of the table is there', () => {
    for (const { paths } of rooms) for (const at of paths) expect(existsSync(path.join(src, at)), at).toBe(true);
  });

  test('every package that a room may import is imported there', () => {
    const packagesOf = (room: Room) =>
      everyFile
        .filter((file) => roomOf(file) === room)
        .flatMap((file) => importsOf(readFileSync(file, 'utf8')).map((specifier) => resolve(file, specifier)))
        .flatMap((target) => ('package' in target ? [target.package] : []));
    const idle = rooms.flatMap((room) => {
      const used = new Set([...packagesOf(room), ...(loaded[room.name] ?? [])]);
      return room.packages.filter((name) => !used.has(name)).map((name) => `${room.name}: ${name}`);
    });
    expect(idle).toEqual([]);
  });

  test.each([
    ['renderer/editor/x.ts', "import type { A } from 'konva';", 'imports konva; editor'],
    ['renderer/editor/x.ts', "import { b } from '../api/assets.ts';", 'imports ../api/assets.ts; editor'],
    ['main/services/x/y.ts', "import type { Tape } from '#ml/tensor/tape';", 'imports #ml/tensor/tape; services'],
    ['main/services/x/y.ts', "const e = await import('electron');", 'imports electron; services'],
    ['main/server/x.ts', "export { a } from '../electron/ipc.ts';", 'imports ../electron/ipc.ts; browser host'],
    ['main/index.ts', "import { b } from './server/browser-host.ts';", 'imports ./server/browser-host.ts; desktop entry'],
    ['shared/x.ts', "import fs from 'node:fs';", 'imports node:fs; shared'],
    ['stray.ts', '', 'lies in no room'],
  ])('a planted import is caught: %s with %s', (file, text, expected) => {
    expect(violations(path.join(src, file), text)).toEqual([expect.stringContaining(expected)]);
  });

  test('no files import each other in a circle, types included', () => {
    expect(circles(new Map(everyFile.map((file) => [path.relative(root, file), fileImports(file)])))).toEqual([]);
  });

  test('a planted circle is caught', () => {
    expect(circles(new Map(Object.entries({ a: ['b'], b: ['c'], c: ['b'], d: ['a'] })))).toEqual([['b', 'c', 'b']]);
  });

  test('features ask main through state, so that one place knows what is asked and what comes of it', () => {
    const features = filesBelow(path.join(src, 'renderer/features'));
    const asking = features.filter((file) => /\bclient\s*\./.test(readFileSync(file, 'utf8')));
    expect(asking.map(relative)).toEqual([]);
  });

  test('files stay small', () => {
    const lengths = filesBelow(src).map((file) => ({ file: relative(file), lines: readFileSync(file, 'utf8').split('\n').length }));
    expect(lengths.filter(({ lines }) => lines > 500)).toEqual([]);
    const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.9)]).toBeLessThanOrEqual(350);
  });

  test('lines have at most 140 columns', () => {
    const long = everyFile.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, index) => (line.length > 140 ? [`${path.relative(root, file)}:${index + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  test('colour literals live in the tokens alone', () => {
    const files = filesBelow(path.join(src, 'renderer')).filter((file) =>
      /#[0-9a-f]{3,8}\b(?![\w/])/i.test(
        readFileSync(file, 'utf8')
          .replaceAll(/[{}]|&#\d+;/g, '')
          .replaceAll(/#(shared|snippet|if|each|key|await)\b/g, ''),
      ),
    );
    expect(files.map(relative)).toEqual([]);
  });
});
