// npm run setup: packages, tensor runtime, build. Plain Node, no dependencies, because nothing is installed yet.
import { main, setUp } from './setup/index.mjs';
import { say } from './setup/log.mjs';

await main(async () => {
  await setUp();
  say('ready');
});
