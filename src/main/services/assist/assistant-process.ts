import { fork, type ChildProcess } from 'node:child_process';
import { readLimits } from '#files/read-limits';
import type { DescribeAnswer, DescribeReply, DescribeTask, ImageDescription, ImageDoubt } from '#shared/assist/messages';
import { AppError } from '#shared/errors';
import type { Usefulness } from '#shared/assist/usefulness';
import { fromWireError } from '#shared/rpc/wire-errors';
import { trainerEnvironment } from '../jobs/trainer-process.ts';

/** How the assistant's process is started; the composition root knows where it is. */
export interface AssistantHost {
  /** Its entry file. */
  entry: string;
  /** Program that runs it: Node, or Electron as Node. */
  program: string;
}

export type DescribeRequest = Omit<DescribeTask, 'id' | 'what' | 'limits'>;

interface Waiting {
  resolve: (answer: DescribeAnswer) => void;
  reject: (error: AppError) => void;
}

/** A warm network that nobody has asked for so long gives its memory back. */
const idleMs = 5 * 60_000;

/** The process in which a network looks at images. It starts when it is first asked, and again after it has died. Its owner closes it. */
export class AssistantProcess {
  private readonly host: AssistantHost;
  private readonly idleAfter: number;
  private child: ChildProcess | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private idle: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(host: AssistantHost, idleAfter = idleMs) {
    this.host = host;
    this.idleAfter = idleAfter;
  }

  /** The process that holds a network in memory now; null while there is none. */
  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** @throws AppError of the image or the checkpoint; 'trainer-failed' if the process dies meanwhile; 'cancelled' */
  async describe(request: DescribeRequest): Promise<ImageDescription> {
    return (await this.ask({ ...request, what: 'description' })) as ImageDescription;
  }

  /** @throws as `describe` */
  async doubt(request: DescribeRequest): Promise<Usefulness> {
    const { doubt, features } = (await this.ask({ ...request, what: 'doubt' })) as ImageDoubt;
    return { doubt, features };
  }

  private async ask(request: Omit<DescribeTask, 'id' | 'limits'>): Promise<DescribeAnswer> {
    if (this.closed) throw new AppError('cancelled', 'The data set is being closed');
    if (this.idle) clearTimeout(this.idle);
    const child = (this.child ??= this.start());
    const id = ++this.nextId;
    try {
      return await new Promise<DescribeAnswer>((resolve, reject) => {
        this.waiting.set(id, { resolve, reject });
        child.send({ ...request, id, limits: readLimits() } satisfies DescribeTask, () => undefined);
      });
    } finally {
      this.waiting.delete(id);
      if (this.waiting.size === 0) this.rest();
    }
  }

  private rest(): void {
    if (this.idle) clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stop(), this.idleAfter);
    this.idle.unref();
  }

  private start(): ChildProcess {
    const child = fork(this.host.entry, [], {
      execPath: this.host.program,
      execArgv: [],
      serialization: 'advanced',
      // A GPU is the training's: what a hand waits for fits a processor.
      env: { ...trainerEnvironment(), CUDA_VISIBLE_DEVICES: '-1' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('message', (reply: DescribeReply) => this.settle(reply));
    child.on('error', (error) => this.onEnd(child, `The assistant could not be started: ${error.message}`));
    const how = (code: number | null, signal: NodeJS.Signals | null) => signal ?? `exit code ${code}`;
    child.on('exit', (code, signal) =>
      this.onEnd(child, `The assistant has ended (${how(code, signal)}); it starts anew when it is asked again`),
    );
    return child;
  }

  private settle(reply: DescribeReply): void {
    const waiting = this.waiting.get(reply.id);
    if ('error' in reply) waiting?.reject(fromWireError(reply.error));
    else waiting?.resolve(reply.answer);
  }

  private onEnd(child: ChildProcess, why: string): void {
    if (this.child !== child) return;
    this.child = null;
    for (const { reject } of this.waiting.values()) reject(new AppError('trainer-failed', why));
  }

  private stop(): void {
    const { child } = this;
    if (!child) return;
    this.onEnd(child, 'The assistant was stopped');
    child.kill('SIGKILL');
  }

  /** Nothing of it is worth waiting for. Never rejects. */
  close(): void {
    this.closed = true;
    if (this.idle) clearTimeout(this.idle);
    this.stop();
  }
}
