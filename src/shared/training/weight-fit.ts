/** Settings of a recipe by their paths, such as `model.width`. */
export type SettingsByPath = Record<string, string | number | boolean>;

/** How far the tensors of a weight file fit a recipe's network. */
export interface WeightFit {
  file: string;
  /** Tensors of the network, and those of them that the file gives. */
  tensors: number;
  taken: number;
  /** The same of the backbone alone. */
  backboneTensors: number;
  backboneTaken: number;
  /** Names of the network's tensors that the file lacks: they start at random. */
  missing: string[];
  /** The network's that have another shape in the file, each with both shapes in words. */
  mismatched: string[];
  /** Names of the file's that the network does not have. */
  unexpected: string[];
  /**
   * The data set's classes that the file's classifier knows, of how many, and the names of those that it lacks, which start at random;
   * 'unsaid' where it does not say which its rows are of, null where it has no classifier.
   */
  classes: { known: number; of: number; lacking: string[] } | 'unsaid' | null;
  /** Settings that the file's network has otherwise, and what would be taken with them; null where none would help. */
  remedy: { settings: SettingsByPath; taken: number; tensors: number } | null;
}

const settingsText = (settings: SettingsByPath): string =>
  Object.entries(settings)
    .map(([path, value]) => `${path}=${value}`)
    .join(' ');

const told = 5;
const some = (names: readonly string[]): string => `${names.slice(0, told).join('; ')}${names.length > told ? '; …' : ''}`;

/** What would make it fit better, in a sentence; empty if nothing would. */
const remedyText = ({ remedy }: WeightFit): string =>
  remedy ? `With ${settingsText(remedy.settings)}, ${remedy.taken} of ${remedy.tensors} would be taken.` : '';

/** Which classes a file knows, in a sentence; empty if all, or if it has no classifier. */
export function classesText({ classes }: WeightFit): string {
  if (classes === 'unsaid') return 'It does not say which classes it tells: its classifier is taken as if they were these, in this order.';
  if (!classes || classes.lacking.length === 0) return '';
  return `It knows ${classes.known} of the ${classes.of} classes; ${some(classes.lacking)} ${
    classes.lacking.length === 1 ? 'starts' : 'start'
  } at random.`;
}

/** A fit in sentences, for a log. */
export function fitSentences(fit: WeightFit): string[] {
  const { file, tensors, taken, missing, mismatched, unexpected } = fit;
  return [
    `${taken} of ${tensors} tensors taken from ${file}; ${missing.length} start at random, ` +
      `${mismatched.length} have another shape, ${unexpected.length} are not in the network`,
    ...(mismatched.length > 0 ? [`Of another shape: ${some(mismatched)}`] : []),
    ...(unexpected.length > 0 ? [`Not in the network: ${some(unexpected)}`] : []),
    ...[classesText(fit), remedyText(fit)].filter((text) => text !== ''),
  ];
}

/** Why nothing fits, with what would. */
export function noFitText(fit: WeightFit): string {
  const { file, mismatched, unexpected } = fit;
  const example = mismatched[0] ?? (unexpected[0] ? `its first is ${unexpected[0]}` : 'it has none');
  const remedy = remedyText(fit) || 'It is of another kind of network: choose another file.';
  return `${file} has no tensor that fits the network (${example}). ${remedy}`;
}
