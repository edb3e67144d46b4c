import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { messageOf } from '#shared/errors';
import { memoryAdvice } from '#shared/training/memory-advice';
import type { TrainerCommand, TrainerEvent, TrainerJob } from '#shared/training/messages';

/** How the trainer is started; the composition root knows where it is. */
export interface TrainerHost {
  /** The trainer's entry file. */
  entry: string;
  /** Program that runs it: Node, or Electron as Node. */
  program: string;
}

/** How a trainer process ended. `reason` is null if it ended as it should. */
export interface TrainerEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  reason: string | null;
}

// TensorFlow maps and unmaps every large tensor otherwise, which costs more than the convolutions of a small net.
const allocatorSettings = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: '100000000000', MALLOC_TOP_PAD_: '268435456' };
const stderrTail = 4000;
const memorySignals: readonly NodeJS.Signals[] = ['SIGSEGV', 'SIGABRT', 'SIGBUS'];

/** CUDA's libraries, where set-up has staged them beside the runtime. */
function cudaFolders(): string[] {
  try {
    const packageFolder = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
    // deps is a link into the cache; the CUDA libraries lie beside its target.
    const nvidia = path.join(realpathSync(path.join(packageFolder, 'deps')), '../cuda/nvidia');
    return existsSync(nvidia)
      ? ['cudnn', 'cublas', 'cuda_runtime', 'cufft', 'cusparse', 'cusolver', 'nccl', 'nvjitlink', 'curand', 'cuda_cupti', 'cuda_nvrtc'].map(
          (name) => path.join(nvidia, name, 'lib'),
        )
      : [];
  } catch {
    return [];
  }
}

/** The environment of a trainer process. */
export function trainerEnvironment(base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const libraries = [...cudaFolders(), base.LD_LIBRARY_PATH].filter(Boolean).join(path.delimiter);
  return {
    ...base,
    ...(process.platform === 'linux' ? allocatorSettings : {}),
    ...(libraries ? { LD_LIBRARY_PATH: libraries } : {}),
    ELECTRON_RUN_AS_NODE: '1',
    TF_CPP_MIN_LOG_LEVEL: base.TF_CPP_MIN_LOG_LEVEL ?? '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  };
}

/** One trainer process with one job. Its death, whatever the cause, is an event here and nothing more. */
export class TrainerProcess {
  private readonly child: ChildProcess;
  private readonly advice: string;
  private tail = '';
  private recordFailure: string | null = null;
  /** Resolves when the process has ended. */
  readonly ended: Promise<TrainerEnd>;

  /** @param onEvent gets everything the trainer says */
  constructor(host: TrainerHost, job: TrainerJob, onEvent: (event: TrainerEvent) => void) {
    this.advice = job.kind === 'train' || job.kind === 'find-rate' ? memoryAdvice(job.config) : 'choose smaller images';
    this.child = fork(host.entry, [], {
      execPath: host.program,
      execArgv: [],
      serialization: 'advanced',
      env: trainerEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.tail = (this.tail + text).slice(-stderrTail)));
    let reported = false;
    this.child.on('message', (event: TrainerEvent) => {
      if (event.type === 'done' || event.type === 'failed') reported = true;
      try {
        onEvent(event);
      } catch (error) {
        // What the trainer says could not be recorded, such as on a full disk: the run ends, the application goes on.
        reported = false;
        this.recordFailure = `Its results could not be recorded: ${messageOf(error)}`;
        this.kill();
      }
    });
    this.ended = new Promise((resolve) => {
      let settled = false;
      const settle = (end: TrainerEnd) => {
        if (!settled) resolve(end);
        settled = true;
      };
      this.child.on('error', (error) => settle({ code: null, signal: null, reason: `The trainer could not be started: ${error.message}` }));
      this.child.on('close', (code, signal) => settle({ code, signal, reason: reported ? null : this.describeEnd(code, signal) }));
    });
    this.send({ type: 'job', job });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  send(command: TrainerCommand): void {
    if (this.child.connected) this.child.send(command, () => undefined);
  }

  /** Asks it to stop, and kills it if it has not ended after `limitMs`. */
  async stopWithin(limitMs: number): Promise<void> {
    this.send({ type: 'stop' });
    const timer = setTimeout(() => this.kill(), limitMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.recordFailure) return this.recordFailure;
    const lines = this.tail.trim().split('\n');
    const last = lines.findLast((line) => /error|check failed|terminate/i.test(line)) ?? lines.at(-1) ?? '';
    const again = `If it happens again, ${this.advice}.`;
    if (signal === 'SIGKILL') return `The trainer was killed (SIGKILL), as a system does when memory runs out. ${again}`;
    // TensorFlow does not survive an allocation that fails.
    if (signal && memorySignals.includes(signal))
      return `The trainer crashed (${signal}), as it does when memory cannot be had. ${again} ${last}`.trim();
    if (signal) return `The trainer crashed (${signal}). ${last}`.trim();
    return `The trainer ended without a result (exit code ${code}). ${last}`.trim();
  }
}
