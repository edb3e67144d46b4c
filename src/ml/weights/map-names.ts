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

/** Prefixes of names that are looked at: `model.module.encoder.` has three parts. */
const mostParts = 4;

function prefixesOf(names: readonly string[]): string[] {
  const prefixes = new Set(['']);
  for (const name of names) {
    const parts = name.split('.');
    for (let count = 1; count <= Math.min(mostParts, parts.length - 1); count++) prefixes.add(`${parts.slice(0, count).join('.')}.`);
  }
  return [...prefixes];
}

/** Their names as ours, once a prefix is dropped; names without it stay as they are. */
function placed(names: readonly string[], prefix: string): Map<string, string> {
  const renamed = names.map((name) => (name.startsWith(prefix) ? ours(name.slice(prefix.length)) : name));
  const isBareResNet = renamed.some((name) => name === 'conv1.weight' || name === 'conv1.0.weight');
  return new Map(names.map((name, i) => [name, isBareResNet && name.startsWith(prefix) ? `backbone.${renamed[i]}` : renamed[i]]));
}

/** PyTorch's batch counters and a classifier of whole images take no part. */
const takesPart = (name: string): boolean => !name.endsWith('num_batches_tracked') && !name.startsWith('backbone.fc.');

/**
 * Names of other codebases as ours. A bare ResNet, as torchvision publishes it, becomes the backbone. The official lateral connections
 * join stages 2 and 3 only: they do not fit ours of 1 to 3 and are reported.
 * @param expected names of our network: of all prefixes that a wrapper may have put before theirs, the one is dropped that finds most
 */
export function mapNames(weights: StateDict, expected: ReadonlySet<string> = new Set()): StateDict {
  const names = [...weights.keys()];
  const found = (prefix: string) => [...placed(names, prefix).values()].filter((name) => expected.has(name)).length;
  const candidates = expected.size > 0 ? prefixesOf(names) : [''];
  let [best, most] = ['', found('')];
  for (const prefix of candidates) {
    const count = found(prefix);
    if (count > most) [best, most] = [prefix, count];
  }
  const mapped = placed(names, best);
  return new Map(names.map((name) => [mapped.get(name)!, weights.get(name)!] as const).filter(([name]) => takesPart(name)));
}
