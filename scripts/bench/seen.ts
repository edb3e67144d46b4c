// What the starter model sees in images, as the assistant's process looks at them.
import path from 'node:path';
import type { GridMap } from '#shared/assist/grid-map';
import { describeImage } from '../../src/ml/assistant/describe-image.ts';
import { SamplePool } from '../../src/ml/data/sample-pool.ts';
import { readModel } from '../../src/ml/weights/checkpoint.ts';
import { loadedNetwork } from '../../src/ml/weights/loaded-network.ts';

const starter = path.join(import.meta.dirname, '../../resources/models/light-camvid.safetensors');

/** The starter model; whoever opens it closes it. */
export class StarterEyes {
  private readonly model = readModel(starter);
  private readonly pool = new SamplePool(null, {
    entry: new URL('../../src/ml/trainer/data-worker.ts', import.meta.url),
    workers: 1,
    budgetBytes: 64e6,
    evicts: true,
  });
  // Last: nothing after it can fail and leave it open.
  private readonly net = loadedNetwork(this.model);

  look(imageFile: string): Promise<{ logits: GridMap; features: GridMap }> {
    const { config, temperature } = this.model;
    return describeImage(this.net, this.pool, { id: imageFile, imageFile, maskFile: null }, config.evaluationSize, temperature);
  }

  async close(): Promise<void> {
    this.net.dispose();
    await this.pool.close();
  }
}
