// What stands on the street. Sizes follow the distance; `near` is 0 at the horizon and 1 at the bottom edge.
import { flat, rough, tint, type Point, type Rgb } from './raster.ts';
import { ground, ids, type Street } from './street.ts';

const coats: readonly Rgb[] = [
  [40, 44, 58],
  [150, 42, 40],
  [60, 84, 60],
  [190, 180, 160],
  [46, 70, 120],
  [110, 80, 60],
  [200, 150, 40],
];
const paints: readonly Rgb[] = [
  [170, 32, 34],
  [38, 60, 110],
  [196, 198, 202],
  [40, 42, 46],
  [120, 126, 132],
  [30, 84, 70],
  [222, 220, 214],
  [180, 140, 40],
];

const pick = <T>({ random }: Street, items: readonly T[]): T => items[random.integer(items.length)];
const lit = (street: Street, color: Rgb): Rgb => tint(color, street.day);

function shadow(street: Street, at: Point, rx: number, ry: number): void {
  street.raster.ellipse(at.x, at.y, rx, ry, null, flat([30, 30, 34]), 0.4);
}

export function drawTree(street: Street, offset: number, near: number): void {
  const { raster, random } = street;
  const foot = ground(street, offset, near);
  const size = 110 * near * random.between(0.8, 1.3);
  const leaf = pick<Rgb>(street, [
    [62, 92, 46],
    [84, 104, 52],
    [48, 76, 48],
    [110, 108, 56],
  ]);
  raster.line(foot, { x: foot.x, y: foot.y - size * 0.7 }, Math.max(1.2, size * 0.07), ids.tree, rough([84, 66, 50], 0.2, 2, 5));
  for (let i = 0; i < 9; i++) {
    const [dx, dy] = [random.between(-0.34, 0.34), random.between(-0.3, 0.28)];
    raster.ellipse(
      foot.x + dx * size,
      foot.y - size * (0.92 + dy),
      size * random.between(0.16, 0.27),
      size * random.between(0.14, 0.24),
      ids.tree,
      rough(lit(street, tint(leaf, 0.8 + 0.4 * (0.5 - dy))), 0.3, Math.max(2, size * 0.04), random.integer(1000)),
    );
  }
}

export function drawPole(street: Street, offset: number, near: number): void {
  const { raster, random } = street;
  const foot = ground(street, offset, near);
  const height = 190 * near * random.between(0.85, 1.25);
  const top = { x: foot.x, y: foot.y - height };
  const shade = flat(
    lit(
      street,
      pick<Rgb>(street, [
        [96, 98, 100],
        [60, 62, 64],
        [128, 122, 112],
      ]),
    ),
  );
  raster.line(foot, top, Math.max(1.3, 6 * near), ids.pole, shade);
  if (random.next() < 0.7)
    raster.line(top, { x: top.x - Math.sign(offset) * height * 0.16, y: top.y - height * 0.02 }, Math.max(1.1, 4 * near), ids.pole, shade);
}

export function drawSign(street: Street, offset: number, near: number): void {
  const { raster, random } = street;
  const foot = ground(street, offset, near);
  const height = 84 * near;
  const top = { x: foot.x, y: foot.y - height };
  const radius = Math.max(2.2, 14 * near);
  raster.line(foot, top, Math.max(1.1, 3.4 * near), ids.pole, flat(lit(street, [120, 120, 122])));
  const kind = random.integer(3);
  if (kind === 0) {
    raster.ellipse(top.x, top.y, radius, radius, ids.sign, flat(lit(street, [196, 36, 36])));
    raster.ellipse(top.x, top.y, radius * 0.66, radius * 0.66, null, flat(lit(street, [236, 232, 226])));
  } else if (kind === 1) raster.rect(top.x - radius, top.y - radius, radius * 2, radius * 2, ids.sign, flat(lit(street, [36, 84, 176])));
  else {
    raster.polygon(
      [
        { x: top.x, y: top.y - radius * 1.2 },
        { x: top.x + radius * 1.2, y: top.y + radius },
        { x: top.x - radius * 1.2, y: top.y + radius },
      ],
      ids.sign,
      flat(lit(street, [226, 186, 40])),
    );
  }
}

export function drawFence(street: Street, offset: number, near: number): void {
  const { raster, random } = street;
  const far = near;
  const end = Math.min(1.05, near * random.between(1.5, 2.1));
  const [a, b] = [ground(street, offset, far), ground(street, offset, end)];
  const [heightA, heightB] = [34 * far, 34 * end];
  const color = lit(
    street,
    pick<Rgb>(street, [
      [116, 92, 66],
      [70, 78, 84],
      [150, 146, 138],
    ]),
  );
  raster.polygon(
    [a, b, { x: b.x, y: b.y - heightB }, { x: a.x, y: a.y - heightA }],
    ids.fence,
    rough(color, 0.16, 3, random.integer(1000)),
  );
  const slats = Math.max(4, Math.round(Math.abs(b.x - a.x) / 4));
  for (let i = 1; i < slats; i++) {
    const t = i / slats;
    const x = a.x + (b.x - a.x) * t;
    const y = a.y + (b.y - a.y) * t;
    raster.line({ x, y }, { x, y: y - heightA - (heightB - heightA) * t }, 0.9, null, flat(tint(color, 0.6)));
  }
}

export function drawCar(street: Street, offset: number, near: number): void {
  const { raster, random } = street;
  const foot = ground(street, offset, near);
  const width = 92 * near * random.between(0.9, 1.15);
  const height = width * random.between(0.66, 0.8);
  const paint = lit(street, pick(street, paints));
  const left = foot.x - width / 2;
  shadow(street, foot, width * 0.58, height * 0.12);
  for (const side of [0.06, 0.74])
    raster.rect(left + width * side, foot.y - height * 0.24, width * 0.2, height * 0.26, ids.car, flat([24, 24, 26]));
  const [bottom, belt, top] = [foot.y - height * 0.12, foot.y - height * 0.56, foot.y - height];
  raster.polygon(
    [
      { x: left, y: bottom },
      { x: left + width, y: bottom },
      { x: left + width * 0.97, y: belt },
      { x: left + width * 0.03, y: belt },
    ],
    ids.car,
    rough(paint, 0.07, 6, random.integer(1000)),
  );
  raster.polygon(
    [
      { x: left + width * 0.06, y: belt + 1 },
      { x: left + width * 0.94, y: belt + 1 },
      { x: left + width * 0.8, y: top },
      { x: left + width * 0.2, y: top },
    ],
    ids.car,
    flat(tint(paint, 0.92)),
  );
  raster.polygon(
    [
      { x: left + width * 0.14, y: belt },
      { x: left + width * 0.86, y: belt },
      { x: left + width * 0.76, y: top + height * 0.08 },
      { x: left + width * 0.24, y: top + height * 0.08 },
    ],
    null,
    flat([60, 72, 84]),
  );
  const lamps: Rgb = random.next() < 0.5 ? [190, 30, 30] : [240, 236, 210];
  for (const side of [0.08, 0.76]) raster.rect(left + width * side, belt + height * 0.1, width * 0.16, height * 0.09, null, flat(lamps));
  raster.rect(left + width * 0.36, bottom - height * 0.16, width * 0.28, height * 0.09, null, flat([220, 218, 200]));
}

/** Legs, coat and head of a person whose feet are at `foot`. */
function drawFigure(street: Street, foot: Point, height: number, id: number, sitting: boolean): void {
  const { raster, random } = street;
  const coat = lit(street, pick(street, coats));
  const trousers = lit(
    street,
    pick<Rgb>(street, [
      [44, 46, 60],
      [70, 66, 62],
      [30, 30, 34],
    ]),
  );
  const hip = { x: foot.x, y: foot.y - height * 0.46 };
  const stride = height * random.between(0.03, 0.13);
  const legs = Math.max(1.2, height * 0.1);
  raster.line(hip, { x: foot.x - stride, y: foot.y - (sitting ? height * 0.12 : 0) }, legs, id, flat(trousers));
  raster.line(hip, { x: foot.x + stride, y: foot.y }, legs, id, flat(tint(trousers, 0.85)));
  const lean = sitting ? height * 0.06 : 0;
  raster.line(
    hip,
    { x: foot.x + lean, y: foot.y - height * 0.76 },
    Math.max(1.6, height * 0.21),
    id,
    rough(coat, 0.12, 3, random.integer(1000)),
  );
  raster.ellipse(
    foot.x + lean,
    foot.y - height * 0.92,
    height * 0.075,
    height * 0.09,
    id,
    flat(
      lit(
        street,
        pick<Rgb>(street, [
          [196, 150, 120],
          [120, 84, 62],
          [222, 180, 150],
        ]),
      ),
    ),
  );
}

export function drawPedestrian(street: Street, offset: number, near: number): void {
  const foot = ground(street, offset, near);
  const height = 84 * near * street.random.between(0.85, 1.1);
  shadow(street, foot, height * 0.2, height * 0.05);
  drawFigure(street, foot, height, ids.pedestrian, false);
}

export function drawBicyclist(street: Street, offset: number, near: number): void {
  const { raster } = street;
  const foot = ground(street, offset, near);
  const height = 88 * near;
  const radius = height * 0.2;
  const metal = flat(
    lit(
      street,
      pick<Rgb>(street, [
        [40, 40, 44],
        [150, 30, 40],
        [60, 110, 150],
      ]),
    ),
  );
  shadow(street, foot, height * 0.3, height * 0.05);
  for (const side of [-1, 1]) {
    const x = foot.x + side * radius * 1.25;
    raster.paint(
      { left: x - radius, right: x + radius, top: foot.y - 2 * radius, bottom: foot.y },
      (px, py) => Math.abs(Math.hypot(px - x, py - foot.y + radius) - radius * 0.86) < Math.max(0.7, radius * 0.16),
      ids.bicyclist,
      flat([34, 34, 36]),
    );
  }
  const hub = { x: foot.x, y: foot.y - radius };
  const bars = { x: foot.x + radius, y: foot.y - height * 0.5 };
  for (const end of [{ x: foot.x - radius * 1.25, y: hub.y }, bars, { x: foot.x - radius * 0.3, y: foot.y - height * 0.46 }])
    raster.line(hub, end, Math.max(1, radius * 0.16), ids.bicyclist, metal);
  drawFigure(street, { x: foot.x, y: foot.y - radius * 0.7 }, height * 0.94, ids.bicyclist, true);
}
