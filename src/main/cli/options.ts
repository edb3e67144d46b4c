import { existsSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { identityOf } from '#files/file-identity';
import { AppError } from '#shared/errors';
import { issueText } from '#shared/issue-text';
import { evaluationScales } from '#shared/training/run-config';
import { precisionSettings } from '#shared/training/precision';

/** An integer of at least `low`. @throws InvalidArgumentError naming rule and value */
export const integer =
  (low: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low)
      throw new InvalidArgumentError(`must be a whole number of at least ${low}, received "${text}".`);
    return value;
  };

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError(`must be a number above 0, received "${text}".`);
  return value;
}

/** A share in percent, of which something is left. */
export function percent(text: string): number {
  const value = positive(text);
  if (value >= 100) throw new InvalidArgumentError(`must be a number between 0 and 100, received "${text}".`);
  return value;
}

/** What to reckon in; the same for every command. */
export const precisionOption = (whose: string): Option =>
  new Option(
    '--precision <name>',
    `what convolutions are reckoned in; auto tries for 50 ms which is faster here (default: ${whose})`,
  ).choices(precisionSettings);

/** Options of a command that takes a checkpoint to a labelled split. @param doing with it, in words */
export const ofSplit = (command: Command, doing: string): Command =>
  command
    .requiredOption('--checkpoint <file>', 'checkpoint, such as best.ckpt')
    .requiredOption('--data <dir>', 'data set folder')
    .addOption(new Option('--split <name>', `split to ${doing}`).choices(['train', 'val', 'test']).default('val'));

/** How many times as large as usual images are looked at. */
export function scales(text: string): number[] {
  const { success, data, error } = evaluationScales.safeParse(text.split(',').map(Number));
  if (success) return data;
  throw new InvalidArgumentError(
    `must be 1 to 8 numbers from 0.25 to 4 such as 0.75,1,1.25: ${issueText(error.issues[0])}, received "${text}".`,
  );
}

/** What a run goes on from, or falls back to. */
const runFile = /^(last|best|epoch-\d+)\.ckpt$/;

interface OutOptions {
  out: string;
  checkpoint: string;
  overwrite: boolean;
}

export const overwriteOption = (): Option => new Option('--overwrite', 'replace the file of --out where there is one').default(false);

/**
 * Where a command writes what it makes of a checkpoint: before work is done for it.
 * @throws AppError 'invalid-argument' if that is the checkpoint itself, or one of a run; 'conflict' if there is such a file already;
 * 'not-found' if there is no such folder
 */
export function outFileOf({ out, checkpoint, overwrite }: OutOptions): string {
  const file = path.resolve(out);
  const there = identityOf(file);
  if (file === path.resolve(checkpoint) || (there !== null && there === identityOf(checkpoint)))
    throw new AppError('invalid-argument', `${out} is the checkpoint itself, from which a run goes on: choose another file for --out`);
  if (there !== null && runFile.test(path.basename(file)))
    throw new AppError('invalid-argument', `${out} is a checkpoint of a run, which goes on from it: choose another file for --out`);
  if (there !== null && !overwrite)
    throw new AppError('conflict', `${out} is there already: choose another file for --out, or give --overwrite if nobody needs it`);
  const folder = path.dirname(file);
  if (!existsSync(folder)) throw new AppError('not-found', `${folder} does not exist: --out must lie in a folder that does`);
  return file;
}

/** `HxW` in pixels. @returns [height, width] */
export function size(text: string): [number, number] {
  const match = /^(\d+)x(\d+)$/i.exec(text);
  if (!match) throw new InvalidArgumentError(`must be HEIGHTxWIDTH such as 176x240, received "${text}".`);
  return [Number(match[1]), Number(match[2])];
}

/** Collects `key=value`; values are JSON where they can be, text otherwise. */
export function setting(text: string, previous: [string, unknown][]): [string, unknown][] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError(`must be key=value, received "${text}".`);
  const raw = text.slice(at + 1);
  let value: unknown = raw;
  try {
    value = JSON.parse(raw);
  } catch {
    // Not JSON: a plain word such as sgd.
  }
  return [...previous, [text.slice(0, at), value]];
}

/** Collects an option that may be given again. */
export const repeated = (text: string, previous: string[]): string[] => [...previous, text];
