import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { readLimits } from '#files/read-limits';
import { memoryAdviceFor } from '#shared/training/memory-advice';
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
/** What the C library says when something wrote past its memory. */
const damagedHeap = /(free|malloc|realloc)\(\): |double free|corrupted (size|double-linked)/;
/** Signals of an allocation that failed; V8 ends with SIGTRAP when its heap is full. */
const memorySignals: readonly NodeJS.Signals[] = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGTRAP'];
const telling = /error|check failed|terminate|fatal/i;
/** What TensorFlow says at every start. */
const harmless = /round-off errors|oneDNN custom operations|cpu_feature_guard/i;

/** CUDA's libraries, where set-up has staged them beside the runtime. */
function cudaFolders(): string[] {
  try {
    const packageFolder = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
    // deps is a link into the cache, or a copy; the CUDA libraries lie beside it.
    const nvidia = path.join(realpathSync(path.join(packageFolder, 'deps')), '../cuda/nvidia');
    return existsSync(nvidia) ? readdirSync(nvidia).map((name) => path.join(nvidia, name, 'lib')) : [];
  } catch {
    // Without the package there are none of its libraries: TensorFlow then says what it lacks.
    return [];
  }
}

/** The environment of a trainer process. */
export function trainerEnvironment(base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  // The host's own bound: threads of TensorFlow would wait for each other.
  const { MALLOC_ARENA_MAX: _host, ...own } = base;
  const libraries = [...cudaFolders(), base.LD_LIBRARY_PATH].filter(Boolean).join(path.delimiter);
  return {
    ...own,
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
  /** Resolves when the process has ended; never rejects. */
  readonly ended: Promise<TrainerEnd>;

  /** @param onEvent gets everything the trainer says; must not throw */
  constructor(host: TrainerHost, job: TrainerJob, onEvent: (event: TrainerEvent) => void) {
    this.advice = memoryAdviceFor(job);
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
      onEvent(event);
    });
    const { promise, resolve } = Promise.withResolvers<TrainerEnd>();
    this.ended = promise;
    this.child.on('error', (error) => resolve({ code: null, signal: null, reason: `The trainer could not be started: ${error.message}` }));
    this.child.on('close', (code, signal) => resolve({ code, signal, reason: reported ? null : this.describeEnd(code, signal) }));
    this.send({ type: 'job', job, limits: readLimits() });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  send(command: TrainerCommand): void {
    if (this.child.connected) this.child.send(command, () => undefined);
  }

  /** Lets go of it: it hears that, stops with a checkpoint and ends, whether this process is still there or not. */
  leave(): void {
    if (this.child.connected) this.child.disconnect();
    this.child.stderr?.destroy();
    this.child.unref();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
    const lines = this.tail.trim().split('\n');
    const last =
      lines.findLast((line) => telling.test(line) && !harmless.test(line)) ?? lines.findLast((line) => !harmless.test(line)) ?? '';
    const again = `If it happens again, ${this.advice}.`;
    if (signal === 'SIGKILL') return `The trainer was killed (SIGKILL), as a system does when memory runs out. ${again}`;
    if (signal && damagedHeap.test(this.tail))
      return (
        `The trainer crashed (${signal}): its memory was damaged, which is a fault of TensorFlow and no lack of memory. ` +
        `Go on with another batch size. ${last}`
      );
    // TensorFlow does not survive an allocation that fails.
    if (signal && memorySignals.includes(signal))
      return `The trainer crashed (${signal}), as it does when memory cannot be had. ${again} ${last}`.trim();
    if (signal) return `The trainer crashed (${signal}). ${last}`.trim();
    return `The trainer ended without a result (exit code ${code}). ${last}`.trim();
  }
}
