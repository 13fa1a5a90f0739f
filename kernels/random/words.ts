// The rule by which every op draws, and what the words become; kernels/common/philox.wgsl and its neighbours say the same in WGSL.
//
//   block b of stream n at step t under seed s = Philox 4x32-10 of the counter (b, 0, t, n) and the key (s, 0x5a454c4c)
//
// Value i of a tensor is word i % 4 of block i / 4, where its op does not say otherwise. The stream is the number of the op's use
// in the model. So forward, backward, a second forward and a resumed run draw the same numbers, and nothing is stored.

import { philox4x32 } from "../../src/philox.ts";

/** Second word of the key: keeps these draws apart from others under the same seed. */
const purpose = 0x5a454c4c;

/** Block `block` of four random words, in `out` where it is given. `random` holds seed and step. */
export function randomWords(random: ArrayLike<number>, stream: number, block: number, out?: Uint32Array): Uint32Array {
  return philox4x32([block, 0, random[1], stream], [random[0], purpose], out);
}

/** What a block of four words becomes. */
export type Draw = (words: Uint32Array) => number[];

/** Uniform over [0, 1), 24 bits. */
export const drawUniform: Draw = (words) => Array.from(words, (word) => (word >>> 8) / 2 ** 24);

/** Standard Gumbel. */
export const drawGumbel: Draw = (words) => Array.from(words, (word) => -Math.log(exponential(word)));

/** Standard normal, by Box and Muller: the radius from the even words, the angle from the odd ones. */
export const drawNormal: Draw = ([a, b, c, d]) => [...pair(a, b), ...pair(c, d)];

function exponential(word: number): number {
  return -Math.log(((word >>> 9) + 0.5) / 2 ** 23);
}

function pair(radius: number, angle: number): [number, number] {
  const r = Math.sqrt(2 * exponential(radius)), a = Math.PI / 2 * ((angle >>> 30) + (((angle << 2) >>> 9) + 0.5) / 2 ** 23 - 0.5);
  return [r * Math.cos(a), r * Math.sin(a)];
}

/** The first `size` values of a stream. */
export function drawValues(draw: Draw, random: ArrayLike<number>, stream: number, size: number): Float64Array {
  const values = new Float64Array(size);
  for (let i = 0; i < size; i += 4) values.set(draw(randomWords(random, stream, i / 4)).slice(0, size - i), i);
  return values;
}
