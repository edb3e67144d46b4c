// npm run fuzz [-- --minutes N]: the long form of test/fuzz.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { findNode24, root } from './setup/paths.mjs';

await main(async () => {
  await setUp({ withBuild: false });
  const { status } = spawnSync(findNode24(), [path.join(root, 'scripts/fuzz.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
});
