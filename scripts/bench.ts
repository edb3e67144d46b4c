// Benchmarks of src/ml; the peer is the reference itself in PyTorch, from ../shared/peer, where that is there.
import { Command } from 'commander';
import { measureLargeMask, type EditorArguments } from './bench/editor.ts';
import { measureLoop, type LoopArguments } from './bench/loop.ts';
import { measurePeer, type PeerArguments } from './bench/peer.ts';
import { measurePhotoTools, type PhotoToolArguments } from './bench/photo-tools.ts';
import { measureSurvey } from './bench/survey.ts';
import type { Precision } from '../src/shared/training/precision.ts';
import { measurePredict, measureStep, profileStep } from './bench/measure.ts';

const whole = (text: string): number => Number.parseInt(text, 10);
const program = new Command().name('npm run -s bench --');

/** A command on a training step of a preset. */
const stepCommand = (name: string, description: string) =>
  program
    .command(name)
    .description(description)
    .option('--preset <name>', 'recipe', 'reference')
    .option('--batch <n>', 'images a step', whole, 2)
    .option('--size <n>', 'height and width', whole, 224)
    .option('--height <n>', 'height, where it differs', whole)
    .option('--width <n>', 'width, where it differs', whole)
    .option('--precision <name>', 'float32 or bfloat16', 'float32')
    .option('--classes <n>', 'classes', whole, 33)
    .option('--steps <n>', 'steps to count', whole, 4);

interface StepCommand {
  preset: string;
  batch: number;
  size: number;
  height?: number;
  width?: number;
  precision: Precision;
  classes: number;
  steps: number;
}
const sized = ({ size, height, width, ...rest }: StepCommand) => ({ ...rest, height: height ?? size, width: width ?? size });

stepCommand('step', 'Time training steps; the first, a warm-up, is left out.')
  .option('--json', 'print one JSON line (it always does)')
  .action((options: StepCommand) => console.log(JSON.stringify(measureStep(sized(options)))));

stepCommand('profile', 'Time a training step kernel by kernel.').action((options: StepCommand) => {
  for (const { op, calls, ms, share } of profileStep(sized(options)))
    console.log(`${(100 * share).toFixed(1).padStart(5)} %  ${String(ms).padStart(7)} ms  ${String(calls).padStart(5)} calls  ${op}`);
});

program
  .command('survey')
  .description('Time the reading of a data set after it was opened. Its .encnet is removed: give a copy.')
  .requiredOption('--data <dir>', 'a copy of a data set')
  .action(async (options: { data: string }) => console.log(JSON.stringify(await measureSurvey(options))));

program
  .command('photo-tools')
  .description('Measure tools that go by the photo against true labels.')
  .requiredOption('--data <dir>', "a data set in CamVid's folders")
  .option('--split <name>', 'its split', 'val')
  .option('--every <n>', 'of its images, every so many', whole, 12)
  .action(async (options: PhotoToolArguments) => console.log(JSON.stringify(await measurePhotoTools(options), null, 1)));

program
  .command('predict')
  .description('Time predictions of one batch.')
  .option('--preset <name>', 'recipe', 'reference')
  .option('--batch <n>', 'images', whole, 1)
  .option('--height <n>', 'height', whole, 360)
  .option('--width <n>', 'width', whole, 480)
  .option('--precision <name>', 'float32 or bfloat16', 'float32')
  .option('--classes <n>', 'classes', whole, 33)
  .option('--steps <n>', 'predictions to count', whole, 4)
  .option('--json', 'print one JSON line (it always does)')
  .action((options: Parameters<typeof measurePredict>[0]) => console.log(JSON.stringify(measurePredict(options))));

program
  .command('loop')
  .description('Train on a data set and tell which share of the time goes into waiting for data, steps and validation.')
  .requiredOption('--data <dir>', 'data set')
  .option('--preset <name>', 'recipe', 'light')
  .option('--epochs <n>', 'epochs', whole, 1)
  .option('--images <n>', 'images of each split at the most', whole, 1_000_000)
  .option('--precision <name>', "float32, bfloat16 or auto; the recipe's by default")
  .action(async (options: LoopArguments) => console.log(JSON.stringify(await measureLoop(options))));

program
  .command('peer')
  .description("Run our step and the reference's in PyTorch by turns, in float32 and bfloat16, and print what each took and the ratios.")
  .option('--mode <name>', 'train or predict', 'train')
  .option('--batch <n>', 'images a step', whole, 2)
  .option('--size <n>', 'height and width of a training step; predictions are of 360 x 480', whole, 224)
  .option('--steps <n>', 'steps to count', whole, 3)
  .option('--rounds <n>', 'times that each is run', whole, 2)
  .action((options: PeerArguments) => measurePeer(options));

program
  .command('large-mask')
  .description("Paint, save and undo a very large mask, with a restart between, and tell how long main's event loop stood still.")
  .option('--width <n>', 'width', whole, 11_000)
  .option('--height <n>', 'height', whole, 6000)
  .action(async (options: EditorArguments) => {
    for (const phase of await measureLargeMask(options)) console.log(JSON.stringify(phase));
  });

program
  .command('window')
  .description('Time changing the image and painting in Chromium, on a copy of a data set.')
  .requiredOption('--data <dir>', 'data set, such as ../shared/camvid')
  .option('--build <dir>', 'checkout whose build is measured', '.')
  .option('--switches <n>', 'changes of the image', whole, 60)
  .option('--tool <key>', 'tool in hand: b paints, t proposes a mask, s cuts superpixels', 'b')
  .option('--pause <ms>', 'how long an image is looked at', whole, 120)
  .option('--profile', 'tell the functions that took longest')
  .option('--training', 'while a training of preset light goes on')
  .action(async (options: object) => {
    // Typed with the page's libraries, which nothing else here may see.
    const file = './bench/window.ts';
    const { measureWindow } = (await import(file)) as { measureWindow: (given: object) => Promise<object> };
    console.log(JSON.stringify(await measureWindow(options)));
  });

program
  .command('review')
  .description('Time opening a predicted split in Review and filtering it by a cell of the matrix, in Chromium.')
  .requiredOption('--data <dir>', 'data set, such as ../shared/camvid')
  .option('--images <n>', 'images of the split', whole, 233)
  .option('--switches <n>', 'times that it is opened', whole, 9)
  .action(async (options: object) => {
    const file = './bench/review.ts';
    const { measureReview } = (await import(file)) as { measureReview: (given: object) => Promise<object> };
    console.log(JSON.stringify(await measureReview(options)));
  });

program
  .command('canvas')
  .description('Time painting, looking and the tools on one photo at several sizes, in Chromium.')
  .requiredOption('--photo <file>', 'photo, such as one of ../shared/camvid/val')
  .option('--sizes <list>', 'widths and heights', '960x720,4096x3072,11000x6000')
  .option('--build <dir>', 'checkout whose build is measured', '.')
  .option('--moves <n>', 'moves of the pointer a deed', whole, 60)
  .option('--profile', 'tell the functions that took longest')
  .action(async (options: object) => {
    const file = './bench/canvas.ts';
    const { measureCanvas } = (await import(file)) as { measureCanvas: (given: object) => Promise<void> };
    await measureCanvas(options);
  });

await program.parseAsync();
