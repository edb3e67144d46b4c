// npm run golden -- FILE…: runs golden case files against src/ml, which Node 24 runs as it stands.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { findNode24, root } from './setup/paths.mjs';

await main(async () => {
  await setUp({ withBuild: false });
  const { status } = spawnSync(findNode24(), [path.join(root, 'scripts/golden.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  process.exitCode = status ?? 1;
});
