// Which photo a mask was made for, through whatever order of changes.
import { expect, test } from 'vitest';
import { MaskPhotos } from '#services/datasets/mask-photos';

const seen = (...steps: [photo: string | null, mask: string | null, isOurs?: boolean][]) => {
  const photos = new MaskPhotos();
  return steps.map(([photo, mask, isOurs = false]) => photos.isForAnother('a', { photo, mask }, isOurs));
};

interface Order {
  name: string;
  steps: Parameters<typeof seen>;
  told: (boolean | null)[];
}
const [p, q, m, n] = ['p', 'q', 'm', 'n'];

test.each<Order>([
  { name: 'another photo under the same mask', steps: [[p, m], [q, m]], told: [false, true] }, // prettier-ignore
  { name: 'the photo put back', steps: [[p, m], [q, m], [p, m]], told: [false, true, false] }, // prettier-ignore
  { name: 'photo and mask together', steps: [[p, m], [q, n]], told: [false, false] }, // prettier-ignore
  { name: 'photo, then its mask by another program', steps: [[p, m], [q, m], [null, n]], told: [false, true, false] }, // prettier-ignore
  {
    name: 'photo, then strokes here',
    steps: [[p, m], [q, m], [null, n, true], [q, n]], // prettier-ignore
    told: [false, true, true, true],
  },
  {
    name: 'a first mask painted, taken back and painted again, then another photo',
    steps: [[p, null], [null, m, true], [null, null, true], [null, n, true], [q, n]], // prettier-ignore
    told: [false, false, false, false, true],
  },
  {
    name: 'a mask removed by another program, a new one painted, then another photo',
    steps: [[p, m], [null, null], [null, n, true], [q, n]], // prettier-ignore
    told: [false, false, false, true],
  },
  { name: 'nothing read yet', steps: [[null, m, true]], told: [null] },
])('$name', ({ steps, told }) => {
  expect(seen(...steps)).toEqual(told);
});
