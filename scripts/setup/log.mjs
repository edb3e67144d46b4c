// Everything set-up says goes to stderr: stdout belongs to the command that follows it.
const started = Date.now();

/** An expected set-up failure: one sentence for the reader, with the remedy; printed without a stack. */
export class SetupError extends Error {}

/** The seconds since the start, before every line. */
export const elapsed = () => `[setup ${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s]`;

/** Prints one progress line. */
export function say(text) {
  process.stderr.write(`${elapsed()} ${text}\n`);
}

/** Runs a step with its position shown; a step that has nothing to do stays silent. */
export async function step(index, total, name, isDone, work) {
  if (await isDone()) return false;
  const begin = Date.now();
  say(`${index}/${total} ${name}`);
  await work();
  say(`${index}/${total} ${name}: done in ${((Date.now() - begin) / 1000).toFixed(0)} s`);
  return true;
}
