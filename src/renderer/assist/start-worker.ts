import type { AssistReply, AssistTask } from './messages.ts';

/** The worker that learns from strokes; whoever starts it ends it. */
export interface AssistWorker {
  ask(task: AssistTask, transfer?: Transferable[]): void;
  end(): void;
}

/** @param onReply is told of every answer @param onDeath why it has ended by itself */
export function startAssistWorker(onReply: (reply: AssistReply) => void, onDeath: (why: string) => void): AssistWorker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<AssistReply>) => onReply(data);
  worker.onerror = ({ message }) => onDeath(message || 'it could not be loaded');
  return { ask: (task, transfer = []) => worker.postMessage(task, transfer), end: () => worker.terminate() };
}
