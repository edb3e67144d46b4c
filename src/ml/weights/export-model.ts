import { writeAtomic } from '#files/atomic-write';
import { AppError } from '#shared/errors';
import type { ExportJob } from '#shared/training/messages';
import { exportOnnx } from '../onnx/export-onnx.ts';
import { readModel, writeModel } from './checkpoint.ts';
import { loadedNetwork } from './loaded-network.ts';
import { asReference, encodeTorch } from './write-torch.ts';

/**
 * Writes a checkpoint's network as safetensors, as a state dict of PyTorch's, or as ONNX.
 * @throws AppError 'invalid-argument' if an ONNX size is missing, else as `readModel`
 */
export function exportModel({ checkpoint, outFile, format, half, size, notes }: ExportJob): void {
  const model = readModel(checkpoint);
  if (format === 'safetensors') {
    writeModel(outFile, { ...model, notes: { ...model.notes, ...notes } }, half ? 'F16' : 'F32');
    return;
  }
  if (format === 'pth') return writeAtomic(outFile, encodeTorch(asReference(model.model), half));
  const wanted = size ?? model.config.evaluationSize;
  if (!wanted) throw new AppError('invalid-argument', `${checkpoint} says no evaluation size: an ONNX export needs a size`);
  const net = loadedNetwork(model);
  try {
    writeAtomic(
      outFile,
      exportOnnx(net, wanted, {
        ...notes,
        config: JSON.stringify(model.config),
        classes: JSON.stringify(model.classes),
        temperature: JSON.stringify(model.temperature),
      }),
    );
  } finally {
    net.dispose();
  }
}
