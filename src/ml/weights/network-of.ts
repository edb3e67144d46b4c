import { backboneDepths, type BackboneName, type ModelConfig } from '#shared/training/model-config';
import type { StateDict } from '../layers/parameters.ts';

/** The number of blocks of a stage, by the names of their tensors. */
function blocksOf(names: readonly string[], stage: number): number {
  const begin = `backbone.layer${stage}.`;
  const numbers = names.filter((name) => name.startsWith(begin)).map((name) => Number(name.slice(begin.length).split('.')[0]));
  return numbers.length > 0 ? Math.max(...numbers) + 1 : 0;
}

function backboneOf(names: readonly string[]): BackboneName | undefined {
  const hasBottlenecks = names.includes('backbone.layer1.0.conv3.weight');
  const depths = [1, 2, 3, 4].map((stage) => blocksOf(names, stage)).join();
  const kinds: readonly BackboneName[] = hasBottlenecks ? ['resnet50', 'resnet101'] : ['resnet18', 'resnet34'];
  return kinds.find((name) => backboneDepths[name].join() === depths);
}

function stemOf(weights: StateDict, width: number | undefined): ModelConfig['stem'] | undefined {
  if (weights.has('backbone.conv1.weight')) return 'plain';
  const last = outOf(weights, 'backbone.conv1.6.weight');
  return last === undefined ? undefined : last === width ? 'v1c' : 'deep';
}

const outOf = (weights: StateDict, name: string): number | undefined => weights.get(name)?.shape[0];

function headOf(weights: StateDict, head: ModelConfig['head'], headChannels: number): Partial<ModelConfig> {
  const names = [...weights.keys()];
  return {
    head,
    headChannels,
    numCodes: outOf(weights, 'decoder.enc_module.encoding.0.codewords'),
    addLateral: names.some((name) => name.startsWith('decoder.lateral_convs.')),
    detailChannels: outOf(weights, 'decoder.detail_project.0.weight') ?? 0,
    fineChannels: outOf(weights, 'decoder.fine_stem.0.weight') ?? 0,
  };
}

/**
 * The settings of a network that tensors come from, as far as their names (ours) and shapes tell.
 * @param weights as `mapNames` gives them
 */
export function networkOf(weights: StateDict): Partial<ModelConfig> {
  const out = (name: string) => outOf(weights, name);
  const width = out('backbone.layer1.0.conv1.weight');
  const [paperHead, referenceHead] = [out('decoder.bottleneck.0.weight'), out('decoder.bottleneck.weight')];
  const head = paperHead ?? referenceHead;
  const found: Partial<ModelConfig> = {
    backbone: backboneOf([...weights.keys()]),
    width,
    stem: stemOf(weights, width),
    ...(head === undefined ? {} : headOf(weights, paperHead === undefined ? 'reference' : 'paper', head)),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Settings of `model` that a file's network has otherwise, by their paths in a recipe. */
export function otherSettings(weights: StateDict, model: ModelConfig): Record<string, string | number | boolean> {
  const found = Object.entries(networkOf(weights)) as [keyof ModelConfig, string | number | boolean][];
  return Object.fromEntries(found.filter(([name, value]) => model[name] !== value).map(([name, value]) => [`model.${name}`, value]));
}
