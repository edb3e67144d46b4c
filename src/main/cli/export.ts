import path from 'node:path';
import { Option, type Command } from 'commander';
import type { TrainerHost } from '#services/jobs/trainer-process';
import { outFileOf, size } from './options.ts';
import { runJob } from './run-job.ts';
import { give } from './say.ts';

interface ExportOptions {
  checkpoint: string;
  out: string;
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

async function exportCheckpoint(options: ExportOptions, host: TrainerHost): Promise<void> {
  const outFile = outFileOf(options.out, options.checkpoint);
  const notes = Object.fromEntries(
    options.note.map((note) => [note.slice(0, Math.max(0, note.indexOf('='))), note.slice(note.indexOf('=') + 1)]),
  );
  await runJob(
    host,
    {
      kind: 'export',
      checkpoint: path.resolve(options.checkpoint),
      outFile,
      format: options.format,
      half: options.half ?? false,
      size: options.size ?? null,
      notes,
    },
    () => undefined,
  );
  give(outFile);
}
