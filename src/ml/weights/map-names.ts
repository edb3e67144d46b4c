import type { StateDict } from '../layers/parameters.ts';

/** Prefixes of other codebases and ours: the official EncNet's backbone, mmsegmentation's head. */
const prefixes: readonly (readonly [string, string])[] = [['pretrained.', 'backbone.'], ['decode_head.', 'decoder.']];

/**
 * Names of other codebases as ours. A bare ResNet, as torchvision publishes it, becomes the backbone; its `fc` and PyTorch's batch
 * counters, which take no part, are left out.
 */
export function mapNames(weights: StateDict): StateDict {
  const renamed = [...weights].map(([name, tensor]) => {
    const prefix = prefixes.find(([theirs]) => name.startsWith(theirs));
    return [prefix ? prefix[1] + name.slice(prefix[0].length) : name, tensor] as const;
  });
  const bareResNet = renamed.some(([name]) => name === 'conv1.weight' || name === 'conv1.0.weight');
  const placed = renamed.map(([name, tensor]) => [bareResNet ? `backbone.${name}` : name, tensor] as const);
  return new Map(placed.filter(([name]) => !name.endsWith('num_batches_tracked') && !name.startsWith('backbone.fc.')));
}
