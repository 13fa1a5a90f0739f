// Multi-head attention (Vaswani et al. 2017) with an additive bias, without ever storing the scores (Dao et al. 2022): the forward
// kernel keeps the log-sum-exp of each query, the backward kernels compute the probabilities again.

import { ShapeError } from "../../src/errors.ts";
import { type CpuTensor, defineOp, type Launch, type LaunchContext, reshape, type Tensor } from "../../src/graph.ts";
import { concat } from "../concat/concat.ts";
import allKeysWgsl from "./all_keys.wgsl" with { type: "text" };
import biasWgsl from "./bias.wgsl" with { type: "text" };
import blocksOf1Wgsl from "./blocks_of_1.wgsl" with { type: "text" };
import blocksOf4Wgsl from "./blocks_of_4.wgsl" with { type: "text" };
import dbiasWgsl from "./dbias.wgsl" with { type: "text" };
import dimsWgsl from "./dims.wgsl" with { type: "text" };
import dkWgsl from "./dk.wgsl" with { type: "text" };
import dqWgsl from "./dq.wgsl" with { type: "text" };
import dvWgsl from "./dv.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import keysWgsl from "./keys.wgsl" with { type: "text" };
import { type Layout, packed, separate } from "./layout.ts";
import noBiasWgsl from "./no_bias.wgsl" with { type: "text" };
import * as reference from "./reference.ts";

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
 * one after the other, as one linear layer makes them → (B*T, C), the heads one after the other. C / heads may be up to 128.
 */
export function attention(qkv: Tensor, { heads, tokens, ...options }: AttentionOptions & { heads: number; tokens: number }): Tensor {
  const width = qkv.shape[qkv.shape.length - 1], rows = qkv.size / width;
  if (width % (3 * heads) || rows % tokens) {
    throw new ShapeError(`attention: ${qkv} is not (B * T, 3 * NH * HS) with T = ${tokens} and NH = ${heads}; the products must agree`);
  }
  const layout = packed(rows / tokens, tokens, heads, width / 3 / heads);
  return reshape(attend("attention", qkv, layout, options), [rows, width / 3]);
}

/** As `attention`, of separate q, k and v, each (B, NH, T, HS) → (B, NH, T, HS). */
export function attentionHeads(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  for (const t of [k, v]) {
    if (q.shape.length !== 4 || t.shape.join() !== q.shape.join()) {
      throw new ShapeError(`attentionHeads: ${q} and ${t} do not belong together; both must be (B, NH, T, HS)`);
    }
  }
  const [B, NH, T, HS] = q.shape;
  return reshape(attend("attentionHeads", concat([q, k, v], 0), separate(B, T, NH, HS), options), q.shape);
}

type Inputs = { qkv: Tensor; bias?: Tensor; keys?: Tensor };
type Attributes = { layout: Layout; scale: number };

function attend(name: string, qkv: Tensor, layout: Layout, { bias, keys, scale = layout.HS ** -0.5 }: AttentionOptions): Tensor {
  const { B, T, NH, HS } = layout;
  if (HS > 128) throw new ShapeError(`${name}: ${qkv} makes heads of ${HS} values; the kernels hold at most 128, use more heads`);
  const sides = (shape: readonly number[]) => `(${shape.join(", ")})`;
  for (const [t, shape] of [[bias, [NH, T, T]], [keys, [B, T]]] as const) {
    if (t && (t.size !== shape.reduce((a, b) => a * b, 1) || t.dtype !== "f32")) {
      throw new ShapeError(`${name}: ${t} does not go with ${qkv}; it must be f32 ${sides(shape)}`);
    }
  }
  return forward({ qkv, bias, keys }, { layout, scale }).out;
}

const forward = defineOp<Inputs, "out" | "lse", Attributes>({
  name: "attention",
  outputs: (_, { layout: { B, T, NH, HS } }) => ({ out: [B * T * NH * HS], lse: [B, NH, T] }),
  launches: (tensors, attributes, context) => [launch("forward", forwardWgsl, tensors, attributes, context)],
  backward({ qkv, bias, keys, out, lse }, { dout, dlse }, attributes) {
    if (dlse) throw new ShapeError(`attention: ${lse} has no gradient`);
    const { dqkv, dbias } = backward({ qkv, bias, keys, out, lse, dout: dout! }, attributes);
    return { qkv: dqkv, ...bias && { bias: dbias } };
  },
  reference: (data, _, { layout, scale }) => reference.forward(data, layout, scale),
  cpu: ({ qkv, bias, keys, out, lse }, attributes, kernels) => kernels.attention(job(qkv, bias, keys, out, lse, attributes)),
});

/** What both directions tell the CPU kernels. */
function job(
  qkv: CpuTensor,
  bias: CpuTensor | undefined,
  mask: CpuTensor | undefined,
  out: CpuTensor,
  lse: CpuTensor,
  { layout, scale }: Attributes,
) {
  const { B, T, NH, HS, part, strides, outStrides } = layout, q = qkv.pointer;
  const given = { q, k: q + 4 * part, v: q + 8 * part, bias: bias?.pointer, mask: mask?.pointer, out: out.pointer, lse: lse.pointer };
  return { B, NH, T, HS, strides, outStrides, scale, ...given };
}

const backward = defineOp<Inputs & { out: Tensor; lse: Tensor; dout: Tensor }, "dqkv" | "D" | "dbias", Attributes>({
  name: "attention_backward",
  outputs: ({ qkv, bias, lse }) => ({ dqkv: qkv.shape, D: lse.shape, dbias: bias?.shape ?? [1] }),
  launches(tensors, attributes, context) {
    const { B, T, NH } = attributes.layout;
    const main = [["dq", dqWgsl], ["dk", dkWgsl], ["dv", dvWgsl]].map(([label, wgsl]) => launch(label, wgsl, tensors, attributes, context));
    if (!tensors.bias || !context.wanted("dbias")) return main;
    const last = launch("dbias", dbiasWgsl, tensors, attributes, context);
    const [queries] = last.workgroups as [number, number, number];
    return [...main, { ...last, overrides: { ...last.overrides, B }, workgroups: [queries, NH, Math.ceil(T / 16)] }];
  },
  backward: null,
  reference: (data, _, { layout, scale }) => reference.backward(data, layout, scale),
  cpu({ qkv, bias, keys, out, lse, dout, dqkv, dbias }, attributes, kernels) {
    const { part } = attributes.layout, dq = dqkv.pointer;
    const gradients = { dout: dout.pointer, dq, dk: dq + 4 * part, dv: dq + 8 * part, dbias: bias && dbias.pointer };
    kernels.attentionBackward({ ...job(qkv, bias, keys, out, lse, attributes), ...gradients });
  },
});

function launch(label: string, wgsl: string, { bias, keys }: Inputs, { layout, scale }: Attributes, { software }: LaunchContext): Launch {
  const { B, T, NH, HS, part, strides, outStrides } = layout;
  const width = HS % 4 ? 1 : 4;
  // Where shaders run on the CPU, 8 invocations are one vector register; on a GPU, few idle invocations in the last workgroup.
  const threads = software ? 8 : Math.ceil(T / 32) % 2 ? 32 : 64;
  const chunks = [dimsWgsl, width === 4 ? blocksOf4Wgsl : blocksOf1Wgsl, bias ? biasWgsl : noBiasWgsl, keys ? keysWgsl : allKeysWgsl];
  return {
    label: `attention/${label}`,
    wgsl: chunks.join("") + wgsl,
    dims: {
      T,
      NH,
      scale,
      part: part / width,
      batch: strides.batch / width,
      token: strides.token / width,
      head: strides.head / width,
      out_batch: outStrides.batch / width,
      out_token: outStrides.token / width,
      out_head: outStrides.head / width,
    },
    overrides: { THREADS: threads, BLOCKS: HS / width },
    workgroups: [Math.ceil(T / threads), NH, B],
  };
}
