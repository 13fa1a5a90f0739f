import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import accumulateWgsl from "./accumulate.wgsl" with { type: "text" };

/**
 * A running sum in place: total = keep * total + g. total is a state of the size of g; keep (1) is data: 0 begins a new sum,
 * whatever was there before, 1 goes on.
 */
export function accumulate(total: Tensor, g: Tensor, keep: Tensor): Tensor {
  return op({ total, g, keep }, {}).next_total;
}

const op = defineOp<{ total: Tensor; g: Tensor; keep: Tensor }, "next_total">({
  name: "accumulate",
  outputs({ total, g, keep }) {
    if (total.size !== g.size || keep.size !== 1) {
      throw new ShapeError(`accumulate: ${total} cannot take ${g} by ${keep}; sum and value must have one size, the factor one value`);
    }
    return { next_total: total.shape };
  },
  updates: { next_total: "total" },
  launches: ({ g: { size } }) => [{
    label: "accumulate",
    wgsl: flatIndex + accumulateWgsl,
    dims: { N: size },
    workgroups: Math.ceil(size / 64),
  }],
  backward: null,
  reference: ({ total, g, keep: [k] }) => ({ next_total: Float64Array.from(g, (v: number, i) => k === 0 ? v : v + k * total[i]) }),
});
