import { voidId } from '#shared/mask/void-id';
import type { CleanUpKind } from '../editor/clean-up.ts';
import type { Size } from '../editor/region.ts';
import { freeing, type Keep, type Mat, type OpenCv } from './opencv.ts';

/** A part of a mask, and what is to be done with it. */
export interface CleanUpTask {
  kind: Exclude<CleanUpKind, 'join'>;
  /** The class that is cleaned, or that pixels get; void for what is not labelled. */
  id: number;
  /** Whether all classes are, where that makes sense: for specks and when smoothing. */
  all: boolean;
  /** The class that is replaced. */
  replaced: number;
  /** Pixels: the largest hole or speck, or how far. */
  amount: number;
  /** How many classes there are: ids between them and void are none of them, and stay. */
  classes: number;
  ids: Uint8Array;
  size: Size;
}

/** @returns the ids as they would be */
export function cleanedUp(cv: OpenCv, keep: Keep, task: CleanUpTask): Uint8Array {
  const work = new CleanUpWork(cv, keep, task);
  switch (task.kind) {
    case 'holes':
      return work.holes();
    case 'specks':
      return work.specks();
    case 'grow':
      return work.grow();
    case 'shrink':
      return work.shrink();
    case 'smooth':
      return task.all ? work.smoothAll() : work.smooth();
    case 'replace':
      return task.ids.map((id) => (id === task.replaced ? task.id : id));
  }
}

/** Within these every cell counts. */
const [full, half] = [255, 127];

class CleanUpWork {
  private readonly cv: OpenCv;
  private readonly keep: Keep;
  private readonly task: CleanUpTask;

  constructor(cv: OpenCv, keep: Keep, task: CleanUpTask) {
    [this.cv, this.keep, this.task] = [cv, keep, task];
  }

  /** A picture of 255 where ids are so, and 0 elsewhere. */
  private where(is: (id: number, at: number) => boolean): Mat {
    const { ids, size } = this.task;
    const mat = this.keep(new this.cv.Mat(size.height, size.width, this.cv.CV_8UC1));
    mat.data.set(ids.map((id, at) => (is(id, at) ? full : 0)));
    return mat;
  }

  private whereIs(id: number): Mat {
    return this.where((each) => each === id);
  }

  /** Does a part of the work whose pictures are not needed after it: those of all classes together take more than a browser gives. */
  private alone<T>(part: (work: CleanUpWork) => T): T {
    return freeing((keep) => part(new CleanUpWork(this.cv, keep, this.task)));
  }

  private made(): Mat {
    return this.keep(new this.cv.Mat());
  }

  /** Whether an id can be given to a pixel: no other program's codes are spread. */
  private isOwn(id: number): boolean {
    return id < this.task.classes || id === voidId;
  }

  /** Visits the pieces of a picture that hang together (4 neighbours). @param visit gets their pixels and whether they reach its border */
  private pieces(picture: Mat): { numbers: Int32Array; areas: number[]; reachesBorder: boolean[] } {
    const { cv } = this;
    const [numbers, stats, centres] = [this.made(), this.made(), this.made()];
    const count = cv.connectedComponentsWithStats(picture, numbers, stats, centres, 4, cv.CV_32S);
    const { width, height } = this.task.size;
    const stat = (piece: number, what: number) => stats.data32S[piece * stats.cols + what];
    const all = Array.from({ length: count }, (_, piece) => piece);
    return {
      numbers: numbers.data32S,
      areas: all.map((piece) => stat(piece, cv.CC_STAT_AREA)),
      reachesBorder: all.map((piece) => {
        const [left, top] = [stat(piece, cv.CC_STAT_LEFT), stat(piece, cv.CC_STAT_TOP)];
        const [right, bottom] = [left + stat(piece, cv.CC_STAT_WIDTH), top + stat(piece, cv.CC_STAT_HEIGHT)];
        return left === 0 || top === 0 || right === width || bottom === height;
      }),
    };
  }

  holes(): Uint8Array {
    const { id, ids, amount } = this.task;
    const others = this.where((each) => each !== id);
    const { numbers, areas, reachesBorder } = this.pieces(others);
    return ids.map((each, at) => {
      const piece = numbers[at];
      return each !== id && areas[piece] <= amount && !reachesBorder[piece] ? id : each;
    });
  }

  specks(): Uint8Array {
    const { id, ids, amount, all, classes } = this.task;
    const isSpeck = new Uint8Array(ids.length);
    const present = [...new Set(ids)].filter((each) => (all ? each < classes : each === id));
    for (const each of present)
      this.alone((work) => {
        const { numbers, areas } = work.pieces(work.whereIs(each));
        for (let at = 0; at < ids.length; at++) if (ids[at] === each && areas[numbers[at]] < amount) isSpeck[at] = 1;
      });
    return this.nearestInstead(isSpeck);
  }

  /**
   * Gives pixels the id of the nearest pixel that stays; where none does, they keep their own.
   * @param isGone not 0 where one does not stay @param except an id that they do not get
   */
  private nearestInstead(isGone: Uint8Array, except = -1): Uint8Array {
    const { cv, task } = this;
    const { ids } = task;
    const stays = (id: number, at: number) => isGone[at] === 0 && id !== except && this.isOwn(id);
    // The transform leads from what is not 0 to what is.
    const picture = this.where((id, at) => !stays(id, at));
    const [distances, labels] = [this.made(), this.made()];
    cv.distanceTransformWithLabels(picture, distances, labels, cv.DIST_L2, cv.DIST_MASK_5, cv.DIST_LABEL_PIXEL);
    const numbers = labels.data32S;
    const idOf = new Map<number, number>();
    for (let at = 0; at < ids.length; at++) if (stays(ids[at], at)) idOf.set(numbers[at], ids[at]);
    return ids.map((id, at) => (isGone[at] ? (idOf.get(numbers[at]) ?? id) : id));
  }

  /** A disc of so many pixels around a pixel. */
  private disc(radius: number): Mat {
    const side = 2 * radius + 1;
    return this.keep(this.cv.getStructuringElement(this.cv.MORPH_ELLIPSE, new this.cv.Size(side, side)));
  }

  /** The class grown or worn by a disc: not 0 where it is then. */
  private spread(by: 'dilate' | 'erode'): Uint8Array {
    const { id, amount } = this.task;
    return this.alone((work) => {
      const spread = work.made();
      this.cv[by](work.whereIs(id), spread, work.disc(amount));
      return spread.data.slice();
    });
  }

  grow(): Uint8Array {
    const { id, ids } = this.task;
    const grown = this.spread('dilate');
    return ids.map((each, at) => (grown[at] ? id : each));
  }

  shrink(): Uint8Array {
    const { id, ids } = this.task;
    const left = this.spread('erode');
    const gone = ids.map((each, at) => (each === id && !left[at] ? 1 : 0));
    return this.nearestInstead(gone, id);
  }

  /** How much of what lies around each pixel has an id, of 255. A copy: OpenCV's own memory moves when more of it is taken. */
  private share(id: number): Uint8Array {
    return this.alone((work) => {
      const shares = work.made();
      const side = 2 * this.task.amount + 1;
      this.cv.blur(work.whereIs(id), shares, new this.cv.Size(side, side));
      return shares.data.slice();
    });
  }

  /** The class takes what it surrounds for the most part, and gives up what others do. */
  smooth(): Uint8Array {
    const { id, ids } = this.task;
    const shares = this.share(id);
    const gone = ids.map((each, at) => (each === id && shares[at] <= half ? 1 : 0));
    return this.nearestInstead(gone, id).map((each, at) => (shares[at] > half && this.isOwn(ids[at]) ? id : each));
  }

  /** Each pixel becomes of the class that most around it are of; its own, where that is one of them. */
  smoothAll(): Uint8Array {
    const { ids } = this.task;
    const smooth = ids.slice();
    const most = new Uint8Array(ids.length);
    for (const id of new Set(ids)) {
      if (!this.isOwn(id)) continue;
      const shares = this.share(id);
      for (let at = 0; at < ids.length; at++) {
        const isMore = shares[at] > most[at] || (shares[at] === most[at] && ids[at] === id);
        if (!isMore || !this.isOwn(ids[at])) continue;
        most[at] = shares[at];
        smooth[at] = id;
      }
    }
    return smooth;
  }
}
