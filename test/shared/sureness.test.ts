// How sure a network is, as it is kept: small, readable again, and counted where a label is to be suspicious of.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { encodeSureness, readSureness } from '#files/sureness-png';
import { voidId } from '#shared/mask/void-id';
import { suspiciousPixels, thinned } from '#shared/metrics/sureness';

test('a large map is kept by the means of its cells, a small one as it is', () => {
  const small = { width: 3, height: 2, confidence: Uint8Array.of(1, 2, 3, 4, 5, 6), entropy: new Uint8Array(6) };
  expect(thinned(small)).toEqual(small);
  const [width, height] = [601, 400];
  const confidence = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 300 ? 100 : 250));
  const kept = thinned({ width, height, confidence, entropy: confidence.map((value) => 255 - value) });
  expect([kept.width, kept.height]).toEqual([301, 200]);
  expect([kept.confidence[0], kept.confidence[149], kept.confidence[150], kept.confidence.at(-1)]).toEqual([100, 100, 250, 250]);
  expect(kept.entropy[200]).toBe(5);
});

test('what is written is read again to the byte', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'sure-')), 'a.png');
  const sureness = {
    width: 16,
    height: 16,
    confidence: Uint8Array.from({ length: 256 }, (_, i) => i),
    entropy: Uint8Array.from({ length: 256 }, (_, i) => 255 - i),
  };
  writeFileSync(file, encodeSureness(sureness));
  expect(readSureness(file)).toEqual(sureness);
});

test('a label is suspicious where another class is predicted with 95 %', () => {
  const label = Uint8Array.of(0, 0, 0, voidId, 1);
  const prediction = Uint8Array.of(1, 1, 0, 1, 0);
  expect(suspiciousPixels(label, prediction, Uint8Array.of(242, 241, 255, 255, 255))).toBe(2);
});
