import { execFileSync } from 'node:child_process';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';
import { strictOpenCvPlugin } from './scripts/build/strict-opencv.ts';

/** The commit that is built, with a plus where files differ from it; empty outside a repository. */
function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty=+', '--exclude=*'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // An archive of the sources has no history: its builds tell their version alone.
    return '';
  }
}

export default defineConfig({
  main: {
    define: { 'process.env.ENCNET_COMMIT': JSON.stringify(commit()) },
    build: {
      rolldownOptions: {
        input: {
          index: 'src/main/index.ts',
          serve: 'src/main/serve.ts',
          cli: 'src/main/cli.ts',
          trainer: 'src/ml/trainer/index.ts',
          assistant: 'src/ml/assistant/index.ts',
          'data-worker': 'src/ml/trainer/data-worker.ts',
          'mask-worker': 'src/main/services/workers/mask-worker.ts',
        },
      },
    },
  },
  preload: {
    build: { rolldownOptions: { input: { index: 'src/preload/index.ts' }, output: { format: 'cjs', entryFileNames: '[name].cjs' } } },
  },
  renderer: {
    plugins: [svelte()],
    worker: { format: 'es', plugins: () => [strictOpenCvPlugin()] },
    build: { rolldownOptions: { input: { index: 'src/renderer/index.html' } } },
  },
});
