// The short form of `npm run soak -- convolutions`.
import { expect, test } from 'vitest';
import { convShapes, convSweep } from '../../scripts/soak/conv-shapes.ts';

test('a 1x1 convolution of stride 2 has its gradients at few channels and an odd batch', async () => {
  const shapes = convShapes(8, 7).filter(
    ({ kernel, stride, channels, batch }) => kernel === 1 && stride === 2 && channels % 4 === 0 && batch % 2 === 1,
  );
  expect(await convSweep(shapes, 'own', () => undefined)).toEqual({ shapes: 8, died: [] });
});
