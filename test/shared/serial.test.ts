// Work that is done one after the other.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Serial } from '#shared/serial';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('work is done in its order and never two at once, however long each takes and whether it fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ ms: fc.nat(4), fails: fc.boolean() }), { maxLength: 12 }), async (works) => {
      const serial = new Serial();
      const done: number[] = [];
      let together = 0;
      const results = await Promise.allSettled(
        works.map(({ ms, fails }, index) =>
          serial.run(async () => {
            expect(++together).toBe(1);
            await pause(ms);
            together--;
            done.push(index);
            if (fails) throw new Error(`work ${index}`);
            return index;
          }),
        ),
      );
      expect(done).toEqual(works.map((_, index) => index));
      for (const [index, result] of results.entries()) {
        expect(result.status).toBe(works[index].fails ? 'rejected' : 'fulfilled');
        if (result.status === 'fulfilled') expect(result.value).toBe(index);
      }
    }),
    { numRuns: 40 },
  );
});

test('idle resolves when everything that was handed in is done, a failure included', async () => {
  const serial = new Serial();
  const done: string[] = [];
  void serial.run(async () => {
    await pause(10);
    done.push('first');
  });
  const failing = serial.run(() => {
    done.push('second');
    throw new Error('no');
  });
  await serial.idle();
  expect(done).toEqual(['first', 'second']);
  await expect(failing).rejects.toThrow('no');
});

test('nothing handed in is idle at once', async () => {
  await new Serial().idle();
});
