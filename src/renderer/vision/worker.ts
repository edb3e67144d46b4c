// The worker that looks at the photo while a person labels. The page starts it by its address; nothing imports it.
import { messageOf } from '#shared/errors';
import { Serial } from '#shared/serial';
import type { Answers, QuestionKind, VisionReply, VisionTask } from './messages.ts';
import { Photo } from './photo.ts';
import { bordersOf } from './borders.ts';
import { photoMapOf } from './photo-map.ts';
import type { EdgeTracer } from './scissors.ts';
import { superpixelsOf } from './slic.ts';

const scope = self as unknown as { onmessage: ((event: MessageEvent<VisionTask>) => void) | null; postMessage: Worker['postMessage'] };
const tasks = new Serial();
let photo: Photo | null = null;
let tracer: EdgeTracer | null = null;

/** Superpixels need to be no finer: they are large beside a cell. */
const superpixelCells = 1.5e6;

const atHand = (): Photo => {
  if (!photo) throw new Error('no photo was looked at');
  return photo;
};

async function answer(task: VisionTask): Promise<Answers<QuestionKind>> {
  switch (task.question) {
    case 'photo':
      tracer?.close();
      [photo, tracer] = [null, null];
      photo = await Photo.at(task.asks.address);
      return photoMapOf(photo.whole());
    case 'superpixels': {
      const pixels = atHand().reduced(superpixelCells);
      const superpixels = superpixelsOf(photoMapOf(pixels), Math.max(3, (task.asks.spacing * pixels.width) / atHand().size.width));
      return { ...superpixels, borders: await createImageBitmap(bordersOf(superpixels)) };
    }
    case 'trace': {
      // OpenCV is ten megabytes: what needs it loads it.
      const { EdgeTracer } = await import('./scissors.ts');
      tracer ??= new EdgeTracer(atHand());
      return tracer.trace(task.asks.from, task.asks.to, task.asks.within);
    }
    case 'follow': {
      const { followMask } = await import('./follow-mask.ts');
      return followMask(atHand(), task.asks);
    }
    case 'cleanUp': {
      const [{ withOpenCv }, { cleanedUp }] = await Promise.all([import('./opencv.ts'), import('./clean-up.ts')]);
      return withOpenCv((cv, keep) => cleanedUp(cv, keep, task.asks));
    }
    case 'cutOut': {
      const { cutOut } = await import('./cut-out.ts');
      return cutOut(atHand(), task.asks.box);
    }
  }
}

/** The memory of an answer goes over whole. */
function buffersOf(value: Answers<QuestionKind>): Transferable[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  return Object.values(value ?? {}).flatMap((part: unknown): Transferable[] => {
    if (part instanceof ImageBitmap) return [part];
    return ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : [];
  });
}

async function run(task: VisionTask): Promise<void> {
  try {
    const found = await answer(task);
    scope.postMessage({ number: task.number, answer: found } satisfies VisionReply, buffersOf(found));
  } catch (error) {
    scope.postMessage({ number: task.number, error: messageOf(error) } satisfies VisionReply, []);
  }
}

scope.onmessage = ({ data }) => void tasks.run(() => run(data));
