// One cause of what is foreign in many masks, and the one change that settles it.
import type { ClassInfo } from '../classes/class-info.ts';
import { isVoidName } from '../classes/class-names.ts';
import { keptVoidColour } from '../classes/void-colour.ts';
import type { BuiltInName } from '../classes/class-set-schema.ts';
import type { Arrangement } from './arrangement.ts';
import { colourWord, isColourWord, valueOfWord, valueWord } from './pixel-words.ts';

/** What a change of how a data set is read says anew. */
export type ArrangementChange = Partial<Pick<Arrangement, 'classes' | 'masks' | 'readAs' | 'voidColour'>>;

export interface Advice {
  /** What is seen. */
  text: string;
  /** What to do about it, on a button. */
  action: string;
  change: ArrangementChange;
}

/** A class set that masks could have been made with. */
export interface KnownClassSet {
  key: BuiltInName;
  name: string;
  classes: readonly ClassInfo[];
  voidValue: number;
}

/** What the survey tells of an image. */
interface SeenImage {
  classPixels: readonly number[] | null;
  /** When its mask was painted here last; what was is meant as it is. */
  editedAt: string | null;
  problems: readonly { foreign?: string; text?: string }[];
}

interface Seen {
  entries: readonly SeenImage[];
  classes: readonly ClassInfo[];
  classSet: string;
  voidValue: number;
  arrangement: Pick<Arrangement, 'masks' | 'readAs' | 'classes' | 'voidColour'>;
}

/** Masks that are enough to tell that their values are meant otherwise. */
const enough = 3;

/** @param known the class sets that come with the workbench */
export function adviceFor(seen: Seen, known: readonly KnownClassSet[]): Advice | null {
  const masks = seen.entries.filter(({ classPixels }) => classPixels !== null);
  const foreignIn = masks.map(({ problems }) => problems.flatMap(({ foreign }) => foreign ?? []));
  const foreign = [...new Set(foreignIn.flat())];
  const affected = foreignIn.filter((each) => each.length > 0).length;
  const of = affected === masks.length ? `All ${affected} masks` : `${affected} of ${masks.length} masks`;
  if (foreign.length === 0) {
    const given = masks.filter(({ editedAt }) => editedAt === null);
    const byValues =
      seen.arrangement.masks === 'colour' ? null : (onlyIsWhite(seen, given) ?? secondIsVoid(seen, given) ?? fromOne(seen, given, []));
    return voidAmong(seen) ?? byValues;
  }
  if (foreign.every(isColourWord)) return coloursOf(seen, masks, foreign, known, of);
  const values = foreign.flatMap((text) => valueOfWord(text) ?? []);
  if (values.length < foreign.length) return null;
  // A value among colours is a number without a colour, and no other way to read the set.
  if (seen.arrangement.masks === 'colour') return null;
  const present = valuesIn(seen, masks);
  const shifted = fromOne(seen, masks, values);
  if (shifted) return shifted;
  if (values.length === 1 && values[0] === 255) return aboutIgnored(seen, present, of, masks.length);
  const wider = known
    .filter(({ name, classes, voidValue }) => name !== seen.classSet && covers([...present, ...values], classes, voidValue))
    .sort((a, b) => a.classes.length - b.classes.length)[0];
  if (!wider) return null;
  return {
    text: `${of} hold values up to ${Math.max(...values)}, which are those of ${wider.name} and not of ${seen.classSet}.`,
    action: `Read them as ${wider.name}`,
    change: { classes: { builtIn: wider.key }, masks: seen.arrangement.masks, readAs: {} },
  };
}

/** The stored values of the classes that masks hold, without void. */
const valuesIn = ({ classes }: Seen, masks: Seen['entries']): number[] =>
  classes.flatMap(({ id, value = id }) => (masks.some(({ classPixels }) => classPixels![id] > 0) ? [value] : []));

const covers = (values: readonly number[], classes: readonly ClassInfo[], voidValue: number): boolean =>
  values.every((value) => value === voidValue || classes.some(({ id, value: own = id }) => own === value));

/** Masks of two values, or 255 as most programs write "not labelled". */
function aboutIgnored({ arrangement }: Seen, present: readonly number[], of: string, masks: number): Advice {
  // Whatever is in the picture may be missing from one: it is enough that there is nothing else in any.
  if (present.every((value) => value === 0)) {
    const classes = [
      { value: 0, name: 'background', color: [90, 90, 90] as [number, number, number] },
      { value: 255, name: 'foreground', color: [230, 160, 40] as [number, number, number] },
    ];
    return {
      text: `${masks === 1 ? 'The only mask holds' : `All ${masks} masks hold`} 0 and 255 alone: they tell two classes apart.`,
      action: 'Read them as background and foreground',
      change: { classes: { name: 'Two classes', voidValue: 254, classes }, masks: arrangement.masks, readAs: {} },
    };
  }
  return {
    text: `${of} use 255, which many programs write where nothing is labelled.`,
    action: 'Take 255 as not labelled',
    change: { readAs: { ...arrangement.readAs, 'value 255': null } },
  };
}

/** A list names what is not labelled among its classes: as one of them it would be trained. */
function voidAmong({ classes, classSet, arrangement }: Seen): Advice | null {
  const isVoid = classes.find(({ name }) => isVoidName(name));
  if (!isVoid || classes.length < 2 || 'builtIn' in arrangement.classes) return null;
  const others = classes.filter((each) => each !== isVoid);
  const named = { name: classSet, classes: others.map(({ id, value = id, name, color }) => ({ value, name, color })) };
  const text = `${isVoid.name} is one of the classes, and would be trained as one.`;
  const action = `Take ${isVoid.name} as not labelled`;
  if (arrangement.masks !== 'colour') return { text, action, change: { classes: { ...named, voidValue: isVoid.value ?? isVoid.id } } };
  const colour = { [colourWord(isVoid.color)]: null };
  const kept = keptVoidColour(arrangement.voidColour, classes, others);
  return { text, action, change: { classes: named, readAs: { ...arrangement.readAs, ...colour }, voidColour: kept } };
}

/** The only class is 0, and 255 is what is not labelled: most programs write what they mark in white on black. */
function onlyIsWhite({ classes, voidValue, arrangement }: Seen, masks: Seen['entries']): Advice | null {
  const [only] = classes;
  const has = (place: number) => masks.some(({ classPixels }) => classPixels!.at(place)! > 0);
  if (classes.length !== 1 || (only.value ?? 0) !== 0 || voidValue !== 255 || !has(0) || !has(-1)) return null;
  const named = [
    { value: 0, name: only.name.toLowerCase() === 'background' ? 'other' : 'background', color: [90, 90, 90] as [number, number, number] },
    { value: 255, name: only.name, color: only.color },
  ];
  return {
    text: `0 is ${only.name} in ${masks.length > 1 ? 'masks' : 'the mask'}, and 255 is not labelled: is it the other way?`,
    action: `Read 255 as ${only.name}, and 0 as ${named[0].name}`,
    change: { classes: { name: 'Two classes', voidValue: 254, classes: named }, masks: arrangement.masks, readAs: {} },
  };
}

/** Of two classes the second is never there, and 255 is: as masks of two classes are often written. */
function secondIsVoid({ classes, voidValue, arrangement }: Seen, masks: Seen['entries']): Advice | null {
  const [first, second] = classes;
  const has = (place: number) => masks.some(({ classPixels }) => classPixels!.at(place)! > 0);
  if (classes.length !== 2 || voidValue !== 255 || !has(0) || has(1) || !has(-1)) return null;
  const holds = masks.length > 1 ? 'they hold' : 'it holds';
  const named = [
    { value: first.value ?? 0, name: first.name, color: first.color },
    { value: 255, name: second.name, color: second.color },
  ];
  return {
    text: `No mask holds ${second.value ?? 1} (${second.name}), and ${holds} 255: is that ${second.name}?`,
    action: `Read 255 as ${second.name}`,
    change: { classes: { name: 'Two classes', voidValue: 254, classes: named }, masks: arrangement.masks, readAs: {} },
  };
}

/**
 * Values that count from 1, in a class set that counts from 0: its first class is never there, and one value is too many, which is void or
 * foreign. @param foreign the values of no class
 */
function fromOne({ classes, classSet, voidValue, arrangement }: Seen, masks: Seen['entries'], foreign: readonly number[]): Advice | null {
  const last = classes.length;
  const countsFromZero = classes.every(({ id, value = id }) => value === id);
  const has = (id: number) => masks.filter(({ classPixels }) => classPixels!.at(id)! > 0).length;
  const others = classes.filter(({ id }) => id > 0 && has(id) > 0).length;
  if (!countsFromZero || has(0) > 0 || masks.length < enough || others < Math.min(2, last - 1)) return null;
  // One more than the last may be what is not labelled; 255 is so in any set.
  if (!foreign.every((value) => value === last || value === last + 1 || value === 255)) return null;
  // What is read as void hides whether anything holds the value of void itself.
  if (voidValue === last && Object.values(arrangement.readAs).includes(null)) return null;
  const holdsLast = (mask: SeenImage) =>
    voidValue === last ? mask.classPixels!.at(-1)! > foreignPixels(mask) : mask.problems.some((each) => each.foreign === valueWord(last));
  const withLast = masks.filter(holdsLast).length;
  if (withLast === 0) return null;
  const kept = Object.entries(arrangement.readAs).filter(([text]) => (valueOfWord(text) ?? 0) > last + 1);
  const voidIs = foreign.includes(last + 1) ? last + 1 : 0;
  return {
    text: `No mask holds 0 (${classes[0].name}), and ${withLast} of ${masks.length} hold ${last}: do their values count from 1?`,
    action: `Count from 1, and take ${voidIs} as not labelled`,
    change: {
      classes: {
        name: `${classSet} from 1`.slice(0, 60),
        voidValue: voidIs,
        classes: classes.map(({ name, color }, id) => ({ value: id + 1, name, color })),
      },
      masks: arrangement.masks,
      readAs: {
        ...Object.fromEntries(kept),
        ...asVoid(voidValue > last ? voidValue : null),
        ...asVoid(foreign.includes(255) ? 255 : null),
      },
    },
  };
}

/** How many pixels of a mask are in no class, as its problems tell them. */
const foreignPixels = ({ problems }: SeenImage): number =>
  problems.reduce((sum, { foreign, text = '' }) => sum + (foreign === undefined ? 0 : Number(/ in (\d+) pixels/.exec(text)?.[1] ?? 0)), 0);

const asVoid = (value: number | null) => (value === null ? {} : { [valueWord(value)]: null });

/** Colours of another class set than the one that masks are read by. */
function coloursOf(
  { classes, classSet }: Seen,
  masks: Seen['entries'],
  foreign: readonly string[],
  known: readonly KnownClassSet[],
  of: string,
): Advice | null {
  const used = classes.filter(({ id }) => masks.some(({ classPixels }) => classPixels![id] > 0)).map(({ color }) => colourWord(color));
  const fits = known.find(({ name, classes: theirs }) => {
    const colours = new Set(theirs.map(({ color }) => colourWord(color)));
    return name !== classSet && [...foreign, ...used].every((text) => colours.has(text) || text === 'colour 0 0 0');
  });
  if (!fits) return null;
  return {
    text: `${of} hold colours of ${fits.name}, and not of ${classSet}.`,
    action: `Read them as ${fits.name}`,
    change: { classes: { builtIn: fits.key }, masks: 'colour', readAs: {} },
  };
}
