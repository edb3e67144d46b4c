import { build, built } from './build.mjs';
import { SetupError, step } from './log.mjs';
import { installPackages, packagesInstalled } from './packages.mjs';
import { runtimeStaged, stageRuntime } from './runtime.mjs';

const steps = [
  ['npm packages and Node 24', packagesInstalled, installPackages],
  ['tensor runtime', runtimeStaged, stageRuntime],
  ['build', built, build],
];

/** Brings a clone to a running state; what is done already is skipped. */
export async function setUp({ withBuild = true } = {}) {
  const wanted = withBuild ? steps : steps.slice(0, 2);
  let index = 0;
  for (const [name, isDone, work] of wanted) await step(++index, wanted.length, name, isDone, work);
}

/** Runs an entry's work; an expected failure becomes one line and exit code 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    process.stderr.write(error instanceof SetupError ? `\nSet-up stopped: ${error.message}\n` : `${error.stack}\n`);
    process.exitCode = 1;
  }
}
