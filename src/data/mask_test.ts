import { expect, test } from "bun:test";
import { RecipeError } from "../errors.ts";
import { blockMask, drawMask, type NumberSource, officialBlockMask, replaceMasked } from "./mask.ts";
import { draws } from "./random.ts";

const paper = { height: 14, width: 14, count: 75, minBlock: 16, minAspect: 0.3 };
const key = (index: number) => ({ seed: 7, epoch: 0, index });
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

/** Numbers in [0, 1) one after the other. */
function tape(...numbers: number[]): NumberSource {
  const next = () => numbers.shift()!;
  return { uniform: (low, high) => low + (high - low) * next(), integer: (low, high) => low + Math.floor(next() * (high - low + 1)) };
}

test("officialBlockMask() draws area, aspect, top, left and takes a block that fits", () => {
  // Area 16 of 16 to 75, aspect e^0: a block of 4x4 at the last place, then one of 15 at most that never fits.
  const { mask, count, blocks } = officialBlockMask(tape(0, 0.5, 0.999, 0.999), { ...paper, height: 8, width: 8, count: 16 });
  expect(blocks).toEqual([{ top: 4, left: 4, height: 4, width: 4, added: 16 }]);
  expect(count).toBe(16);
  expect(Array.from(mask, (m, i) => m ? i : -1).filter((i) => i >= 0)).toEqual([
    36,
    37,
    38,
    39,
    44,
    45,
    46,
    47,
    52,
    53,
    54,
    55,
    60,
    61,
    62,
    63,
  ]);
});

test("officialBlockMask() gives up where no block fits, blockMask() still masks the count", () => {
  const narrow = { ...paper, height: 1, width: 9, count: 4 };
  expect(officialBlockMask(draws(key(0), "mask"), narrow).count).toBe(0);
  const { mask, count } = blockMask(draws(key(0), "mask"), narrow);
  expect([count, sum(mask)]).toEqual([4, 4]);
  expect(mask.join("")).toContain("1111"); // grown in one piece from the first
});

test("blockMask() masks exactly the count and leaves complete masks as the official generator draws them", () => {
  let complete = 0;
  for (let i = 0; i < 300; i++) {
    const official = officialBlockMask(draws(key(i), "mask"), paper), repaired = blockMask(draws(key(i), "mask"), paper);
    expect([repaired.count, sum(repaired.mask)]).toEqual([75, 75]);
    expect(official.mask.every((masked, at) => !masked || repaired.mask[at] === 1)).toBe(true);
    if (official.count < 75) continue;
    complete++;
    expect(repaired.mask).toEqual(official.mask);
  }
  expect(complete).toBeGreaterThan(150);
  expect(complete).toBeLessThan(250);
});

test("drawMask() gives every count on every small grid, by each kind that promises it", () => {
  for (const [height, width] of [[1, 1], [1, 5], [2, 2], [3, 5], [4, 4]]) {
    for (let count = 1; count <= height * width; count++) {
      for (const kind of ["blockwise", "random"] as const) {
        const drawn = drawMask(key(count), { kind, height, width, count });
        const masked = Array.from(drawn.mask, (m, i) => m ? i : -1).filter((i) => i >= 0);
        expect(Array.from(drawn.positions)).toEqual(masked);
        expect(sum(drawn.weights)).toBe(count);
      }
    }
  }
});

test("drawMask() is a function of seed, epoch and index", () => {
  const options = { height: 14, width: 14, count: 75 };
  expect(drawMask(key(3), options)).toEqual(drawMask(key(3), options));
  const others = [{ seed: 8, epoch: 0, index: 3 }, { seed: 7, epoch: 1, index: 3 }, key(4)];
  for (const other of others) expect(drawMask(other, options).mask).not.toEqual(drawMask(key(3), options).mask);
});

test("drawMask() fills up the places of an incomplete official mask with weight 0", () => {
  const drawn = drawMask(key(0), { kind: "official", height: 1, width: 9, count: 4 });
  expect([sum(drawn.mask), ...drawn.positions, ...drawn.weights]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("random masks cover every place alike", () => {
  const hits = new Float64Array(16), n = 2000;
  for (let i = 0; i < n; i++) {
    drawMask(key(i), { kind: "random", height: 4, width: 4, count: 6 }).mask.forEach((m, at) => hits[at] += m / n);
  }
  hits.forEach((share) => expect(Math.abs(share - 6 / 16)).toBeLessThan(0.05)); // 4.6 standard deviations
});

test("the mask token stands at every masked patch by default, and nothing else changes", () => {
  const { mask, token, source } = drawMask(key(1), { height: 14, width: 14, count: 75 });
  expect(token).toEqual(mask);
  expect(source).toEqual(Uint32Array.from(mask, (_, i) => i));
});

test("other shares keep the masked places and replace 8, 1 and 1 of ten", () => {
  const options = { height: 14, width: 14, count: 75 }, shares = { maskToken: 0.8, randomPatch: 0.1, unchanged: 0.1 };
  let tokens = 0, moved = 0, masked = 0, strayed = 0;
  for (let i = 0; i < 200; i++) {
    const { mask, token, source } = drawMask(key(i), { ...options, shares });
    expect(mask).toEqual(drawMask(key(i), options).mask);
    mask.forEach((m, at) => {
      if (!m && (token[at] !== 0 || source[at] !== at)) strayed++;
      masked += m;
      tokens += token[at];
      moved += Number(source[at] !== at);
    });
  }
  expect(strayed).toBe(0);
  expect(Math.abs(tokens / masked - 0.8)).toBeLessThan(0.015); // 4.6 standard deviations of 15 000 patches
  expect(Math.abs(moved / masked - 0.1 * 195 / 196)).toBeLessThan(0.012);
});

const wrong: [string, Parameters<typeof drawMask>[1], RegExp][] = [
  ["no patch", { height: 4, width: 4, count: 0 }, /count is 0/],
  ["more patches than there are", { height: 4, width: 4, count: 17 }, /count is 17, the grid 4x4 has 16 patches/],
  ["half a patch", { height: 4.5, width: 4, count: 2 }, /height is 4.5/],
  ["an aspect of nothing", { height: 4, width: 4, count: 2, minAspect: 0 }, /minAspect is 0/],
  ["aspects the wrong way round", { height: 4, width: 4, count: 2, minAspect: 2, maxAspect: 1 }, /minAspect 2 is more than maxAspect 1/],
  [
    "shares that do not sum to 1",
    { height: 4, width: 4, count: 2, shares: { maskToken: 0.8, randomPatch: 0.1, unchanged: 0 } },
    /sum to 0.9/,
  ],
  ["a negative share", { height: 4, width: 4, count: 2, shares: { maskToken: 1.1, randomPatch: -0.1, unchanged: 0 } }, /maskToken is 1.1/],
];
for (const [what, options, reason] of wrong) {
  test(`a mask of ${what} is refused by name`, () => {
    expect(() => drawMask(key(0), options)).toThrow(RecipeError);
    expect(() => drawMask(key(0), options)).toThrow(reason);
  });
}

test("replaceMasked() leaves a patch alone where all is unchanged", () => {
  const { token, source } = replaceMasked(draws(key(0), "x"), new Uint8Array(9).fill(1), { maskToken: 0, randomPatch: 0, unchanged: 1 });
  expect([sum(token), ...source]).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
});
