import path from 'node:path';
import { afterEach } from 'vitest';
import type { EventName } from '#shared/contract/index';
import { createServices, type Workbench } from '../../src/main/create-services.ts';
import type { CallFrame } from '#shared/rpc/frames';
import { temporaryFolder, trainerHost } from './dataset.ts';
import { root } from './workbench.ts';

/** The real services over a data set, with what they emitted. */
export interface TestBench {
  workbench: Workbench;
  events: { name: EventName; payload: unknown }[];
  call: <T>(method: string, input?: unknown) => Promise<T>;
  /** Resolves when an event passes the test. */
  until: <T>(name: EventName, passes: (payload: T) => boolean) => Promise<T>;
}

const benches: Workbench[] = [];
afterEach(async () => {
  await Promise.all(benches.splice(0).map((workbench) => workbench.shutDown()));
});

/** The worker threads as the tests start them: their source, which Node 24 runs as it stands. */
export const workerEntry = path.join(root, 'src/main/services/workers/mask-worker.ts');

/** The real services, shut down after the test. @param options.program that runs the trainer instead of Node alone */
export function createBench(options: { userData?: string; program?: string } = {}): TestBench {
  const workbench = createServices({
    userData: options.userData ?? temporaryFolder(),
    trainer: { ...trainerHost, ...(options.program ? { program: options.program } : {}) },
    assistantEntry: path.join(root, 'src/ml/assistant/index.ts'),
    workerEntry,
    host: { host: 'browser', version: 'test', platform: process.platform, nativeDialogs: false },
    chooseFolder: null,
  });
  benches.push(workbench);
  const events: TestBench['events'] = [];
  workbench.events.subscribe((name, payload) => events.push({ name, payload }));
  let id = 0;
  const call = async <T>(method: string, input?: unknown): Promise<T> => {
    const result = await workbench.dispatch({ kind: 'call', id: ++id, method, input } satisfies CallFrame);
    if (!result.ok) throw Object.assign(new Error(result.error.message), { code: result.error.code });
    return result.value as T;
  };
  const until = <T>(name: EventName, passes: (payload: T) => boolean) =>
    new Promise<T>((resolve) => {
      const stop = workbench.events.subscribe((event, payload) => {
        if (event !== name || !passes(payload as T)) return;
        stop();
        resolve(payload as T);
      });
    });
  return { workbench, events, call, until };
}
