import type { ClassInfo } from '#shared/classes/class-info';
import { withSettings } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import type { SettingsByPath, WeightFit } from '#shared/training/weight-fit';
import type { Parameters, StateDict } from '../layers/parameters.ts';
import { EncNet } from '../models/encnet.ts';
import { withClassRows } from './class-rows.ts';
import { mapNames } from './map-names.ts';
import { otherSettings } from './network-of.ts';
import { assertFinite } from './raw-tensor.ts';
import { readTrained } from './read-weights.ts';

/**
 * A file's tensors by the names of a network, each class's row where the data set has it.
 * @param classes of the data set
 * @throws AppError as `readWeights`
 */
export function weightsFor(file: string, parameters: Parameters, classes: readonly ClassInfo[]): ReturnType<typeof withClassRows> {
  const { weights, classes: own } = readTrained(file);
  const named = mapNames(weights, new Set(parameters.all().map(({ name }) => name)));
  return withClassRows(named, own, classes, parameters);
}

/** What a recipe's network would take with other settings; null where these make no network, or none that takes more. */
function remedied(weights: StateDict, config: RunConfig, numClasses: number, taken: number): WeightFit['remedy'] {
  const settings: SettingsByPath = otherSettings(weights, config.model);
  if (Object.keys(settings).length === 0) return null;
  let net: EncNet;
  try {
    net = new EncNet(withSettings(config, settings).model, numClasses, config.seed);
  } catch {
    // Settings that do not go together are no advice.
    return null;
  }
  try {
    const { matching } = net.parameters.compare(weights);
    return matching.length > taken ? { settings, taken: matching.length, tensors: net.parameters.all().length } : null;
  } finally {
    net.dispose();
  }
}

/**
 * How far a weight file fits a recipe's network.
 * @param found as `weightsFor` gives it
 * @param numClasses of the data set
 * @throws AppError 'corrupt-file' if what would be taken is not finite
 */
export function weightFit(
  file: string,
  { weights, classes }: ReturnType<typeof weightsFor>,
  parameters: Parameters,
  config: RunConfig,
  numClasses: number,
): WeightFit {
  const { matching, ...report } = parameters.compare(weights);
  // What a network does not take may hold what it likes.
  assertFinite(
    file,
    matching.map(([{ name }]) => [name, weights.get(name)!]),
  );
  const inBackbone = (name: string) => name.startsWith('backbone.');
  const all = parameters.all().map(({ name }) => name);
  const isWhole = report.missing.length + report.mismatched.length === 0;
  return {
    file,
    ...report,
    tensors: all.length,
    taken: matching.length,
    backboneTensors: all.filter(inBackbone).length,
    backboneTaken: matching.filter(([{ name }]) => inBackbone(name)).length,
    classes,
    remedy: isWhole ? null : remedied(weights, config, numClasses, matching.length),
  };
}

/** Looks at a weight file without training. @throws AppError as `readWeights` */
export function lookAtWeights(file: string, config: RunConfig, classes: readonly ClassInfo[]): WeightFit {
  const net = new EncNet(config.model, classes.length, config.seed);
  try {
    return weightFit(file, weightsFor(file, net.parameters, classes), net.parameters, config, classes.length);
  } finally {
    net.dispose();
  }
}
