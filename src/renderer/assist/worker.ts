// The worker in which a classifier learns from strokes while a person labels. The page starts it by its address; nothing imports it.
import { messageOf } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { Serial } from '#shared/serial';
import { LiveModel, type Example } from './live-model.ts';
import { pictureAt } from './picture-at.ts';
import { proposalOf } from './proposal.ts';
import { proposedSize, regionsOf } from './proposal-map.ts';
import { traitsOf } from './traits.ts';
import type { AssistReply, AssistTask, BeginTask } from './messages.ts';

const scope = self as unknown as { onmessage: ((event: MessageEvent<AssistTask>) => void) | null; postMessage: Worker['postMessage'] };
const tasks = new Serial();
let model: LiveModel | null = null;
/** The newest task: what came before it is not worth its time any more. */
let newest = 0;

/** Colours need to be no finer than the features they stand beside. */
const photoWidth = 416;

async function photoAt(address: string): Promise<{ width: number; height: number; data: Uint8ClampedArray }> {
  const picture = await pictureAt(address);
  try {
    const width = Math.min(photoWidth, picture.width);
    const height = Math.max(1, Math.round((picture.height * width) / picture.width));
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    context.drawImage(picture, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  } finally {
    picture.close();
  }
}

/** Why no image is at hand; empty where one is. */
let problem = '';

async function begin({ address, ...evidence }: BeginTask): Promise<void> {
  [model, problem] = [null, ''];
  const traits = traitsOf(evidence.features);
  send({ turn: evidence.turn, traits }, [traits.values.buffer]);
  model = new LiveModel({ ...evidence, photo: await photoAt(address) });
}

/** What is proposed now; nothing for a model that neither a network nor a stroke has told anything. */
function propose(examples: readonly Example[], fixed: Uint16Array | null, turn: number): AssistReply {
  if (!model) return { turn, error: problem || 'no image was begun' };
  model.fit(examples);
  const size = proposedSize(model.width, model.height);
  const proposal = proposalOf(model.scores(), size.width, size.height);
  if (!model.knowsClasses) proposal.ids.fill(voidId);
  // What a person has painted is of the class that it was given.
  else fixed?.forEach((value, cell) => value > 0 && (proposal.ids[cell] = value - 1));
  return { turn, map: regionsOf(proposal) };
}

const send = (reply: AssistReply, transfer: Transferable[] = []) => scope.postMessage(reply, transfer);

async function run(task: AssistTask): Promise<void> {
  try {
    if (task.kind === 'begin') await begin(task);
    if (task.turn < newest) return;
    const reply = task.kind === 'learn' ? propose(task.examples, task.fixed, task.turn) : propose([], null, task.turn);
    send(reply, 'map' in reply ? [reply.map.ids.buffer, reply.map.regionOf.buffer] : []);
  } catch (error) {
    // Whoever has painted meanwhile hears it with the answer to that.
    if (task.kind === 'begin') problem = messageOf(error);
    send({ turn: task.turn, error: messageOf(error) });
  }
}

scope.onmessage = ({ data }) => {
  newest = data.turn;
  void tasks.run(() => run(data));
};
