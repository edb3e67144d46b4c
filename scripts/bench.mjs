// npm run -s bench -- step|predict|peer …: stdout is the measurement alone.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { findNode24, root } from './setup/paths.mjs';

// The trainer's own environment, or the measurement would be of something else.
const trainerEnvironment = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '100000000000',
  MALLOC_TOP_PAD_: '268435456',
  TF_CPP_MIN_LOG_LEVEL: '3',
};

await main(async () => {
  await setUp({ withBuild: false });
  const { status } = spawnSync(findNode24(), [path.join(root, 'scripts/bench.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, ...trainerEnvironment },
  });
  process.exitCode = status ?? 1;
});
