import { expect, test } from 'vitest';
import { NewestFirst } from '#services/newest-first';

test('what is asked for last comes next, all of it comes, and a failure holds up nobody', async () => {
  const turns = new NewestFirst();
  const done: number[] = [];
  const works = [1, 2, 3, 4].map((n) =>
    turns.run(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      done.push(n);
      if (n === 3) throw new Error('no such image');
      return n;
    }),
  );
  const ends = await Promise.allSettled(works);
  expect(done).toEqual([1, 4, 3, 2]);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(await turns.run(() => Promise.resolve('again'))).toBe('again');
});

test('as many as it may are done at once, and what was given up before its turn is not begun', async () => {
  const turns = new NewestFirst(2);
  const begun: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const left = new AbortController();
  const work = (index: number) => async () => {
    begun.push(index);
    await gates[index].promise;
    return index;
  };
  const done = gates.map((_, index) => turns.run(work(index), index === 3 ? left.signal : undefined));
  expect(begun).toEqual([0, 1]);
  left.abort();
  gates[1].resolve();
  gates[4].resolve();
  await expect(done[3]).rejects.toMatchObject({ code: 'cancelled' });
  for (const { resolve } of gates) resolve();
  expect(await Promise.all(done.filter((_, index) => index !== 3))).toEqual([0, 1, 2, 4]);
  expect(begun).toEqual([0, 1, 4, 2]);
});
