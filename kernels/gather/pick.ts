import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import pickWgsl from "./pick.wgsl" with { type: "text" };

/**
 * Token ids (or other whole numbers) at given places: ids u32 of any shape, read as one list, places u32 (…) → u32 (…). A place beyond
 * the list gives 2^32 - 1, over which a loss becomes NaN.
 *
 * ```ts
 * import { constant, interpret, pick } from "../../mod.ts";
 * const [y] = interpret([pick(constant("ids", [4], [7, 8, 9, 6], "u32"), constant("places", [2], [2, 0], "u32"))]);
 * console.assert(y.join() === "9,7");
 * ```
 */
export function pick(ids: Tensor, places: Tensor): Tensor {
  for (const t of [ids, places]) if (t.dtype !== "u32") throw new ShapeError(`pick: ${t} is ${t.dtype}; ids and places must be u32`);
  return op({ ids, places }, {}).y;
}

const op = defineOp<{ ids: Tensor; places: Tensor }, "y">({
  name: "pick",
  outputs: ({ places: { shape } }) => ({ y: { shape, dtype: "u32" } }),
  launches: ({ ids, places }) => [{
    label: "gather/pick",
    wgsl: flatIndex + pickWgsl,
    dims: { R: places.size, N: ids.size },
    workgroups: Math.ceil(places.size / 64),
  }],
  backward: null,
  reference: ({ ids, places }) => ({ y: Uint32Array.from(places, (place: number) => place < ids.length ? ids[place] : 0xffffffff) }),
});
