import { ShapeError } from "../../src/errors.ts";
import { input, type Tensor } from "../../src/graph.ts";

/**
 * Where ops take their random numbers from: seed and step as data, and a stream for each use.
 *
 * ```ts
 * import { input, interpret, Random, uniform } from "../../mod.ts";
 * const state = input("random", [2], "u32"), random = new Random(state); // as randomSource() makes it
 * const [a, b] = interpret([uniform([2], random), uniform([2], random)], new Map([[state, [7, 0]]])); // each use has its own stream
 * console.assert(a.join() !== b.join());
 * ```
 */
export class Random {
  #streams = 0;

  /** `state` (2) u32 holds seed and step. */
  constructor(readonly state: Tensor) {
    if (state.size !== 2 || state.dtype !== "u32") throw new ShapeError(`Random: ${state} is not (2) u32, a seed and a step`);
  }

  /** The stream of the next use: counted, so that the same model built again has the same streams. */
  next(): number {
    return this.#streams++;
  }
}

/**
 * Random numbers for a model: an input `name` (2) u32 holding the seed and the step, written before each run.
 * The same seed and step give the same numbers on every device.
 *
 * ```ts
 * import { evaluate, openDevice, randomSource, uniform } from "../../mod.ts";
 * const device = await openDevice({ device: "cpu", threads: 1 }), y = uniform([3], randomSource("noise"));
 * const once = await evaluate(device, y, { noise: [7, 0] }), again = await evaluate(device, y, { noise: [7, 0] });
 * console.assert(once.join() === again.join());
 * await device.destroy();
 * ```
 */
export function randomSource(name = "random"): Random {
  return new Random(input(name, [2], "u32"));
}
