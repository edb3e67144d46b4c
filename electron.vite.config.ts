import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';
import { strictOpenCvPlugin } from './scripts/build/strict-opencv.ts';

export default defineConfig({
  main: {
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
