import type { StateDict } from '../layers/parameters.ts';

/** A name's beginning in another codebase and in ours; the first that fits is taken. */
type Rule = readonly [theirs: RegExp, ours: string];

/** PyTorch-Encoding, the paper's own code: `pretrained` is its backbone, `head` its EncHead. */
const official: readonly Rule[] = [
  [/^pretrained\./, 'backbone.'],
  [/^head\.conv5\./, 'decoder.bottleneck.'],
  [/^head\.connect\./, 'decoder.lateral_convs.'],
  [/^head\.fusion\./, 'decoder.fusion.'],
  [/^head\.encmodule\.encoding\.([01])\./, 'decoder.enc_module.encoding_project.$1.'],
  [/^head\.encmodule\.encoding\.3\./, 'decoder.enc_module.encoding.0.'],
  [/^head\.encmodule\.encoding\.4\./, 'decoder.enc_module.encoding.1.'],
  [/^head\.encmodule\.fc\./, 'decoder.enc_module.fc.'],
  [/^head\.encmodule\.selayer\./, 'decoder.se_layer.'],
  [/^head\.conv6\.1\./, 'decoder.conv_seg.'],
  [/^auxlayer\.conv5\./, 'auxlayer.'],
];

/** mmsegmentation: its ConvModule names `conv` and `bn` what a Sequential numbers. */
const mmsegmentation: readonly Rule[] = [
  [/^backbone\.stem\.([0134])\./, 'backbone.conv1.$1.'],
  [/^backbone\.stem\.6\./, 'backbone.conv1.6.'],
  [/^backbone\.stem\.7\./, 'backbone.bn1.'],
  [/^decode_head\.(.+)\.conv\./, 'decoder.$1.0.'],
  [/^decode_head\.(.+)\.bn\./, 'decoder.$1.1.'],
  [/^decode_head\./, 'decoder.'],
  [/^auxiliary_head\.convs\.0\.conv\./, 'auxlayer.0.'],
  [/^auxiliary_head\.convs\.0\.bn\./, 'auxlayer.1.'],
  [/^auxiliary_head\.conv_seg\./, 'auxlayer.4.'],
];

function ours(name: string): string {
  const rule = [...official, ...mmsegmentation].find(([theirs]) => theirs.test(name));
  return rule ? name.replace(...rule) : name;
}

/**
 * Names of other codebases as ours. A bare ResNet, as torchvision publishes it, becomes the backbone; its `fc` and PyTorch's batch
 * counters, which take no part, are left out. The official lateral connections join stages 2 and 3 only: they do not fit
 * ours of 1 to 3 and are reported.
 */
export function mapNames(weights: StateDict): StateDict {
  const renamed = [...weights].map(([name, tensor]) => [ours(name), tensor] as const);
  const bareResNet = renamed.some(([name]) => name === 'conv1.weight' || name === 'conv1.0.weight');
  const placed = renamed.map(([name, tensor]) => [bareResNet ? `backbone.${name}` : name, tensor] as const);
  return new Map(placed.filter(([name]) => !name.endsWith('num_batches_tracked') && !name.startsWith('backbone.fc.')));
}
