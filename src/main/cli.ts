// The command line: the same services and trainer without a window. Results go to stdout, all else to stderr.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { useReadLimits } from '#files/read-limits';
import { standardLimits, type ReadLimits } from '#shared/data/read-limits';
import { AppError, messageOf } from '#shared/errors';
import { positive, repeated } from './cli/options.ts';
import { registerExport } from './cli/export.ts';
import { registerExportData } from './cli/export-data.ts';
import { registerCalibrate } from './cli/calibrate.ts';
import { registerEvaluate } from './cli/evaluate.ts';
import { registerPredict } from './cli/predict.ts';
import { registerImport } from './cli/import.ts';
import { registerTrain } from './cli/train.ts';
import { say } from './cli/say.ts';

interface GlobalOptions {
  maxMegapixels: number;
  maxMegabytes: number;
  followLinks: string[];
}

const limitsOf = ({ maxMegapixels, maxMegabytes, followLinks }: GlobalOptions): ReadLimits => ({
  megapixels: maxMegapixels,
  megabytes: maxMegabytes,
  linkedFolders: followLinks.map((folder) => path.resolve(folder)),
});

const here = path.dirname(fileURLToPath(import.meta.url));
const host = { entry: path.join(here, 'trainer.js'), program: process.execPath };

const program = new Command()
  .name('npm run -s cli --')
  .description('Train EncNet, evaluate a checkpoint, predict label masks, and export weights.')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride()
  .option('--max-megapixels <n>', 'largest image or mask that is read, in millions of pixels', positive, standardLimits.megapixels)
  .option('--max-megabytes <n>', 'largest image or mask file that is read, in millions of bytes', positive, standardLimits.megabytes)
  .option('--follow-links <dir>', 'a folder outside the data set that its links may lead to; may be given again', repeated, [])
  .hook('preAction', () => useReadLimits(limitsOf(program.opts())));
registerTrain(program, host);
registerEvaluate(program, host);
registerCalibrate(program, host);
registerPredict(program, host);
registerExport(program, host);
registerImport(program);
registerExportData(program);
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    say(`error: ${messageOf(error).split('\n')[0]}`);
    if (!(error instanceof AppError) && process.env.DEBUG) console.error(error);
    process.exitCode = 1;
  }
}
