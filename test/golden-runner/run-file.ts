import { readFileSync } from 'node:fs';
import { AppError, messageOf } from '#shared/errors';
import { asFileError } from '#files/atomic-write';
import { fillFile } from './fill-case.ts';
import { backboneFile } from './backbone-case.ts';
import { networkFile } from './network-case.ts';
import { lossesFile, schedulesFile, transformsFile } from './number-cases.ts';
import { Report } from './report.ts';
import { blockCase, encModuleCase, encodingCase, resizeFile, type SmallFiles } from './small-cases.ts';

type Content = Record<string, unknown>;
const has = (content: Content, ...path: string[]): boolean => {
  let value: unknown = content;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return false;
    value = (value as Content)[key];
  }
  return true;
};

/** Recognised by what they hold, so that a file never seen before works under any name. */
const kinds: { fits: (content: Content) => boolean; run: (report: Report, content: never) => void }[] = [
  { fits: (c) => has(c, 'eval_initial') && has(c, 'train_step'), run: networkFile },
  { fits: (c) => has(c, 'train', 'stage1'), run: backboneFile },
  {
    fits: (c) => has(c, 'cases', '0', 'config', 'num_codes'),
    run: (report: Report, content: SmallFiles['encoding']) => content.cases.forEach((each) => encodingCase(report, each)),
  },
  {
    fits: (c) => has(c, 'cases', '0', 'parameters_initial'),
    run: (report: Report, content: SmallFiles['blocks']) => content.cases.forEach((each) => blockCase(report, each)),
  },
  { fits: (c) => has(c, 'cotangent_encoding_feat'), run: encModuleCase },
  { fits: (c) => has(c, 'bilinear'), run: resizeFile },
  { fits: (c) => has(c, 'cross_entropy'), run: lossesFile },
  { fits: (c) => has(c, 'optimizers'), run: schedulesFile },
  { fits: (c) => has(c, 'results') && has(c, 'source'), run: transformsFile },
  { fits: (c) => has(c, 'streams'), run: fillFile },
];

/**
 * Runs a golden case file against this library.
 * @throws AppError 'not-found', 'corrupt-file' or 'unsupported', naming the file
 */
export function runGoldenFile(file: string): Report {
  let content: Content;
  try {
    content = JSON.parse(readFileSync(file, 'utf8')) as Content;
  } catch (error) {
    const known = asFileError(error, file);
    throw known instanceof AppError ? known : new AppError('corrupt-file', `${file} is not JSON: ${messageOf(error)}`, { file });
  }
  const kind = kinds.find(({ fits }) => fits(content));
  if (!kind) throw new AppError('unsupported', `${file} holds no case of a known kind`, { file });
  const report = new Report();
  kind.run(report, content as never);
  return report;
}
