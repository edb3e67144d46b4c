import path from 'node:path';
import { createServices, type Workbench } from '../../src/main/create-services.ts';

export const root = path.resolve(import.meta.dirname, '../..');

/** The services as the hosts start them, from their source. Whoever asks shuts them down. */
export const benchServices = (userData: string): Workbench =>
  createServices({
    userData,
    trainer: { entry: path.join(root, 'src/ml/trainer/index.ts'), program: process.execPath },
    assistantEntry: path.join(root, 'src/ml/assistant/index.ts'),
    workerEntry: path.join(root, 'src/main/services/workers/mask-worker.ts'),
    host: { host: 'browser', version: 'bench', platform: process.platform, nativeDialogs: false },
    chooseFolder: null,
  });
