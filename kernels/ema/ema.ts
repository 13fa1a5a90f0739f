import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import emaWgsl from "./ema.wgsl" with { type: "text" };

/** Exponential moving average in place: e = decay * e + (1 - decay) * p. e is a state of the size of p, decay (1) is data. */
export function ema(e: Tensor, p: Tensor, decay: Tensor): Tensor {
  return op({ e, p, decay }, {}).next_e;
}

const op = defineOp<{ e: Tensor; p: Tensor; decay: Tensor }, "next_e">({
  name: "ema",
  outputs({ e, p, decay }) {
    if (e.size !== p.size || decay.size !== 1) {
      throw new ShapeError(`ema: ${e} cannot follow ${p} by ${decay}; average and value must have one size, the decay one value`);
    }
    return { next_e: e.shape };
  },
  updates: { next_e: "e" },
  launches: ({ e: { size } }) => [{ label: "ema", wgsl: flatIndex + emaWgsl, dims: { N: size }, workgroups: Math.ceil(size / 64) }],
  backward: null,
  reference: ({ e, p, decay: [d] }) => ({ next_e: Float64Array.from(e, (v: number, i) => d * v + (1 - d) * p[i]) }),
});
