// Backbones alone: built from the case's configuration, filled, compared by probes.
import { AppError } from '#shared/errors';
import { Random } from '#shared/random';
import { backboneNames, referenceModel, type BackboneName, type ModelConfig } from '#shared/training/model-config';
import { takeGradients } from '#ml/layers/leaf';
import { Parameters } from '#ml/layers/parameters';
import { ResNet, type BackboneConfig } from '#ml/models/resnet';
import { tf } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';
import {
  compareGradients,
  compareStatistics,
  filledInput,
  nchw,
  type Four,
  type LargeTensor,
  type ParameterRow,
  type StatisticsRow,
} from './compare.ts';
import { filledStateDict, streamValues, toNhwc } from './fill.ts';
import type { Report } from './report.ts';

/** What a case file says of a backbone. */
export interface BackboneSpec {
  backbone: BackboneName;
  stage_strides?: Four;
  stage_dilations?: Four;
  first_block_dilations?: Four;
  stem?: ModelConfig['stem'];
}

/**
 * A case's backbone in our terms: the reference's strides where it says none.
 * @throws AppError 'unsupported' on a backbone that is not there
 */
export function backboneConfig(spec: BackboneSpec): BackboneConfig {
  if (!backboneNames.includes(spec.backbone))
    throw new AppError('unsupported', `backbone must be one of ${backboneNames.join(', ')}, received "${String(spec.backbone)}"`);
  const dilations = spec.stage_dilations ?? referenceModel.stageDilations;
  return {
    backbone: spec.backbone,
    width: 64,
    stem: spec.stem ?? 'plain',
    stageStrides: spec.stage_strides ?? referenceModel.stageStrides,
    stageDilations: dilations,
    contractDilation: (spec.first_block_dilations ?? dilations).join() !== dilations.join(),
  };
}

export interface BackboneFile {
  config: BackboneSpec & { input_shape: Four; seed: number };
  train: Record<'stage1' | 'stage2' | 'stage3' | 'stage4', LargeTensor> & {
    loss: number;
    parameters: Record<string, ParameterRow>;
    running_stats: Record<string, StatisticsRow>;
  };
  eval: Record<'stage1' | 'stage2' | 'stage3' | 'stage4', LargeTensor>;
}

export function backboneFile(report: Report, { config, train, eval: evaluation }: BackboneFile): void {
  for (const [mode, expected] of [
    ['eval', evaluation],
    ['train', train],
  ] as const) {
    const parameters = new Parameters(new Random(0));
    const net = new ResNet(parameters, '', backboneConfig(config));
    parameters.load(filledStateDict(parameters.all(), config.seed));
    const tape = new Tape({ training: mode === 'train', recording: mode === 'train' });
    const stages = net.forward(tape, tape.constant(filledInput(config.input_shape, config.seed)));
    const tolerances = mode === 'train' ? { values: 4e-4, norm: 1e-5 } : { values: 1e-4, norm: 1e-5 };
    stages.forEach((stage, index) =>
      report.probe(`${mode} stages`, nchw(stage.value), expected[`stage${index + 1}` as 'stage1'], tolerances),
    );
    if (mode === 'train') backboneGradients(report, tape, stages[3], parameters, config.seed, train);
    tape.dispose();
    parameters.dispose();
  }
}

function backboneGradients(
  report: Report,
  tape: Tape,
  stage4: ReturnType<ResNet['forward']>[0],
  parameters: Parameters,
  seed: number,
  train: BackboneFile['train'],
): void {
  const [n, h, w, c] = stage4.shape;
  const count = n * h * w * c;
  const cotangent = streamValues('cotangent:stage4', seed, count, (u) => 2 * u - 1);
  const values = nchw(stage4.value);
  report.absolute('loss', [values.reduce((sum, value, index) => sum + value * cotangent[index], 0) / count], [train.loss], 1e-6);
  tape.backward([
    [
      stage4,
      tf.tensor(
        toNhwc(
          cotangent.map((value) => value / count),
          [n, c, h, w],
        ),
        [n, h, w, c],
        'float32',
      ),
    ],
  ]);
  const gradients = takeGradients(tape);
  compareGradients(report, gradients, train.parameters);
  for (const gradient of gradients.values()) gradient.dispose();
  compareStatistics(report, 'running statistics', parameters, train.running_stats, 'after', { values: 2e-5, norm: 1e-5 });
}
