// The rule table of ARCHITECTURE.md, held against every import of every file, types included.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
// @ts-expect-error: a plain module, shared with eslint.config.js, which cannot be TypeScript
import { rooms as table, rowOf as row } from '../scripts/rooms.mjs';

interface Room {
  name: string;
  folder: string;
  rooms: string[];
  packages: string[];
}
const rooms = table as Room[];
const rowOf = row as (room: Room) => string;
const src = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../src');

function filesBelow(folder: string, pattern = /\.(ts|svelte)$/): string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    return statSync(file).isDirectory() ? filesBelow(file, pattern) : pattern.test(name) ? [file] : [];
  });
}

const roomOf = (file: string): Room | undefined => rooms.find(({ folder }) => file.startsWith(path.join(src, folder) + path.sep));

const importPattern = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*'([^']+)'|import\('([^']+)'\)/g;
const importsOf = (text: string): string[] => [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2]);

const subpaths: Record<string, string> = { '#shared/': 'shared/', '#files/': 'files/', '#ml/': 'ml/', '#services/': 'main/services/' };

/** What an import leads to: a file below src/, a package, or 'node'. */
function resolve(from: string, specifier: string): { file: string } | { package: string } {
  const subpath = Object.keys(subpaths).find((prefix) => specifier.startsWith(prefix));
  if (subpath) return { file: path.join(src, subpaths[subpath], specifier.slice(subpath.length)) };
  if (specifier.startsWith('.')) return { file: path.resolve(path.dirname(from), specifier) };
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return { package: 'node' };
  return {
    package: specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/'),
  };
}

function violations(file: string, room: Room): string[] {
  return importsOf(readFileSync(file, 'utf8')).flatMap((specifier) => {
    const target = resolve(file, specifier);
    const complain = [`${path.relative(src, file)} imports ${specifier}; ${rowOf(room)}`];
    if ('package' in target) return room.packages.includes(target.package) ? [] : complain;
    const other = roomOf(target.file);
    if (!other) return room.rooms.includes(path.basename(target.file).replace(/\.ts$/, '')) ? [] : complain;
    return other === room || room.rooms.includes(other.name) ? [] : complain;
  });
}

describe('the house', () => {
  test.each(rooms.map((room) => [room.name, room] as const))('%s imports only what its row allows', (_, room) => {
    const files = filesBelow(path.join(src, room.folder));
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap((file) => violations(file, room))).toEqual([]);
  });

  test('a planted import is caught, types included', () => {
    const editor = rooms.find(({ name }) => name === 'editor')!;
    expect(importsOf("import type { A } from 'konva';\nimport { b } from '../api/assets.ts';")).toEqual(['konva', '../api/assets.ts']);
    expect(resolve(path.join(src, 'renderer/editor/x.ts'), '../api/assets.ts')).toEqual({ file: path.join(src, 'renderer/api/assets.ts') });
    expect(editor.rooms).not.toContain('api');
  });

  test('files stay small', () => {
    const lengths = filesBelow(src).map((file) => ({
      file: path.relative(src, file),
      lines: readFileSync(file, 'utf8').split('\n').length,
    }));
    expect(lengths.filter(({ lines }) => lines > 500)).toEqual([]);
    const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.9)]).toBeLessThanOrEqual(350);
  });

  test('lines have at most 140 columns', () => {
    const folders = ['src', 'test', 'scripts'].map((name) => path.join(src, '..', name));
    const files = folders.flatMap((folder) => filesBelow(folder, /\.(ts|svelte|mjs|css)$/));
    const long = files.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, index) => (line.length > 140 ? [`${path.relative(src, file)}:${index + 1}`] : [])),
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
    expect(files.map((file) => path.relative(src, file))).toEqual([]);
  });
});
