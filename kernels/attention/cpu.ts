// Attention on the CPU device: the WASM kernels, which keep no scores either.

import type { CpuTensor } from "../../src/graph.ts";
import type { AttentionAttributes, attentionBackwardSpec, AttentionInputs, attentionSpec, BackwardInputs } from "./attention.ts";

type Forward = NonNullable<typeof attentionSpec.cpu>;
type Backward = NonNullable<typeof attentionBackwardSpec.cpu>;
type Given = { [K in keyof AttentionInputs]: CpuTensor } & { out: CpuTensor; lse: CpuTensor };

export const forward: Forward = (data, attributes, kernels) => kernels.attention(job(data, attributes));

export const backward: Backward = (data, attributes, kernels) => {
  const { dout, dqkv, dbias, bias } = data as { [K in keyof BackwardInputs | "dqkv" | "dbias"]: CpuTensor };
  const { part } = attributes.layout, dq = dqkv.pointer;
  const gradients = { dout: dout.pointer, dq, dk: dq + 4 * part, dv: dq + 8 * part, dbias: bias && dbias.pointer };
  kernels.attentionBackward({ ...job(data, attributes), ...gradients });
};

function job({ qkv, bias, keys, out, lse }: Given, { layout, scale }: AttentionAttributes) {
  const { B, T, NH, HS, part, strides, outStrides } = layout, q = qkv.pointer;
  const given = { q, k: q + 4 * part, v: q + 8 * part, bias: bias?.pointer, mask: keys?.pointer, out: out.pointer, lse: lse.pointer };
  return { B, NH, T, HS, strides, outStrides, scale, ...given };
}
