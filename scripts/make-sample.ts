// npm run sample: draws the built-in sample data set anew, from seeds, in SegNet's CamVid layout.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { writeAtomic } from '../src/files/atomic-write.ts';
import { encodeMask } from '../src/files/mask-png.ts';
import { drawScene } from './sample/scene.ts';

const size = { width: 240, height: 180 };
const splits = { train: 36, val: 8, test: 8 };
const target = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../resources/sample');
const stored = { toId: Array.from({ length: 256 }, (_, value) => value), voidValue: 255 };

rmSync(target, { recursive: true, force: true });
let seed = 0;
for (const [split, count] of Object.entries(splits)) {
  mkdirSync(path.join(target, split), { recursive: true });
  for (let i = 0; i < count; i++) {
    const scene = drawScene(++seed, size.width, size.height);
    const name = `street-${String(seed).padStart(3, '0')}`;
    const jpeg = await sharp(scene.pixels, { raw: { ...size, channels: 3 } })
      .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
      .toBuffer();
    writeAtomic(path.join(target, split, `${name}.jpg`), jpeg);
    writeAtomic(path.join(target, `${split}annot`, `${name}.png`), encodeMask({ ...size, ids: scene.mask }, stored));
  }
}
console.log(`${seed} scenes in ${target}`);
