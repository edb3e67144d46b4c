import path from 'node:path';
import { Option, type Command } from 'commander';
import type { TrainerHost } from '#services/jobs/trainer-process';
import { outFileOf, overwriteOption, size } from './options.ts';
import { runJob } from './run-job.ts';
import { AppError } from '#shared/errors';
import { give } from './say.ts';

/** What the files of networks say of themselves. */
const ownNotes = new Set(['format', 'version', 'sha256', 'config', 'classes', 'state', 'epoch', 'temperature', 'offsets']);

interface ExportOptions {
  checkpoint: string;
  out: string;
  overwrite: boolean;
  format: 'safetensors' | 'onnx' | 'pth';
  half?: boolean;
  size?: [number, number];
  note: string[];
}

export function registerExport(program: Command, host: TrainerHost): void {
  program
    .command('export')
    .description("Write a checkpoint's network as safetensors, as .pth (both with PyTorch's names and layouts) or as ONNX.")
    .requiredOption('--checkpoint <file>', 'checkpoint, such as best.ckpt')
    .requiredOption('--out <file>', 'file to write')
    .addOption(overwriteOption())
    .addOption(new Option('--format <name>', 'format').choices(['safetensors', 'onnx', 'pth']).default('safetensors'))
    .option('--half', 'half precision (safetensors, pth)')
    .option('--size <HxW>', "height and width of an ONNX model's images; the evaluation size by default", size)
    .option(
      '--note <key=value>',
      "a note for the file's metadata; may be repeated",
      (text: string, previous: string[]) => [...previous, text],
      [],
    )
    .action((options: ExportOptions) => exportCheckpoint(options, host));
}

/** What an export would pass over is refused. @throws AppError 'invalid-argument' naming the option and the way out */
function assertMeant({ format, half, size, note }: ExportOptions): void {
  const refuse = (text: string) => {
    throw new AppError('invalid-argument', text);
  };
  if (half && format === 'onnx') refuse('--half is for safetensors and pth: an ONNX file is written in float32');
  if (size && format !== 'onnx') refuse(`--size is the size of an ONNX model's images: a ${format} file takes images of any size`);
  for (const text of note) {
    const [key] = text.split('=');
    if (format === 'pth') refuse(`--note ${text}: a pth file has no place for notes; safetensors and onnx have`);
    if (!text.includes('=') || key === '') refuse(`--note must be key=value, received ${text}`);
    if (ownNotes.has(key)) refuse(`--note ${text}: "${key}" is what the file itself says; choose another key`);
  }
}

async function exportCheckpoint(options: ExportOptions, host: TrainerHost): Promise<void> {
  const outFile = outFileOf(options);
  assertMeant(options);
  await runJob(
    host,
    {
      kind: 'export',
      checkpoint: path.resolve(options.checkpoint),
      outFile,
      format: options.format,
      half: options.half ?? false,
      size: options.size ?? null,
      notes: Object.fromEntries(options.note.map((note) => [note.slice(0, note.indexOf('=')), note.slice(note.indexOf('=') + 1)])),
    },
    () => undefined,
  );
  give(outFile);
}
