// Multi-head attention (Vaswani et al. 2017) with an additive bias.

import { ShapeError } from "../../src/errors.ts";
import { defineOp, type OpSpec, reshape, type Tensor } from "../../src/graph.ts";
import { concat } from "../concat/concat.ts";
import { backwardLaunches, forwardLaunches, scratchShapes } from "./launches.ts";
import { type Layout, packed, separate } from "./layout.ts";
import * as cpu from "./cpu.ts";
import * as reference from "./reference.ts";

/** What attention takes beside q, k and v. */
export interface AttentionOptions {
  /** Added to the scores of every batch entry, (NH, T, T). */
  bias?: Tensor;
  /** 1 for a real key, 0 for padding, f32 (B, T). A query that has no key left gives 0 and takes no gradient. */
  keys?: Tensor;
  /** Factor of q k'; HS^-0.5 if absent. */
  scale?: number;
}

/**
 * softmax(scale * q k' + bias) v for each of `heads` heads. qkv (B*T, 3*C) holds q, k and v of a token side by side, each the heads
 * one after the other, as one linear layer makes them → (B*T, C), the heads one after the other. Padding must hold finite values.
 *
 * ```ts
 * import { attention, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([attention(constant("qkv", [2, 6], [0, 0, 1, 2, 1, 2, 0, 0, 3, 4, 3, 4]), { heads: 1, tokens: 2 })]);
 * console.assert(y.join() === "2,3,2,3");
 * ```
 */
export function attention(qkv: Tensor, { heads, tokens, ...options }: AttentionOptions & { heads: number; tokens: number }): Tensor {
  const width = qkv.shape[qkv.shape.length - 1], rows = qkv.size / width;
  if (width % (3 * heads) || rows % tokens) {
    throw new ShapeError(`attention: ${qkv} is not (B * T, 3 * NH * HS) with T = ${tokens} and NH = ${heads}; the products must agree`);
  }
  const layout = packed(rows / tokens, tokens, heads, width / 3 / heads);
  return reshape(attend("attention", qkv, layout, options), [rows, width / 3]);
}

/**
 * As `attention`, of separate q, k and v, each (B, NH, T, HS) → (B, NH, T, HS).
 *
 * ```ts
 * import { attentionHeads, constant, interpret } from "../../mod.ts";
 * const [y] = interpret([attentionHeads(constant("q", [1, 1, 2, 2], [0, 0, 0, 0]), constant("k", [1, 1, 2, 2], [1, 2, 3, 4]), constant("v", [1, 1, 2, 2], [1, 2, 3, 4]))]);
 * console.assert(y.join() === "2,3,2,3");
 * ```
 */
export function attentionHeads(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  for (const t of [k, v]) {
    if (q.shape.length !== 4 || t.shape.join() !== q.shape.join()) {
      throw new ShapeError(`attentionHeads: ${q} and ${t} do not belong together; both must be (B, NH, T, HS)`);
    }
  }
  const [B, NH, T, HS] = q.shape;
  return reshape(attend("attentionHeads", concat([q, k, v], 0), separate(B, T, NH, HS), options), q.shape);
}

export type AttentionInputs = { qkv: Tensor; bias?: Tensor; keys?: Tensor };
export type AttentionAttributes = { layout: Layout; scale: number };

function attend(name: string, qkv: Tensor, layout: Layout, { bias, keys, scale = layout.HS ** -0.5 }: AttentionOptions): Tensor {
  const { B, T, NH } = layout;
  for (const [t, shape] of [[bias, [NH, T, T]], [keys, [B, T]]] as const) {
    if (t && (t.size !== shape.reduce((a, b) => a * b, 1) || t.dtype !== "f32")) {
      throw new ShapeError(`${name}: ${t} does not go with ${qkv}; it must be f32 (${shape.join(", ")})`);
    }
  }
  return defineOp(attentionSpec)({ qkv, bias, keys }, { layout, scale }).out;
}

export const attentionSpec: OpSpec<AttentionInputs, "out" | "lse" | "p" | "partial", AttentionAttributes> = {
  name: "attention",
  f16: ["out"], // p holds scores on their way, of which the softmax wants every digit
  outputs: (_, { layout }) => {
    const { B, T, NH, HS } = layout, { square, partial } = scratchShapes(layout);
    return { out: [B * T * NH * HS], lse: [B, NH, T], p: square, partial };
  },
  launches: forwardLaunches,
  backward({ qkv, bias, keys, out, lse }, { dout }, attributes) {
    const { dqkv, dbias } = backward({ qkv, bias, keys, out, lse, dout: dout! }, attributes);
    return { qkv: dqkv, ...bias && { bias: dbias } };
  },
  reference: (data, { p, partial }, { layout, scale }) => ({
    ...reference.forward(data, layout, scale),
    p: new Float64Array(p.size),
    partial: new Float64Array(partial.size),
  }),
  cpu: cpu.forward,
};

export type BackwardInputs = AttentionInputs & { out: Tensor; lse: Tensor; dout: Tensor };

export const attentionBackwardSpec: OpSpec<BackwardInputs, "dqkv" | "D" | "dbias" | "p" | "dscore" | "partial", AttentionAttributes> = {
  name: "attention_backward",
  f16: ["dqkv", "p", "dscore"],
  outputs({ qkv, bias, lse }, { layout }) {
    const { square, partial } = scratchShapes(layout);
    return { dqkv: qkv.shape, D: lse.shape, dbias: bias?.shape ?? [1], p: square, dscore: square, partial };
  },
  launches: backwardLaunches,
  backward: null,
  reference: (data, { p, dscore, partial }, { layout, scale }) => ({
    ...reference.backward(data, layout, scale),
    p: new Float64Array(p.size),
    dscore: new Float64Array(dscore.size),
    partial: new Float64Array(partial.size),
  }),
  cpu: cpu.backward,
};

const backward = defineOp(attentionBackwardSpec);
