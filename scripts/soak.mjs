// npm run soak -- crash [--kills N]: long tests that npm test has in a short form.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { findNode24, root } from './setup/paths.mjs';

await main(async () => {
  // The editor's soak kills the built host; the trainer's runs the sources.
  await setUp({ withBuild: process.argv[2] !== 'crash' });
  const { status } = spawnSync(findNode24(), [path.join(root, 'scripts/soak.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  process.exitCode = status ?? 1;
});
