// npm run -s cli -- train|evaluate|predict …: set-up speaks on stderr only, stdout is the command's own.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { main, setUp } from './setup/index.mjs';
import { calledFrom, findNode24, root } from './setup/paths.mjs';

await main(async () => {
  await setUp();
  const child = spawn(findNode24(), [path.join(root, 'out/main/cli.js'), ...process.argv.slice(2)], { cwd: calledFrom, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 0)));
});
