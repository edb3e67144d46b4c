// The rule table of ARCHITECTURE.md: which room may import what. Lint and test/architecture.test.ts both read it.

const node = 'node';
const entry = (name, file, rooms, packages) => ({ name, paths: [file], rooms, packages });
const room = (name, folder, rooms, packages) => ({ name, paths: [`${folder}/`], rooms, packages });

/**
 * Each room: its folder or file below src/, which other rooms it may import, and which packages.
 * `node` stands for Node's own modules.
 */
export const rooms = [
  room('shared', 'shared', [], ['zod']),
  room('files', 'files', ['shared'], [node, 'sharp', 'better-sqlite3', 'fast-bmp', 'tiff', 'zod']),
  room('ml', 'ml', ['shared', 'files'], [node, '@tensorflow/tfjs-node-gpu', 'fflate', 'protobufjs']),
  room(
    'services',
    'main/services',
    ['shared', 'files'],
    [
      node,
      'better-sqlite3',
      'fflate',
      'lru-cache',
      'chokidar',
      'sharp',
      'zod',
      '@msgpack/msgpack',
      'write-excel-file',
      'yauzl',
      'protobufjs',
      'piscina',
      'pino',
      'rotating-file-stream',
    ],
  ),
  room('electron host', 'main/electron', ['shared', 'services', 'create-services'], [node, 'electron']),
  room('browser host', 'main/server', ['shared', 'services', 'create-services'], [node, 'ws']),
  room('command line', 'main/cli', ['shared', 'files', 'services'], [node, 'commander']),
  entry('create-services', 'main/create-services.ts', ['shared', 'files', 'services'], []),
  entry('user-data', 'main/user-data.ts', ['services'], [node]),
  entry('desktop entry', 'main/index.ts', ['services', 'create-services', 'electron host', 'user-data'], [node, 'electron']),
  entry('browser entry', 'main/serve.ts', ['shared', 'services', 'create-services', 'browser host', 'user-data'], [node, 'commander']),
  entry('command line entry', 'main/cli.ts', ['shared', 'files', 'services', 'command line', 'user-data'], [node, 'commander']),
  room('preload', 'preload', [], ['electron']),
  room('editor', 'renderer/editor', ['shared'], []),
  room('assist', 'renderer/assist', ['shared', 'editor'], []),
  room('vision', 'renderer/vision', ['shared', 'editor', 'assist'], ['@opencvjs/web']),
  room('canvas', 'renderer/canvas', ['shared', 'editor'], ['konva']),
  room('api', 'renderer/api', ['shared'], ['@msgpack/msgpack']),
  room('state', 'renderer/state', ['shared', 'editor', 'assist', 'vision', 'api'], ['svelte']),
  room('ui', 'renderer/ui', ['shared', 'state'], ['svelte', '@lucide/svelte', 'uplot']),
  room('features', 'renderer/features', ['shared', 'editor', 'canvas', 'api', 'state', 'ui'], ['svelte', '@lucide/svelte', 'virtua']),
  entry('page', 'renderer/App.svelte', ['shared', 'api', 'state', 'ui', 'features'], []),
  entry('locale', 'renderer/locale.ts', [], []),
  entry('page entry', 'renderer/main.ts', ['page', 'ui', 'locale'], ['svelte']),
].map((row) => ({ ...row, files: row.paths.map((path) => `src/${path.endsWith('/') ? `${path}**/*.{ts,svelte}` : path}`) }));

const subpaths = { shared: '#shared', files: '#files', ml: '#ml', services: '#services' };
const everyPackage = [...new Set(rooms.flatMap(({ packages }) => packages))].filter((name) => name !== node);

/** The patterns that ESLint's no-restricted-imports takes for a room. */
export function restrictionsOf(room) {
  const closedRooms = Object.keys(subpaths).filter((name) => name !== room.name && !room.rooms.includes(name));
  const closedPackages = everyPackage.filter((name) => !room.packages.includes(name));
  const message = rowOf(room);
  const isFeature = room.name === 'features';
  return [
    ...(isFeature ? [] : [{ group: ['../../*', '../../**'], message: 'Use a subpath import (#shared/…) instead of ../../' }]),
    ...closedRooms.map((name) => ({ group: [`${subpaths[name]}/*`, `${subpaths[name]}/**`], message })),
    ...closedPackages.map((name) => ({ group: [name, `${name}/*`], message })),
    ...(room.packages.includes(node) ? [] : [{ group: ['node:*'], message }]),
  ];
}

/** A room's row of the table, in words. */
export function rowOf(room) {
  return `${room.name} (src/${room.paths.join(', ')}) may import ${[...room.rooms, ...room.packages].join(', ') || 'nothing but itself'}`;
}
