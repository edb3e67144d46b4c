import { defineConfig } from '@playwright/test';
import { chromiumArguments, findChromium } from './test/helpers/chromium.ts';

export default defineConfig({
  testDir: 'test/e2e',
  // Each test has a workbench of its own; the trainers share two cores.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ? [['list'], ['json']] : 'list',
  use: {
    locale: 'en-US',
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: { executablePath: await findChromium(), args: chromiumArguments },
  },
});
