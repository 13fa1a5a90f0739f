// The tilings of the mosaics: each says which tile a point of the plane lies in. Only +, -, *, /, sqrt and floor are used, which give the
// same bits in every runtime; sin and cos do not.

/** The tile under a point. */
export interface Tile {
  /** Numbers that name the tile. */
  a: number;
  b: number;
  /** Which colour of the palette, 0 to 3. */
  colour: number;
  /** Distance to the tile's border, in units of the pattern's period. */
  edge: number;
}

export type Motif = (x: number, y: number, tile: Tile) => void;

const { abs, floor, min, max, round, sqrt } = Math;
const ROOT2 = sqrt(2), ROOT3 = sqrt(3);
const mod = (a: number, n: number) => a - n * floor(a / n);

function set(tile: Tile, a: number, b: number, colour: number, edge: number): void {
  tile.a = a;
  tile.b = b;
  tile.colour = colour;
  tile.edge = edge;
}

/** Tiles made of unit cells: borders lie where the neighbour belongs to another tile, which `same` answers for left, right, up, down. */
function cellEdge(fx: number, fy: number, left: boolean, right: boolean, up: boolean, down: boolean): number {
  return min(left ? 1 : fx, right ? 1 : 1 - fx, up ? 1 : fy, down ? 1 : 1 - fy);
}

/** Blocks of three planks, lying and standing by turns. */
const basket: Motif = (x, y, tile) => {
  const a = floor(x), b = floor(y), standing = mod(a + b, 2), across = standing ? x - a : y - b;
  const plank = floor(3 * across), f = 3 * across - plank, along = standing ? y - b : x - a;
  set(tile, 3 * a + plank, b, standing * 2 + (plank === 1 ? 1 : 0), min(f / 3, (1 - f) / 3, along, 1 - along));
};

/** Rows shifted by half a brick. */
const brick: Motif = (x, y, tile) => {
  const b = floor(2 * y), shifted = x + 0.5 * mod(b, 2), a = floor(shifted), fx = shifted - a, fy = 2 * y - b;
  set(tile, a, b, mod(a + 2 * b, 3), min(fx, 1 - fx, fy / 2, (1 - fy) / 2));
};

const checker: Motif = (x, y, tile) => {
  const a = floor(2 * x), b = floor(2 * y), fx = 2 * x - a, fy = 2 * y - b;
  set(tile, a, b, mod(a + b, 2), min(fx, 1 - fx, fy, 1 - fy) / 2);
};

/** Zigzag bands. */
const chevron: Motif = (x, y, tile) => {
  const zigzag = 3 * (y + abs(x - floor(x) - 0.5)), b = floor(zigzag), f = zigzag - b;
  set(tile, 0, b, mod(b, 3), min(f, 1 - f) / (3 * ROOT2));
};

/** Crosses of five cells that fill the plane. */
const cross: Motif = (x, y, tile) => {
  const u = 2.2 * x, v = 2.2 * y, i = floor(u), j = floor(v), k = mod(i + 2 * j, 5);
  const a = i - (k === 1 ? 1 : k === 4 ? -1 : 0), b = j - (k === 2 ? 1 : k === 3 ? -1 : 0), middle = k === 0;
  set(
    tile,
    a,
    b,
    mod(a, 2) + 2 * mod(b, 2),
    cellEdge(u - i, v - j, middle || k === 1, middle || k === 4, middle || k === 2, middle || k === 3) / 2.2,
  );
};

/** Hexagons of three rhombi: cubes in relief. */
const cube: Motif = (x, y, tile) => {
  hexagon(x, y, tile);
  const dx = x - centre.x, dy = y - centre.y, right = ROOT3 / 2 * dx + dy / 2, left = -ROOT3 / 2 * dx + dy / 2;
  const face = -dy > right && -dy > left ? 0 : dx > 0 ? 1 : 2;
  // the faces meet along three spokes: straight down and to both sides upwards
  const toRight = abs(dx / 2 + dy * ROOT3 / 2), toLeft = abs(-dx / 2 + dy * ROOT3 / 2);
  const spoke = face === 0 ? min(toRight, toLeft) : min(abs(dx), face === 1 ? toRight : toLeft);
  set(tile, 3 * tile.a + face, tile.b, face, min(tile.edge, spoke));
};

/** Rhombi of 60 degrees. */
const diamond: Motif = (x, y, tile) => {
  const u = ROOT3 * x + y, v = ROOT3 * x - y, a = floor(u), b = floor(v), fu = u - a, fv = v - b;
  set(tile, a, b, mod(a + b, 2) + (mod(a, 2) && mod(b, 2) ? 2 : 0), min(fu, 1 - fu, fv, 1 - fv) / 2);
};

/** Planks of two cells, lying and standing, in steps. */
const herringbone: Motif = (x, y, tile) => {
  const u = 2.6 * x, v = 2.6 * y, i = floor(u), j = floor(v), k = mod(i - j, 4);
  const edge = cellEdge(u - i, v - j, k === 1, k === 0, k === 2, k === 3) / 2.6;
  const a = k === 1 ? i - 1 : i, b = k === 2 ? j - 1 : j;
  set(tile, a, b, (k < 2 ? 0 : 2) + mod(floor((a + b) / 2), 2), edge);
};

/** Set by `hexagon` for `cube`: the middle of the hexagon under the point. */
const centre = { x: 0, y: 0 };

const hexagon: Motif = (x, y, tile) => {
  // Two rectangular lattices of centres; the nearer one wins.
  const r1 = round(y / ROOT3), c1 = round(x), r2 = floor(y / ROOT3), c2 = floor(x);
  const x1 = x - c1, y1 = y - r1 * ROOT3, x2 = x - c2 - 0.5, y2 = y - (r2 + 0.5) * ROOT3;
  const first = x1 * x1 + y1 * y1 < x2 * x2 + y2 * y2;
  const dx = first ? x1 : x2, dy = first ? y1 : y2, row = first ? 2 * r1 : 2 * r2 + 1, column = first ? c1 : c2;
  centre.x = x - dx;
  centre.y = y - dy;
  set(tile, column, row, mod(column + (first ? 0 : 2), 3), 0.5 - max(abs(dx), abs(dx) / 2 + abs(dy) * ROOT3 / 2));
};

/** Octagons with small squares between them. */
const octagon: Motif = (x, y, tile) => {
  const i = round(x), j = round(y), side = 1 - 1 / ROOT2, d = (abs(x - i) + abs(y - j) - side) / ROOT2;
  const a = floor(x), b = floor(y), fx = x - a, fy = y - b;
  if (d < 0) set(tile, i + 0.5, j + 0.5, 2, -d);
  else set(tile, a, b, mod(a + b, 2), min(fx, 1 - fx, fy, 1 - fy, d));
};

/** Large squares and small ones, turning about each other. */
const pinwheel: Motif = (x, y, tile) => {
  const u = 2.2 * x, v = 2.2 * y, i = floor(u), j = floor(v), k = mod(i + 2 * j, 5);
  const right = k === 2 || k === 4, low = k > 2;
  const edge = cellEdge(u - i, v - j, right, k > 0 && !right, low, k > 0 && !low) / 2.2;
  set(tile, right ? i - 1 : i, low ? j - 1 : j, k === 0 ? 1 : mod(low ? j - 1 : j, 2) * 2, edge);
};

/** Overlapping fish scales with a ring. */
const scale: Motif = (x, y, tile) => {
  for (let b = floor(2 * y) + 1;; b--) {
    const shift = 0.5 * mod(b, 2), a = round(x - shift), dx = x - shift - a, dy = y - b / 2, d = sqrt(dx * dx + dy * dy);
    if (d > 0.5) continue;
    return set(tile, a, d > 0.3 ? b : b + 0.5, d > 0.3 ? mod(b, 2) : d > 0.14 ? 2 : 3, min(0.5 - d, abs(d - 0.3), abs(d - 0.14) + 0.02));
  }
};

/** Eight-pointed stars (two squares, one turned) and the pointed crosses between them. */
const star: Motif = (x, y, tile) => {
  const a = floor(x), b = floor(y), dx = abs(x - a - 0.5), dy = abs(y - b - 0.5);
  const square = max(dx, dy), turned = (dx + dy) / ROOT2, d = min(square, turned) - 0.5 / ROOT2;
  const heart = max(square, turned) - 0.2; // an octagon in the middle
  if (d > 0) set(tile, round(x), round(y) + 0.5, 1, d);
  else if (heart > 0) set(tile, a, b, mod(a + b, 2) * 3, min(-d, heart));
  else set(tile, a + 0.5, b, 2, -heart);
};

const triangle: Motif = (x, y, tile) => {
  const v = 2 * y / ROOT3, u = x - v / 2, a = floor(u), b = floor(v), fu = u - a, fv = v - b, down = fu + fv > 1;
  const edge = down ? min(1 - fu, 1 - fv, fu + fv - 1) : min(fu, fv, 1 - fu - fv);
  set(tile, 2 * a + (down ? 1 : 0), b, down ? 1 : mod(a + b, 2) * 2, edge * ROOT3 / 2);
};

/** Motifs by name, in the order of their class numbers. */
export const motifs: Record<string, Motif> = {
  basket,
  brick,
  checker,
  chevron,
  cross,
  cube,
  diamond,
  herringbone,
  hexagon,
  octagon,
  pinwheel,
  scale,
  star,
  triangle,
};
