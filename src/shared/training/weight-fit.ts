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
  /** Settings that the file's network has otherwise, and what would be taken with them; null where none would help. */
  remedy: { settings: SettingsByPath; taken: number; tensors: number } | null;
}

export const settingsText = (settings: SettingsByPath): string =>
  Object.entries(settings)
    .map(([path, value]) => `${path}=${value}`)
    .join(' ');

const told = 5;
const some = (names: readonly string[]): string => `${names.slice(0, told).join('; ')}${names.length > told ? '; …' : ''}`;

/** What would make it fit better, in a sentence; empty if nothing would. */
export const remedyText = ({ remedy }: WeightFit): string =>
  remedy ? `With ${settingsText(remedy.settings)}, ${remedy.taken} of ${remedy.tensors} would be taken.` : '';

/** A fit in sentences, for a log. */
export function fitSentences(fit: WeightFit): string[] {
  const { file, tensors, taken, missing, mismatched, unexpected } = fit;
  return [
    `${taken} of ${tensors} tensors taken from ${file}; ${missing.length} start at random, ` +
      `${mismatched.length} have another shape, ${unexpected.length} are not in the network`,
    ...(mismatched.length > 0 ? [`Of another shape: ${some(mismatched)}`] : []),
    ...(unexpected.length > 0 ? [`Not in the network: ${some(unexpected)}`] : []),
    ...(remedyText(fit) ? [remedyText(fit)] : []),
  ];
}

/** Why nothing fits, with what would. */
export function noFitText(fit: WeightFit): string {
  const { file, mismatched, unexpected } = fit;
  const example = mismatched[0] ?? (unexpected[0] ? `its first is ${unexpected[0]}` : 'it has none');
  const remedy = remedyText(fit) || 'It is of another kind of network: choose another file.';
  return `${file} has no tensor that fits the network (${example}). ${remedy}`;
}
