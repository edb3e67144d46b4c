// The rule table of ARCHITECTURE.md: which room may import what. Lint and test/architecture.test.ts both read it.

/**
 * Each room: its folder below src/, which other rooms it may import, and which packages.
 * `node` stands for Node's own modules.
 */
export const rooms = [
  { name: 'shared', folder: 'shared', rooms: [], packages: ['zod'] },
  { name: 'files', folder: 'files', rooms: ['shared'], packages: ['node', 'fast-png', 'zod'] },
  {
    name: 'ml',
    folder: 'ml',
    rooms: ['shared', 'files'],
    packages: ['node', '@tensorflow/tfjs-node-gpu', 'sharp', 'fflate', 'protobufjs'],
  },
  {
    name: 'services',
    folder: 'main/services',
    rooms: ['shared', 'files'],
    packages: ['node', 'better-sqlite3', 'sharp', 'zod', '@msgpack/msgpack', 'write-excel-file', 'protobufjs'],
  },
  { name: 'electron host', folder: 'main/electron', rooms: ['shared', 'services', 'create-services'], packages: ['node', 'electron'] },
  {
    name: 'browser host',
    folder: 'main/server',
    rooms: ['shared', 'services', 'create-services'],
    packages: ['node', 'ws', '@msgpack/msgpack'],
  },
  { name: 'command line', folder: 'main/cli', rooms: ['shared', 'files', 'services'], packages: ['node', 'commander'] },
  { name: 'preload', folder: 'preload', rooms: [], packages: ['electron'] },
  { name: 'editor', folder: 'renderer/editor', rooms: ['shared'], packages: [] },
  { name: 'canvas', folder: 'renderer/canvas', rooms: ['shared', 'editor'], packages: ['konva'] },
  { name: 'api', folder: 'renderer/api', rooms: ['shared'], packages: ['@msgpack/msgpack'] },
  { name: 'state', folder: 'renderer/state', rooms: ['shared', 'editor', 'api'], packages: ['svelte'] },
  { name: 'ui', folder: 'renderer/ui', rooms: ['shared', 'state'], packages: ['svelte', '@lucide/svelte', 'uplot'] },
  {
    name: 'features',
    folder: 'renderer/features',
    rooms: ['shared', 'editor', 'canvas', 'api', 'state', 'ui'],
    packages: ['svelte', '@lucide/svelte', 'uplot', 'virtua'],
  },
].map((room) => ({ ...room, files: [`src/${room.folder}/**/*.{ts,svelte}`] }));

const subpaths = { shared: '#shared', files: '#files', ml: '#ml', services: '#services' };
const everyPackage = [...new Set(rooms.flatMap(({ packages }) => packages))].filter((name) => name !== 'node');

/** The patterns that ESLint's no-restricted-imports takes for a room. */
export function restrictionsOf(room) {
  const closedRooms = Object.keys(subpaths).filter((name) => name !== room.name && !room.rooms.includes(name));
  const closedPackages = everyPackage.filter((name) => !room.packages.includes(name));
  const message = rowOf(room);
  return [
    {
      group: ['../../*', '../../**'].filter(() => !room.folder.startsWith('renderer/features')),
      message: 'Use a subpath import (#shared/…) instead of ../../',
    },
    ...closedRooms.map((name) => ({ group: [`${subpaths[name]}/*`, `${subpaths[name]}/**`], message })),
    ...closedPackages.map((name) => ({ group: [name, `${name}/*`], message })),
    ...(room.packages.includes('node') ? [] : [{ group: ['node:*'], message }]),
  ].filter(({ group }) => group.length > 0);
}

/** A room's row of the table, in words. */
export function rowOf(room) {
  return `${room.name} (src/${room.folder}) may import ${[...room.rooms, ...room.packages].join(', ') || 'nothing but itself'}`;
}
