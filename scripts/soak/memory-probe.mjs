// Loaded into a host that is measured: on SIGUSR2 it tells what it still holds once everything that is free was given back.
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const file = process.env.ENCNET_MEMORY_PROBE;
if (isMainThread && file) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(file, String(Math.round((heapUsed + external) / 2 ** 20)));
  });
}
