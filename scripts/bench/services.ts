import path from 'node:path';
import type { PredictionProgress } from '../../src/shared/contract/review.ts';
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

/** Asks a method of the contract, as a window does. @throws what it answers with */
export type Call = <T>(method: string, input?: unknown) => Promise<T>;

export function callsOf(workbench: Workbench): Call {
  let asked = 0;
  return async <T>(method: string, input?: unknown): Promise<T> => {
    const result = await workbench.dispatch({ kind: 'call', id: ++asked, method, input });
    if ('error' in result) throw new Error(result.error.message);
    return result.value as T;
  };
}

/** Predicts a split with a run and waits for it. @returns the prediction's id */
export async function predictSplit(call: Call, runId: string, split: string): Promise<string> {
  await call('review.predict', { runId, split });
  for (;;) {
    const { state, predictionId, message } = await call<PredictionProgress>('review.progress');
    if (state === 'finished') return predictionId;
    if (state !== 'running') throw new Error(message ?? state);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
