// Why a trainer computes on the processor although a person may expect a GPU, in words.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** What decides it. Tests put their own in place of the machine's. */
export interface DeviceFacts {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  /** What set-up staged; null where that is not known. */
  staged: 'cpu' | 'gpu' | null;
  /** Whether a shared library can be found in one of the folders that are searched. */
  hasLibrary: (name: string) => boolean;
  /** Whether the kernel's part of NVIDIA's driver is loaded. */
  hasDriver: boolean;
}

const driverLibrary = 'libcuda.so.1';
/** What TensorFlow 2.21 opens; without one of them it uses no GPU. */
export const cudaLibraries = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcusolver.so.11',
  'libcusparse.so.12',
  'libcudnn.so.9',
];

const setUpAgain = 'run ENCNET_DEVICE=gpu npm run setup';

/** @returns one sentence without a full stop */
export function whyNoGpu({ platform, env, staged, hasLibrary, hasDriver }: DeviceFacts): string {
  if (platform !== 'linux') return 'TensorFlow has GPU support on Linux alone';
  const visible = env.CUDA_VISIBLE_DEVICES;
  if (visible !== undefined && (visible === '' || visible.startsWith('-1'))) return 'CUDA_VISIBLE_DEVICES hides every GPU';
  const driver = hasDriver || hasLibrary(driverLibrary);
  if (!driver) return 'no NVIDIA driver';
  if (staged === 'cpu') return `an NVIDIA driver is there, and set-up took TensorFlow for the processor: ${setUpAgain}`;
  const missing = cudaLibraries.filter((name) => !hasLibrary(name));
  if (missing.length > 0) return `CUDA libraries missing: ${missing.join(', ')}; ${setUpAgain}`;
  return 'TensorFlow found no GPU that it can use: nvidia-smi tells whether the driver works';
}

const systemFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/lib/wsl/lib', '/usr/local/cuda/lib64'];

function listing(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder that is not there holds no library.
    return [];
  }
}

function stagedDevice(packageFolder: string): DeviceFacts['staged'] {
  try {
    // Linked or copied, the record lies beside the libraries.
    const runtime = path.dirname(realpathSync(path.join(packageFolder, 'deps')));
    const { device } = JSON.parse(readFileSync(path.join(runtime, 'complete.json'), 'utf8')) as { device?: unknown };
    return device === 'cpu' || device === 'gpu' ? device : null;
  } catch {
    // Not staged by our set-up, so nothing is known of it.
    return null;
  }
}

/** The facts of this process. @param packageFolder of @tensorflow/tfjs-node-gpu, where set-up has placed a runtime */
export function factsHere(packageFolder: string, env: NodeJS.ProcessEnv = process.env): DeviceFacts {
  const folders = [...(env.LD_LIBRARY_PATH ?? '').split(path.delimiter).filter(Boolean), ...systemFolders];
  const names = new Set(folders.flatMap(listing));
  return {
    platform: process.platform,
    env,
    staged: stagedDevice(packageFolder),
    hasLibrary: (name) => names.has(name),
    hasDriver: existsSync('/proc/driver/nvidia/version'),
  };
}
