// One street scene: a one-point perspective with everything CamVid's 11 classes name.
import { Random } from '../../src/shared/random.ts';
import { drawBicyclist, drawCar, drawFence, drawPedestrian, drawPole, drawSign, drawTree } from './objects.ts';
import { flat, Raster, rough, tint, wobble, type Point, type Rgb } from './raster.ts';
import { ground, ids, type Street } from './street.ts';

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];
const walls: readonly Rgb[] = [
  [176, 150, 124],
  [150, 88, 70],
  [188, 180, 168],
  [134, 128, 122],
  [200, 172, 130],
  [120, 96, 88],
  [165, 165, 150],
];

function drawSky(street: Street): void {
  const { raster, random, horizon } = street;
  const top = pick<Rgb>(random, [
    [120, 160, 214],
    [150, 170, 196],
    [176, 182, 188],
    [128, 150, 190],
    [206, 176, 150],
  ]);
  const low: Rgb = [Math.min(255, top[0] + 70), Math.min(255, top[1] + 55), Math.min(255, top[2] + 30)];
  const cloud = random.between(0, 36);
  const seed = random.integer(1000);
  raster.rect(0, 0, raster.width, horizon + 2, ids.sky, (x, y) => {
    const t = y / horizon;
    const c = Math.max(0, wobble(x / 34, y / 12, seed)) * cloud;
    return [top[0] + (low[0] - top[0]) * t + c, top[1] + (low[1] - top[1]) * t + c, top[2] + (low[2] - top[2]) * t + c];
  });
}

function drawGround(street: Street): void {
  const { raster, random, horizon, vanishX } = street;
  const { width, height } = raster;
  const seed = random.integer(1000);
  const stone = pick<Rgb>(random, [
    [150, 144, 136],
    [168, 156, 144],
    [136, 136, 138],
  ]);
  raster.rect(0, horizon, width, height - horizon, ids.pavement, rough(stone, 0.12, 5, seed));
  const asphalt = pick<Rgb>(random, [
    [84, 84, 88],
    [100, 98, 96],
    [72, 74, 80],
  ]);
  const corner = (side: number) => ground(street, side, 1.02);
  raster.polygon([{ x: vanishX, y: horizon }, corner(1), corner(-1)], ids.road, rough(asphalt, 0.1, 7, seed + 2));
  for (const side of [-1, 1]) raster.line(ground(street, side, 0.04), ground(street, side, 1.05), 1.8, null, flat(tint(stone, 1.25)));
  const dash = random.between(0, 1);
  for (let i = 0; i < 9; i++) {
    const near = ((i + dash) / 9) ** 2;
    const end = ((i + dash + 0.5) / 9) ** 2;
    if (near < 0.02) continue;
    const [a, b] = [ground(street, 0, near), ground(street, 0, end)];
    const w = 2.4 * near;
    raster.polygon(
      [
        { x: a.x - w, y: a.y },
        { x: a.x + w, y: a.y },
        { x: b.x + w * 1.3, y: b.y },
        { x: b.x - w * 1.3, y: b.y },
      ],
      null,
      flat([214, 212, 204]),
      0.85,
    );
  }
}

/** A row of houses along one side, from far to near. */
function drawBuildings(street: Street, side: number): void {
  const { raster, random, horizon } = street;
  let near = 0.05;
  while (near < 1.1) {
    const next = near * random.between(1.35, 1.9);
    if (random.next() < 0.88) {
      const wall = pick(random, walls);
      const offset = side * (street.pavement + random.between(0, 0.25));
      const tall = random.between(1.2, 3.4);
      const [a, b] = [ground(street, offset, near), ground(street, offset, next)];
      const [topA, topB] = [horizon - tall * 62 * near, horizon - tall * 62 * next];
      const seed = random.integer(1000);
      raster.polygon([a, b, { x: b.x, y: topB }, { x: a.x, y: topA }], ids.building, rough(tint(wall, street.day), 0.09, 9, seed));
      drawWindows(street, a, b, topA, topB, Math.max(2, Math.round(tall * 2)));
    }
    near = next;
  }
}

function drawWindows({ raster, random }: Street, a: Point, b: Point, topA: number, topB: number, floors: number): void {
  const columns = Math.max(2, Math.round(Math.abs(b.x - a.x) / 13));
  const glass = pick<Rgb>(random, [
    [52, 60, 72],
    [74, 84, 92],
    [40, 44, 54],
  ]);
  for (let floor = 0; floor < floors; floor++) {
    for (let column = 0; column < columns; column++) {
      if (random.next() < 0.08) continue;
      const at = (t: number, v: number): Point => ({
        x: a.x + (b.x - a.x) * t,
        y: (topA + (a.y - topA) * v) * (1 - t) + (topB + (b.y - topB) * v) * t,
      });
      const [t0, t1] = [(column + 0.25) / columns, (column + 0.75) / columns];
      const [v0, v1] = [(floor + 0.22) / floors, (floor + 0.68) / floors];
      const lit = random.next() < 0.06 ? ([206, 186, 120] as Rgb) : tint(glass, random.between(0.8, 1.35));
      raster.polygon([at(t0, v0), at(t1, v0), at(t1, v1), at(t0, v1)], null, flat(lit), 0.9);
    }
  }
}

interface Placed {
  near: number;
  draw: () => void;
}

/** What stands on the street, far things first, so that near ones cover them. */
function placeObjects(street: Street): Placed[] {
  const { random } = street;
  const side = () => (random.next() < 0.5 ? -1 : 1);
  const placed: Placed[] = [];
  const add = (count: number, near: () => number, make: (near: number) => () => void) => {
    for (let i = 0; i < count; i++) {
      const n = near();
      placed.push({ near: n, draw: make(n) });
    }
  };
  const kerb = () => side() * random.between(1.08, street.pavement - 0.06);
  add(
    2 + random.integer(4),
    () => random.between(0.1, 0.75),
    (n) => () => drawTree(street, side() * random.between(1.2, street.pavement + 0.5), n),
  );
  add(
    2 + random.integer(4),
    () => random.between(0.12, 0.8),
    (n) => () => drawPole(street, side() * random.between(1.06, 1.2), n),
  );
  add(
    1 + random.integer(3),
    () => random.between(0.15, 0.6),
    (n) => () => drawSign(street, side() * random.between(1.08, 1.3), n),
  );
  add(
    1 + random.integer(2),
    () => random.between(0.15, 0.5),
    (n) => () => drawFence(street, side() * (street.pavement - 0.05), n),
  );
  add(
    2 + random.integer(4),
    () => random.between(0.12, 0.6),
    (n) => () => drawCar(street, side() * random.between(0.62, 0.9), n),
  );
  add(
    random.integer(2),
    () => random.between(0.12, 0.4),
    (n) => () => drawCar(street, side() * random.between(0.25, 0.45), n),
  );
  add(
    1 + random.integer(5),
    () => random.between(0.16, 0.75),
    (n) => () => drawPedestrian(street, random.next() < 0.85 ? kerb() : random.between(-0.8, 0.8), n),
  );
  add(
    random.integer(3),
    () => random.between(0.2, 0.65),
    (n) => () => drawBicyclist(street, side() * random.between(0.5, 0.95), n),
  );
  return placed.sort((a, b) => a.near - b.near);
}

export interface Scene {
  width: number;
  height: number;
  /** RGB bytes. */
  pixels: Uint8Array;
  /** CamVid-11 ids, 11 = void. */
  mask: Uint8Array;
}

/** Draws the scene of a seed. */
export function drawScene(seed: number, width: number, height: number): Scene {
  const random = Random.named(`scene:${seed}`, 2018);
  const day = random.between(0.7, 1.08);
  const street: Street = {
    raster: new Raster(width, height),
    random,
    day,
    horizon: height * random.between(0.38, 0.5),
    vanishX: width * random.between(0.36, 0.64),
    halfRoad: width * random.between(0.42, 0.62),
    pavement: random.between(1.5, 1.9),
  };
  drawSky(street);
  drawGround(street);
  drawBuildings(street, -1);
  drawBuildings(street, 1);
  for (const { draw } of placeObjects(street)) draw();
  // The car that carries the camera is not labelled, as in CamVid.
  if (random.next() < 0.4)
    street.raster.ellipse(width * 0.5, height * 1.06, width * 0.42, height * 0.1, ids.void, rough([46, 50, 58], 0.1, 9, seed));
  const warmth = random.between(-0.06, 0.06);
  return {
    width,
    height,
    pixels: street.raster.finish([day * (1 + warmth), day, day * (1 - warmth)], random.between(5, 16), random),
    mask: street.raster.ids,
  };
}
