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

/** Writes the four values that a block of four words becomes. */
export type Draw = (words: Uint32Array, values: Float64Array) => void;

/** Uniform over [0, 1), 24 bits. */
export const drawUniform: Draw = (words, values) => {
  for (let i = 0; i < 4; i++) values[i] = (words[i] >>> 8) / 2 ** 24;
};

/** Standard Gumbel. */
export const drawGumbel: Draw = (words, values) => {
  for (let i = 0; i < 4; i++) values[i] = -Math.log(exponential(words[i]));
};

/** Standard normal, by Box and Muller: the radius from the even words, the angle from the odd ones. */
export const drawNormal: Draw = (words, values) => {
  for (let i = 0; i < 4; i += 2) {
    const r = Math.sqrt(2 * exponential(words[i])), angle = words[i + 1];
    const a = Math.PI / 2 * ((angle >>> 30) + (((angle << 2) >>> 9) + 0.5) / 2 ** 23 - 0.5);
    values[i] = r * Math.cos(a);
    values[i + 1] = r * Math.sin(a);
  }
};

function exponential(word: number): number {
  return -Math.log(((word >>> 9) + 0.5) / 2 ** 23);
}

/** The first `size` values of a stream, in `values` where it is given. */
export function drawValues<Values extends Float32Array | Float64Array = Float64Array>(
  draw: Draw,
  random: ArrayLike<number>,
  stream: number,
  size: number,
  values = new Float64Array(size) as Values,
): Values {
  const words = new Uint32Array(4), block = new Float64Array(4);
  for (let i = 0; i < size; i += 4) {
    draw(randomWords(random, stream, i / 4, words), block);
    for (let j = 0, left = Math.min(4, size - i); j < left; j++) values[i + j] = block[j];
  }
  return values;
}
