import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '#shared/random';
import { lookAt } from '../scripts/loop/careful-person.ts';
import { spoil } from '../scripts/loop/spoil.ts';

const [width, height] = [60, 50];
/** Sky above road, with a car and a pole. */
function street() {
  const ids = Uint8Array.from({ length: width * height }, (_, i) => (i < 25 * width ? 0 : 1));
  const put = (left: number, top: number, w: number, h: number, id: number) => {
    for (let y = top; y < top + h; y++) ids.fill(id, y * width + left, y * width + left + w);
  };
  put(10, 20, 20, 12, 2);
  put(45, 5, 2, 30, 3);
  ids.fill(255, 0, 5);
  return { width, height, ids };
}
const confusable = { poles: new Set([3]), takenFor: new Map([[2, 0]]) };

describe('labels spoilt on purpose', () => {
  test('are wrong exactly where they are said to be, and nothing becomes or was void', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 3 }), (seed, count) => {
        const mask = street();
        const { ids, faultOf } = spoil(mask, count, confusable, Random.named('spoil', seed));
        expect(ids.some((id, i) => (id !== mask.ids[i]) !== faultOf[i] > 0)).toBe(false);
        expect(ids.some((id, i) => (id === 255) !== (mask.ids[i] === 255))).toBe(false);
        expect(faultOf.some((fault) => fault > 0)).toBe(true);
      }),
    );
  });

  test('leave a pole out where it stood', () => {
    const mask = street();
    const { ids, faultOf } = spoil(mask, 3, confusable, Random.named('spoil', 1));
    expect([...mask.ids.keys()].filter((i) => mask.ids[i] === 3 && faultOf[i] !== 3 && ids[i] === 3)).toEqual([]);
  });
});

describe('a careful person', () => {
  const truth = street().ids;
  const size = { width, height, sureness: null };

  test('takes the prediction where that is right, keeps the label where it is not, and needs time for each', () => {
    const { ids: label } = spoil(street(), 1, { poles: new Set(), takenFor: new Map([[2, 0]]) }, Random.named('spoil', 2));
    const prediction = truth.slice();
    // What the network gets wrong itself.
    for (let y = 40; y < 48; y++) prediction.fill(0, y * width + 40, y * width + 50);
    const looked = lookAt({ ...size, label, prediction }, truth, { smallest: 8, sureFrom: 0 }, { image: 4, patch: 2 });
    expect(looked.seconds).toBe(4 + 2 * looked.patches);
    expect(looked.taken).toBe(looked.patches - 1);
    const { box, selected, ids } = looked.region!;
    const after = label.slice();
    selected.forEach((is, i) => is && (after[(box.top + Math.floor(i / box.width)) * width + box.left + (i % box.width)] = ids[i]));
    expect(after.filter((id, i) => id !== truth[i]).length).toBeLessThan(label.filter((id, i) => id !== truth[i]).length);
    expect(after.slice(40 * width)).toEqual(truth.slice(40 * width));
  });

  test('takes nothing of a label that is right', () => {
    const prediction = truth.map((id) => (id === 3 ? 0 : id));
    expect(lookAt({ ...size, label: truth, prediction }, truth, { smallest: 8, sureFrom: 0 }, { image: 4, patch: 2 }).region).toBeNull();
  });
});
