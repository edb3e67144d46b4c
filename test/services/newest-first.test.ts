import { expect, test } from 'vitest';
import { NewestFirst } from '#services/assist/newest-first';

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
