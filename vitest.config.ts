import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The renderer's state is tested as it is compiled for the page, but without a page around it.
  plugins: [svelte({ configFile: false })],
  resolve: { conditions: ['browser'] },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'node_modules/**'],
    pool: 'forks',
    // Threads that run TypeScript strip its types in WebAssembly. Where it has called JavaScript often enough, V8 makes a quicker way for
    // that, and Node 24 has once ended a test process by it ("Check failed: jit_page.has_value()", nodejs/node#64500): it is never often
    // enough. What is built has no types to strip.
    execArgv: ['--wasm-wrapper-tiering-budget=2000000000'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
  },
});
