// Running sums and averages in place: one kernel.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import accumulateWgsl from "./accumulate.wgsl" with { type: "text" };

/**
 * A running sum in place: total = keep * total + g. total is a state of the size of g; keep (1) is data: 0 begins a new sum,
 * whatever was there before, 1 goes on.
 *
 * ```ts
 * import { accumulate, compile, input, openDevice, state } from "../../mod.ts";
 * const device = await openDevice({ device: "cpu", threads: 1 }), total = state("total", [2]);
 * const updates = [accumulate(total, input("g", [2]), input("keep", [1]))];
 * const program = await compile(device, { total }, { updates });
 * for (const keep of [0, 1]) {
 *   program.write({ g: [1, 2], keep: [keep] });
 *   program.run();
 * }
 * console.assert((await program.read("total")).join() === "2,4");
 * program.destroy();
 * await device.destroy();
 * ```
 */
export function accumulate(total: Tensor, g: Tensor, keep: Tensor): Tensor {
  if (total.size !== g.size || keep.size !== 1) {
    throw new ShapeError(`accumulate: ${total} cannot take ${g} by ${keep}; sum and value must have one size, the factor one value`);
  }
  return op({ total, g, keep }, { average: false }).next_total;
}

/**
 * Exponential moving average in place: e = decay * e + (1 - decay) * p. e is a state of the size of p, decay (1) is data.
 *
 * ```ts
 * import { compile, constant, ema, input, openDevice, state } from "../../mod.ts";
 * const device = await openDevice({ device: "cpu", threads: 1 }), average = state("average", [1], () => [4]);
 * const program = await compile(device, { average }, { updates: [ema(average, input("p", [1]), constant("decay", [1], [0.75]))] });
 * program.write({ p: [8] });
 * program.run();
 * console.assert((await program.read("average")).join() === "5");
 * program.destroy();
 * await device.destroy();
 * ```
 */
export function ema(e: Tensor, p: Tensor, decay: Tensor): Tensor {
  if (e.size !== p.size || decay.size !== 1) {
    throw new ShapeError(`ema: ${e} cannot follow ${p} by ${decay}; average and value must have one size, the decay one value`);
  }
  return op({ total: e, g: p, keep: decay }, { average: true }).next_total;
}

const op = defineOp<{ total: Tensor; g: Tensor; keep: Tensor }, "next_total", { average: boolean }>({
  name: "accumulate",
  outputs: ({ total }) => ({ next_total: total.shape }),
  updates: { next_total: "total" },
  launches: ({ g: { size } }, { average }) => [{
    label: average ? "accumulate/average" : "accumulate/sum",
    wgsl: flatIndex + accumulateWgsl,
    dims: { N: size, average: Number(average) },
    workgroups: Math.ceil(size / 64),
  }],
  backward: null,
  reference({ total, g, keep: [k] }, _, { average }) {
    const share = average ? 1 - k : 1;
    return { next_total: Float64Array.from(g, (v: number, i) => share * v + (k === 0 ? 0 : k * total[i])) };
  },
  cpu({ g, keep: { data: [k] }, next_total: { pointer } }, { average }, kernels) {
    const b = k === 0 ? undefined : pointer; // what was there may be anything
    kernels.elementwise({ operation: "sum", a: g.pointer, b, y: pointer, C: g.size, alpha: average ? 1 - k : 1, beta: k });
  },
});
