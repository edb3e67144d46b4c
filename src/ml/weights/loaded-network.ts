import type { Precision } from '#shared/training/precision';
import { EncNet } from '../models/encnet.ts';
import type { Model } from './checkpoint.ts';

/** A network that predicts as a model's tensors say; owned by the caller. @throws as `Parameters.load`, and then there is none */
export function loadedNetwork({ config, classes, model }: Model, precision?: Precision): EncNet {
  const net = new EncNet(config.model, classes.length, 0, precision);
  try {
    net.parameters.load(model);
    return net;
  } catch (error) {
    net.dispose();
    throw error;
  }
}
