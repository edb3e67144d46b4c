// What keys do while annotating: the commands, the keys that they have, and those that a person has given them.
import { isWay } from './chords.ts';
import { toolNames, type ToolName } from '../editor/tools/tool.ts';

export const commandGroups = ['Tools', 'Painting', 'Assistant', 'Classes', 'Mask', 'View', 'Images'] as const;

interface CommandInfo {
  title: string;
  group: (typeof commandGroups)[number];
  keys: readonly string[];
}

const table = {
  'tool.take': { title: 'Take from the proposal', group: 'Tools', keys: ['T'] },
  'tool.brush': { title: 'Brush', group: 'Tools', keys: ['B'] },
  'tool.eraser': { title: 'Eraser; held: whatever is in hand erases', group: 'Tools', keys: ['E'] },
  'tool.outline': { title: 'Outline by dragging', group: 'Tools', keys: ['O'] },
  'tool.polygon': { title: 'Polygon', group: 'Tools', keys: ['P'] },
  'tool.scissors': { title: 'Scissors along edges', group: 'Tools', keys: ['I'] },
  'tool.superpixels': { title: 'Superpixels', group: 'Tools', keys: ['S'] },
  'tool.wand': { title: 'Wand by colour', group: 'Tools', keys: ['W'] },
  'tool.cutout': { title: 'Cut out in a box', group: 'Tools', keys: ['C'] },
  'tool.rectangle': { title: 'Rectangle', group: 'Tools', keys: ['R'] },
  'tool.ellipse': { title: 'Ellipse', group: 'Tools', keys: ['Shift+R'] },
  'tool.line': { title: 'Line of a width', group: 'Tools', keys: ['L'] },
  'tool.fill': { title: 'Fill', group: 'Tools', keys: ['F'] },
  'tool.clean': { title: 'Clean up', group: 'Tools', keys: ['K'] },
  'brush.smaller': { title: 'Smaller brush, line or superpixels; less tolerance of the wand', group: 'Painting', keys: ['['] },
  'brush.larger': { title: 'Larger brush, line or superpixels; more tolerance of the wand', group: 'Painting', keys: [']'] },
  'brush.shape': { title: 'Round or square brush', group: 'Painting', keys: ['Q'] },
  'brush.guide': { title: 'Keep the brush to what belongs together', group: 'Painting', keys: ['G'] },
  'where.unlabelled': { title: 'Paint only where not labelled', group: 'Painting', keys: ['U'] },
  'assist.all': { title: 'Take the whole proposal', group: 'Assistant', keys: ['Ctrl+Enter'] },
  'assist.live': { title: 'Paint what it learns at once', group: 'Assistant', keys: ['Shift+T'] },
  'assist.previous': { title: 'Propose the labels of the previous image', group: 'Assistant', keys: ['N'] },
  'assist.next': { title: 'Propose the labels of the next image', group: 'Assistant', keys: ['Shift+N'] },
  'class.swap': { title: 'The class before', group: 'Classes', keys: ['X'] },
  'class.none': { title: 'Not labelled', group: 'Classes', keys: ['`'] },
  'class.find': { title: 'Find a class by typing', group: 'Classes', keys: ['/'] },
  'mask.undo': { title: 'Undo', group: 'Mask', keys: ['Ctrl+Z'] },
  'mask.redo': { title: 'Redo', group: 'Mask', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'] },
  'mask.save': { title: 'Save now', group: 'Mask', keys: ['Ctrl+S'] },
  'view.mask': { title: 'Hide or show the mask', group: 'View', keys: ['H'] },
  'view.contours': { title: 'Contours of the mask only', group: 'View', keys: ['Shift+H'] },
  'view.solo': { title: 'The class in hand alone', group: 'View', keys: ['Z'] },
  'view.compare': { title: 'Held: the mask as it was before its first edit', group: 'View', keys: ['Y'] },
  'view.fit': { title: 'Fit the image', group: 'View', keys: ['Ctrl+0'] },
  'view.actual': { title: 'A pixel of the image on one of the screen', group: 'View', keys: ['Shift+Z'] },
  'view.in': { title: 'Zoom in', group: 'View', keys: ['Ctrl++', 'Ctrl+='] },
  'view.out': { title: 'Zoom out', group: 'View', keys: ['Ctrl+-'] },
  'view.left': { title: 'Move the view left', group: 'View', keys: ['Shift+ArrowLeft'] },
  'view.right': { title: 'Move the view right', group: 'View', keys: ['Shift+ArrowRight'] },
  'view.up': { title: 'Move the view up', group: 'View', keys: ['Shift+ArrowUp'] },
  'view.down': { title: 'Move the view down', group: 'View', keys: ['Shift+ArrowDown'] },
  'view.panels': { title: 'Side panels', group: 'View', keys: ['\\'] },
  'work.done': { title: 'The image is done, or not yet', group: 'Images', keys: ['M'] },
  'work.look': { title: 'The image needs a look, or not', group: 'Images', keys: ['Shift+M'] },
  'image.unlabelled': { title: 'Next image without a label', group: 'Images', keys: ['Shift+D'] },
  'image.look': { title: 'Next image that needs a look', group: 'Images', keys: ['Shift+L'] },
  'image.doubt': { title: 'The image that would teach the model most', group: 'Images', keys: ['Shift+U'] },
  'image.next': { title: 'Next image', group: 'Images', keys: ['D', 'ArrowRight'] },
  'image.previous': { title: 'Previous image', group: 'Images', keys: ['A', 'ArrowLeft'] },
  'help.keys': { title: 'Show these keys', group: 'View', keys: ['?'] },
} as const satisfies Record<string, CommandInfo>;

export type CommandId = keyof typeof table;

export const commands: Readonly<Record<CommandId, CommandInfo>> = table;
export const commandIds = Object.keys(table) as CommandId[];

/** The tool that a command takes into the hand; null for any other command. */
export const toolOf = (id: CommandId): ToolName | null => toolNames.find((name) => id === `tool.${name}`) ?? null;

/** The keys that a person has given commands, instead of their own. */
export type KeyChoices = Readonly<Partial<Record<CommandId, readonly string[]>>>;

export function keysOf(id: CommandId, choices: KeyChoices): readonly string[] {
  const own = choices[id]?.filter((chord) => !isWay(chord));
  if (own) return own;
  // What a person has given another command is that one's, also where a newer one comes with it.
  const given = Object.values(choices).flat();
  return commands[id].keys.filter((chord) => !given.includes(chord));
}

/** The first of a command's keys, as it is shown; none where a person has given it to another. */
export const keyOf = (id: CommandId, choices: KeyChoices): string | undefined => keysOf(id, choices).map(chordText).at(0);

/** What something does, with the first of its keys as a person has chosen it. */
export function withKey(text: string, id: CommandId, choices: KeyChoices): string {
  const key = keyOf(id, choices);
  return key === undefined ? text : `${text} (${key})`;
}

/** The command of each chord. */
export function commandsByChord(choices: KeyChoices): Map<string, CommandId> {
  return new Map(commandIds.flatMap((id) => keysOf(id, choices).map((chord) => [chord, id] as const)));
}

/** Gives a command a chord of its own. @returns the choices, and the command that has lost it; null where it was free */
export function withChord(choices: KeyChoices, id: CommandId, chord: string): { choices: KeyChoices; taken: CommandId | null } {
  const holder = commandsByChord(choices).get(chord);
  const taken = holder !== undefined && holder !== id ? holder : null;
  const left = taken ? { [taken]: keysOf(taken, choices).filter((each) => each !== chord) } : {};
  return { choices: { ...choices, ...left, [id]: [chord] }, taken };
}

/** A chord as it is shown. */
export const chordText = (chord: string): string =>
  chord.replace('Arrow', '').replace(/^(.+\+)?Space$/, (_, held: string | undefined) => `${held ?? ''}Space`);
