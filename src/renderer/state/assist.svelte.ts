import { unpackMap, type GridMap } from '#shared/assist/grid-map';
import type { AssistModel } from '#shared/contract/assist';
import { messageOf } from '#shared/errors';
import { forEachChanged, type MaskPatch } from '#shared/mask/patch';
import { assetUrl } from '../api/assets.ts';
import { Painted } from '../assist/painted.ts';
import { proposedSize } from '../assist/proposal-map.ts';
import { startAssistWorker, type AssistWorker } from '../assist/start-worker.ts';
import type { AssistReply } from '../assist/messages.ts';
import type { MaskDocument, Stroke } from '../editor/document.ts';
import { copiedLabels, proposalLabels, Proposed } from '../editor/proposed.ts';
import { take } from '../editor/tools/take.ts';
import { learnedLabel } from './assist-labels.ts';
import type { MaskSession } from './mask-session.svelte.ts';
import type { Session } from './session.svelte.ts';

/** What belongs to the image at hand. */
interface AtHand {
  mask: MaskSession;
  painted: Painted;
  unsubscribes: (() => void)[];
  /** The turn at which the worker was given what a network sees in it; null where it has not. */
  begun: number | null;
}

/** How long what others and undo change is gathered before it is learned from. */
const gatherMs = 60;
/** How long an image is at hand before it is looked at: who leafs through images is not kept waiting by what nobody sees. */
const restMs = 200;

/** The assistant: a model of the person's own proposes the mask, and learns from every stroke. Its owner closes it. */
export class Assist {
  status = $state<'off' | 'looking' | 'ready' | 'failed'>('off');
  /** Why there is no proposal. */
  problem = $state('');
  models = $state.raw<AssistModel[]>([]);
  /** The model that proposes; undefined for the newest. */
  runId = $state<string | null | undefined>(undefined);
  /** Whether what it learns is painted at once, where nothing is labelled or it has painted itself. */
  live = $state(false);
  proposed = $state.raw<Proposed | null>(null);
  /** What the network sees in the image at hand, in few numbers a cell: what is near in them belongs together. */
  traits = $state.raw<GridMap | null>(null);
  /** Whether a stroke is being learned from. */
  learning = $state(false);
  private readonly session: Session;
  private worker: AssistWorker | null = null;
  private hand: AtHand | null = null;
  private wanted = false;
  /** Whether another image's labels are proposed, which leave alone what a person has painted. */
  guardsOthers = false;
  /** Names the newest task. */
  private turn = 0;
  /** The stroke that waits for what is learned from it; null for none. */
  private owesFor: MaskPatch | null = null;
  private gathering: ReturnType<typeof setTimeout> | null = null;
  private resting: ReturnType<typeof setTimeout> | null = null;

  constructor(session: Session) {
    this.session = session;
  }

  /** An image is at hand; until `detach`. */
  attach(mask: MaskSession): void {
    this.detach();
    const { document } = mask;
    const painted = new Painted(document.size, proposedSize(document.size.width, document.size.height));
    const unsubscribes = [
      document.onCommit((stroke) => this.onStroke(stroke)),
      document.onAffirm((patch, alone) => {
        painted.affirm(patch, alone);
        if (alone) this.learn();
      }),
      document.onChange(() => document.strokeOpen || this.learnSoon()),
    ];
    this.hand = { mask, painted, unsubscribes, begun: null };
    if (!this.wanted) return;
    this.status = 'looking';
    this.resting = setTimeout(() => {
      if (this.wanted) void this.begin();
      else this.status = 'off';
    }, restMs);
  }

  detach(): void {
    for (const unsubscribe of this.hand?.unsubscribes ?? []) unsubscribe();
    if (this.gathering) clearTimeout(this.gathering);
    if (this.resting) clearTimeout(this.resting);
    [this.hand, this.gathering, this.resting, this.owesFor] = [null, null, null, null];
    this.turn++;
    this.proposed = null;
    this.traits = null;
    this.learning = false;
    this.status = 'off';
  }

  /** Whether proposals are wanted: without that, nothing is looked at. */
  want(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    if (!wanted || !this.hand || this.status === 'looking') return;
    // What was painted meanwhile is learned now.
    if (this.hand.begun !== null) this.learn();
    else void this.begin();
  }

  /** Has another model propose. @param runId null for the starter, undefined for the newest */
  choose(runId: string | null | undefined): void {
    this.runId = runId;
    if (this.wanted && this.hand) void this.begin();
  }

  /** The photo at hand is another one: what was seen in it holds no more. */
  lookAnew(): void {
    const { hand } = this;
    if (!hand) return;
    [hand.begun, this.proposed, this.traits] = [null, null, null];
    if (this.wanted) void this.begin();
  }

  /** Looks at the image at hand. */
  async begin(): Promise<void> {
    const { hand, session } = this;
    const image = hand && session.images.get(hand.mask.imageId);
    const { dataset } = session;
    if (!hand || !image || !dataset) return;
    const turn = ++this.turn;
    // What is painted meanwhile is learned by what answers this, and not by what was at hand before.
    hand.begun = null;
    if (this.resting) clearTimeout(this.resting);
    [this.status, this.problem] = ['looking', ''];
    try {
      this.models = await session.client.assist.models();
      const seen = await session.client.assist.describe({ imageId: image.id, runId: this.runId });
      if (turn !== this.turn) return;
      const { width, height, classIds } = seen;
      const [logits, features] = [unpackMap(seen.logits), unpackMap(seen.features)];
      this.worker ??= this.startWorker();
      const evidence = { width, height, logits, features, classIds, classes: dataset.classes.length };
      const address = assetUrl.image(dataset.id, image);
      this.worker.ask({ kind: 'begin', turn, address, ...evidence }, [logits.values.buffer, features.values.buffer]);
      hand.begun = turn;
      // Strokes that were made meanwhile, and before it was wanted.
      if (hand.painted.current(hand.mask.document.ids).length > 0) this.learn();
      this.prepareNext();
    } catch (error) {
      if (turn === this.turn) this.fail(messageOf(error));
    }
  }

  private startWorker(): AssistWorker {
    return startAssistWorker(
      (reply) => this.take(reply),
      (why) => {
        this.worker?.end();
        this.worker = null;
        if (this.hand) this.hand.begun = null;
        this.fail(`The assistant has stopped: ${why}`);
      },
    );
  }

  private fail(problem: string): void {
    [this.status, this.problem, this.learning] = ['failed', problem, false];
    // Its own place tells it to whoever has Take in hand; who paints with it waits for what does not come.
    if (this.live) this.session.toasts.show('error', problem);
  }

  /** The next image is looked at in advance; whether that works is told when it is at hand. */
  private prepareNext(): void {
    const next = this.session.neighbour(1);
    if (next) void this.session.client.assist.prepare({ imageId: next.id, runId: this.runId }).catch(() => undefined);
  }

  private onStroke({ label, patch }: Stroke): void {
    const { painted } = this.hand!;
    if (label === proposalLabels.part || label === copiedLabels.part || label === copiedLabels.all) return;
    // A whole proposal that is taken is the assistant's, until a person paints over it.
    if (label === learnedLabel || label === proposalLabels.all) return painted.addOwn(patch);
    // What is cleared while it paints by itself is not to be filled again.
    painted.add(patch, this.live);
    this.owesFor = this.live ? patch : null;
    this.learn();
  }

  private learnSoon(): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = null;
      this.learn();
    }, gatherMs);
  }

  private learn(): void {
    const { hand, worker } = this;
    const learns = hand !== null && hand.begun !== null && worker !== null && this.wanted;
    // What was taken back is free again for other proposals too, which nobody has to learn for.
    if (!hand || (!learns && !this.guardsOthers)) return;
    const examples = hand.painted.current(hand.mask.document.ids);
    if (!learns) return;
    this.learning = true;
    worker.ask({ kind: 'learn', turn: ++this.turn, examples, fixed: hand.painted.fixed.slice() });
  }

  private take(reply: AssistReply): void {
    const { hand } = this;
    if ('traits' in reply) {
      if (reply.turn === hand?.begun) this.traits = reply.traits;
      return;
    }
    if (reply.turn !== this.turn || !hand) return;
    this.learning = false;
    if ('error' in reply) return this.fail(`Nothing is proposed: ${reply.error}`);
    this.proposed = new Proposed(reply.map, hand.mask.document.size, hand.painted.fixed);
    this.status = 'ready';
    if (this.live && this.owesFor) this.paintLearned(hand, this.owesFor);
  }

  /** Paints what is proposed where nothing is labelled, and where it has painted itself. */
  private paintLearned({ mask, painted }: AtHand, stroke: MaskPatch): void {
    // The stroke in hand has its own turn.
    if (mask.document.strokeOpen || mask.blocked) return;
    this.owesFor = null;
    // What was taken back meanwhile teaches nothing, and what was undone is to be there for redo.
    if (!isThere(stroke, mask.document)) return;
    const changes = this.proposed?.changes(mask.document.ids, (pixel, id) => painted.mayPaint(pixel, id)) ?? null;
    take(mask, changes, learnedLabel);
  }

  /** Cells that a person has painted since the image was opened, for other proposals: they are not 0. */
  get fixed(): Uint16Array | null {
    return this.hand?.painted.fixed ?? null;
  }

  close(): void {
    this.detach();
    this.worker?.end();
    this.worker = null;
  }
}

/** Whether any pixel still is as a stroke made it. */
function isThere(stroke: MaskPatch, { ids, size }: MaskDocument): boolean {
  let found = false;
  forEachChanged(stroke, size.width, (index, position) => (found ||= ids[index] === stroke.values[position]));
  return found;
}
