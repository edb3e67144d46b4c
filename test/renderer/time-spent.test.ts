// The time that somebody works on an image: what lies between two deeds, unless that was a pause.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeSpent } from '../../src/renderer/state/time-spent.ts';

function counting() {
  const told = new Map<string, number>();
  const time = new TimeSpent((imageId, seconds) => told.set(imageId, (told.get(imageId) ?? 0) + seconds));
  return { told, time };
}

test('counts what lies between deeds, and leaves pauses out', () => {
  const { told, time } = counting();
  time.turnTo('a');
  for (const at of [0, 10_000, 20_000, 100_000, 105_000]) time.touch(at);
  time.turnTo('b');
  expect(told).toEqual(new Map([['a', 25]]));
  time.touch(200_000);
  time.touch(203_000);
  time.turnTo(null);
  time.touch(210_000);
  expect(told).toEqual(
    new Map([
      ['a', 25],
      ['b', 3],
    ]),
  );
});

test('tells while one is at work, and nothing twice', () => {
  const { told, time } = counting();
  time.turnTo('a');
  for (let at = 0; at <= 60_000; at += 1000) time.touch(at);
  expect(told.get('a')).toBe(60);
  time.turnTo(null);
  expect(told.get('a')).toBe(60);
});

test('is never more than the time that has gone by', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60_000), { maxLength: 60 }), (waits) => {
      const { told, time } = counting();
      time.turnTo('a');
      let now = 0;
      for (const wait of waits) time.touch((now += wait));
      time.turnTo(null);
      const worked = waits.slice(1).reduce((sum, wait) => sum + (wait <= 30_000 ? wait : 0), 0);
      expect(told.get('a') ?? 0).toBeCloseTo(worked / 1000);
    }),
  );
});
