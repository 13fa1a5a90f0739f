// What losses over pairs or triples of values share: one kernel that sums them, one for the gradient, and a chunk with `loss` and
// `slopes`. No tensor of single losses is ever stored.

import { ShapeError } from "../../src/errors.ts";
import { apply, defineOp, type Launch, type OpSpec, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import rowsWgsl from "../sum/rows.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import operandsWgsl from "./operands.wgsl" with { type: "text" };

/** What becomes of the losses: their mean, their sum, or their sum over the side of the first axis (the batch). */
export type Reduction = "mean" | "sum" | "batchmean";

export interface Loss {
  name: string;
  /** WGSL with `loss(a, b, c)` and `slopes(a, b, c)`. */
  chunk: string;
  loss(a: number, b: number, c: number, option: number): number;
  /** Derivatives of the loss by a, b and c. */
  slopes(a: number, b: number, c: number, option: number): number[];
}

type Inputs = { a: Tensor; b: Tensor; c?: Tensor };
type Attributes = { scale: number; option: number };

/** Values that one workgroup adds up. */
const span = 4096;

/** The function that reduces a loss over tensors of one shape to shape (1). */
export function reduced({ name, chunk, loss, slopes }: Loss): (inputs: Inputs, reduction: Reduction, option?: number) => Tensor {
  const dims = ({ a }: Inputs, { scale, option }: Attributes) => ({ N: a.size, scale, option });
  const third = ({ c }: Inputs) => ({ THIRD: Number(!!c) });
  const bind = ({ c }: Inputs) => ({ c: c ? "c" : "a" }); // what is absent is never read, yet the binding needs a buffer

  const gradient: OpSpec<Inputs & { dloss: Tensor }, "d", Attributes & { which: number }> = {
    name: `${name}_backward`,
    f16: ["d"],
    outputs: ({ a }) => ({ d: a.shape }),
    launches: (tensors, attributes) => [{
      label: `${name}/backward`,
      wgsl: flatIndex + operandsWgsl + chunk + backwardWgsl,
      dims: dims(tensors, attributes),
      overrides: { ...third(tensors), WHICH: attributes.which },
      workgroups: Math.ceil(tensors.a.size / 64),
      bind: bind(tensors),
    }],
    backward: null,
    reference({ a, b, c, dloss }, _, { scale, option, which }) {
      return { d: Float64Array.from(a, (v: number, i) => scale * dloss[0] * slopes(v, b[i], c?.[i] ?? 0, option)[which]) };
    },
    cpu({ a: { data: a }, b: { data: b }, c, dloss, d }, { scale, option, which }) {
      const factor = scale * dloss.data[0];
      for (let i = 0; i < a.length; i++) d.data[i] = factor * slopes(a[i], b[i], c ? c.data[i] : 0, option)[which];
    },
  };

  const forward = defineOp<Inputs, "loss" | "partial", Attributes>({
    name,
    outputs({ a, b, c }) {
      for (const t of [b, c]) {
        if (t && t.shape.join() !== a.shape.join()) throw new ShapeError(`${name}: ${a} and ${t} do not have the same shape; they must`);
      }
      return { loss: [1], partial: [Math.ceil(a.size / span)] };
    },
    launches: (tensors, attributes): Launch[] => [
      {
        label: `${name}/forward`,
        wgsl: workgroupSum + operandsWgsl + chunk + forwardWgsl,
        dims: dims(tensors, attributes),
        overrides: third(tensors),
        workgroups: tensors.partial.size,
        bind: { ...bind(tensors), partial_sums: "partial" },
      },
      {
        label: `${name}/reduce`,
        wgsl: workgroupSum + rowsWgsl,
        dims: { R: 1, S: tensors.partial.size, scale: attributes.scale },
        workgroups: 1,
        bind: { x: "partial", y: "loss" },
      },
    ],
    // One node an input: those whose gradient nobody wants are never run.
    backward({ a, b, c }, { dloss }, attributes) {
      const of = (which: number) => apply(gradient, { a, b, c, dloss }, { ...attributes, which }).d;
      return { a: of(0), b: of(1), ...c && { c: of(2) } };
    },
    reference({ a, b, c }, { partial }, { scale, option }) {
      const total = a.reduce((sum: number, v: number, i: number) => sum + loss(v, b[i], c?.[i] ?? 0, option), 0);
      return { loss: Float64Array.of(scale * total), partial: new Float64Array(partial.size) };
    },
    cpu({ a: { data: a }, b: { data: b }, c, loss: result }, { scale, option }) {
      let total = 0;
      for (let i = 0; i < a.length; i++) total += loss(a[i], b[i], c ? c.data[i] : 0, option);
      result.data[0] = scale * total;
    },
  });

  return (inputs, reduction, option = 0) => {
    const { size, shape } = inputs.a;
    return forward(inputs, { scale: reduction === "sum" ? 1 : 1 / (reduction === "mean" ? size : shape[0]), option }).loss;
  };
}
