import { expect, test } from 'vitest';
import { counted } from '#shared/counted';

test('one is one, and what follows agrees', () => {
  expect([0, 1, 2, 2000].map((count) => counted(count, 'image'))).toEqual(['0 images', '1 image', '2 images', '2,000 images']);
  expect([1, 3].map((count) => counted(count, 'mask', ['was', 'were']))).toEqual(['1 mask was', '3 masks were']);
});
