import { AppError } from '#shared/errors';
import type { Answers, Asks, QuestionKind, VisionReply } from './messages.ts';

/** The worker that looks at photos; whoever starts it ends it. */
export interface VisionWorker {
  /** @throws AppError 'internal' with what the worker says, 'cancelled' when it is ended first */
  ask<K extends QuestionKind>(question: K, asks: Asks<K>): Promise<Answers<K>>;
  end(): void;
}

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: AppError) => void;
}

/** @param onDeath why it has ended by itself: everything that was asked is answered with that */
export function startVisionWorker(onDeath: (why: string) => void): VisionWorker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, Waiting>();
  let newest = 0;
  const rejectAll = (error: AppError) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<VisionReply>) => {
    const asked = waiting.get(data.number);
    waiting.delete(data.number);
    if ('error' in data) asked?.reject(new AppError('internal', data.error));
    else asked?.resolve(data.answer as never);
  };
  worker.onerror = ({ message }) => {
    const why = message || 'it could not be loaded';
    rejectAll(new AppError('internal', why));
    onDeath(why);
  };
  return {
    ask: (question, asks) =>
      new Promise((resolve, reject) => {
        const number = ++newest;
        waiting.set(number, { resolve, reject });
        worker.postMessage({ question, number, asks });
      }),
    end: () => {
      worker.terminate();
      rejectAll(new AppError('cancelled', 'The image is not at hand any more'));
    },
  };
}
