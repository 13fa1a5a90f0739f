// The op behind matmul() and linear(): y = residual + scale * activation(op(a) op(b) + bias), batch by batch.

import { apply, type CpuTensor, type LaunchContext, type OpSpec, type Parts, reshape, storage, type Tensor } from "../../src/graph.ts";
import { relu, reluBackward } from "../activations/activations.ts";
import reluWgsl from "../activations/relu.wgsl" with { type: "text" };
import { add, multiply } from "../arithmetic/arithmetic.ts";
import { type Gemm, gemmChoice, partialShape, type Sizes } from "../common/gemm/gemm.ts";
import { gelu, geluBackward, geluOf, geluSlope } from "../gelu/gelu.ts";
import geluWgsl from "../gelu/gelu.wgsl" with { type: "text" };
import { sum } from "../sum/sum.ts";
import epilogueWgsl from "./epilogue.wgsl" with { type: "text" };
import identityWgsl from "./identity.wgsl" with { type: "text" };
import noPreWgsl from "./no_pre.wgsl" with { type: "text" };
import operandsWgsl from "./operands.wgsl" with { type: "text" };
import preWgsl from "./pre.wgsl" with { type: "text" };
import slopeWgsl from "./slope.wgsl" with { type: "text" };

export interface Transposes {
  transposeA?: boolean;
  transposeB?: boolean;
}

/** a and b have three axes; one matrix serves every batch of the other. bias and scale (N), residual like y. */
export type MatmulInputs = { a: Tensor; b: Tensor; bias?: Tensor; scale?: Tensor; residual?: Tensor };
export type MatmulAttributes = Transposes & { activation?: keyof typeof activations };

const activations = {
  gelu: { wgsl: geluWgsl, of: geluOf, slope: geluSlope, forward: gelu, backward: geluBackward },
  relu: { wgsl: reluWgsl, of: (x: number) => Math.max(x, 0), slope: (x: number) => x > 0 ? 1 : 0, forward: relu, backward: reluBackward },
};

export function sizesOf({ a, b }: { a: Tensor; b: Tensor }, { transposeA, transposeB }: Transposes): Sizes {
  const [M, K] = transposeA ? [a.shape[2], a.shape[1]] : [a.shape[1], a.shape[2]];
  return { Z: Math.max(a.shape[0], b.shape[0]), M, N: b.shape[transposeB ? 1 : 2], K };
}

/** What the kernels need: where each value of a and b lies, and what becomes of the sums. */
export function gemmOf(tensors: MatmulInputs, attributes: MatmulAttributes, context: LaunchContext): Gemm {
  const { bias, scale, residual } = tensors, { activation } = attributes;
  const activated = activation ? activations[activation].wgsl : identityWgsl;
  return {
    ...operandsOf(tensors, attributes),
    store: activated + (context.wanted("pre") ? preWgsl : noPreWgsl) + epilogueWgsl,
    overrides: { BIAS: Number(!!bias), SCALE: Number(!!scale), RESIDUAL: Number(!!residual) },
    // What is absent is never read, yet each binding needs a buffer.
    bind: { bias: bias ? "bias" : "a", scale: scale ? "scale" : "a", residual: residual ? "residual" : "a" },
  };
}

function operandsOf(tensors: { a: Tensor; b: Tensor }, { transposeA, transposeB }: Transposes): Omit<Gemm, "store"> {
  const { a, b } = tensors, sizes = sizesOf(tensors, { transposeA, transposeB }), { M, N, K } = sizes;
  const [am, ak] = transposeA ? [1, M] : [K, 1], [bk, bn] = transposeB ? [1, K] : [N, 1];
  return {
    ...sizes,
    label: "matmul",
    layout: `${transposeA ? "T" : "N"}${transposeB ? "T" : "N"}`,
    operands: operandsWgsl,
    dims: { az: a.shape[0] > 1 ? M * K : 0, am, ak, bz: b.shape[0] > 1 ? K * N : 0, bk, bn },
  };
}

export const matmulSpec: OpSpec<MatmulInputs, "y" | "pre" | "partial", MatmulAttributes> = {
  name: "matmul",
  f16: ["y", "pre"],
  outputs(inputs, attributes) {
    const sizes = sizesOf(inputs, attributes), y = [sizes.Z, sizes.M, sizes.N];
    return { y, pre: keepsPre(inputs, attributes) ? y : [1], partial: partialShape(sizes) };
  },
  launches: (tensors, attributes, context) => gemmChoice(gemmOf(tensors, attributes, context), context),
  backward,
  reference,
  cpu({ a, b, bias, scale, residual, y, pre }, attributes, kernels, tensors) {
    const job = cpuProduct(a, b, y, tensors, attributes), bytes = b.prepared ? kernels.packedBytes(job) : 0;
    kernels.gemm({
      ...job,
      packed: bytes ? b.prepared!(bytes, (pointer) => kernels.packB(job, pointer)) : undefined,
      ...{ bias: bias?.pointer, scale: scale?.pointer, residual: residual?.pointer, activation: attributes.activation },
      pre: pre.size === y.size ? pre.pointer : undefined,
    });
  },
};

/** The product alone, as the CPU device's kernels want it. */
function cpuProduct(a: CpuTensor, b: CpuTensor, y: CpuTensor, tensors: { a: Tensor; b: Tensor }, { transposeA, transposeB }: Transposes) {
  const { Z, M, N, K } = sizesOf(tensors, { transposeA, transposeB });
  return {
    ...{ M, N, K, a: a.pointer, b: b.pointer, c: y.pointer, transA: transposeA, transB: transposeB },
    ...{ batch: Z, strideA: tensors.a.shape[0] > 1 ? M * K : 0, strideB: tensors.b.shape[0] > 1 ? K * N : 0 },
  };
}

/**
 * Whether backward needs what goes into activation and scale. For the gradient of a scale alone it does not: with G = dyᵀ a,
 * dscale = sum over k of b * G. That costs passes over b instead of over y, and so is taken where b is the smaller.
 */
function keepsPre(inputs: MatmulInputs, attributes: MatmulAttributes): boolean {
  const { Z, M, K } = sizesOf(inputs, attributes);
  return !!attributes.activation || (!!inputs.scale && (inputs.b.shape[0] > 1 || Z * M <= K));
}

/** A product without epilogue. (Za, M, K) and (Zb, K, N) → (Z, M, N). */
export function product(a: Tensor, b: Tensor, transposes: Transposes): Tensor {
  return apply(matmulSpec, { a, b }, transposes).y;
}

function backward(
  { a, b, bias, scale, residual, pre }: Parts<MatmulInputs, "y" | "pre" | "partial">,
  { dy }: { dy?: Tensor },
  { activation, transposeA = false, transposeB = false }: MatmulAttributes,
): { [K in keyof MatmulInputs]?: Tensor } {
  const f = activation && activations[activation], upstream = dy!;
  const passed = { residual: residual && upstream }, transposes = { transposeA, transposeB };
  if (scale && !keepsPre({ a, b, scale }, { activation, ...transposes })) {
    const factors = transposeB ? reshape(scale, [1, scale.size, 1]).as(scale.name) : scale;
    const { a: da, b: G } = operandGradients(upstream, a, multiply(b, factors), transposes), sums = bias && sum(upstream, [0, 1]);
    const dscale = sum(multiply(b, G), [0, transposeB ? 2 : 1]);
    return {
      a: da,
      b: multiply(G, factors),
      bias: sums && multiply(sums, scale),
      scale: bias ? add(dscale, multiply(sums!, bias)) : dscale,
      ...passed,
    };
  }
  const dactivated = scale ? multiply(upstream, scale) : upstream;
  const d = activation ? throughActivation(activation, pre, dactivated) : dactivated;
  return {
    ...operandGradients(d, a, b, transposes),
    bias: bias && sum(d, [0, 1]),
    scale: scale && sum(multiply(upstream, f ? f.forward(pre) : pre), [0, 1]),
    ...passed,
  };
}

/**
 * The gradient before an activation, from that after it. Where that is a plain product (of the next layer's gradient), the product
 * is made again with the derivative in its epilogue; nobody reads the plain one then, and it is not computed.
 */
function throughActivation(activation: keyof typeof activations, pre: Tensor, d: Tensor): Tensor {
  const { maker } = storage(d).root;
  const { a, b, ...more } = maker?.inputs ?? {}, { activation: other, ...transposes } = (maker?.attributes ?? {}) as MatmulAttributes;
  if (maker?.op !== matmulSpec || other || Object.keys(more).length) return activations[activation].backward(pre, d);
  return reshape(apply(slopeSpec, { a, b, kept: pre }, { ...transposes, activation }).y, d.shape);
}

type SlopeInputs = { a: Tensor; b: Tensor; kept: Tensor };

/** y = (a b) * df/d kept. */
const slopeSpec: OpSpec<SlopeInputs, "y" | "partial", Transposes & { activation: keyof typeof activations }> = {
  name: "matmul_slope",
  f16: ["y"],
  outputs(inputs, attributes) {
    const sizes = sizesOf(inputs, attributes);
    return { y: [sizes.Z, sizes.M, sizes.N], partial: partialShape(sizes) };
  },
  launches(tensors, { activation, ...transposes }, context) {
    return gemmChoice({ ...operandsOf(tensors, transposes), store: activations[activation].wgsl + slopeWgsl }, context);
  },
  backward: null,
  reference({ a, b, kept }, { a: A, b: B, partial }, { activation, ...transposes }) {
    const product = reference({ a, b }, { a: A, b: B, partial }, transposes);
    return { y: product.y.map((v, i) => v * activations[activation].slope(kept[i])), partial: product.partial };
  },
  cpu({ a, b, kept, y }, { activation, ...transposes }, kernels, tensors) {
    kernels.gemm(cpuProduct(a, b, y, tensors, transposes));
    kernels.elementwise({ operation: `${activation}Backward`, a: kept.pointer, b: y.pointer, y: y.pointer, C: y.size });
  },
};

/** Gradients of a and b of the plain product, given that of the product. */
function operandGradients(
  d: Tensor,
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: Transposes,
): { a: Tensor; b: Tensor } {
  const da = transposeA ? product(b, d, { transposeA: transposeB, transposeB: true }) : product(d, b, { transposeB: !transposeB });
  const db = transposeB ? product(d, a, { transposeA: true, transposeB: transposeA }) : product(a, d, { transposeA: !transposeA });
  return { a: summed(da, a), b: summed(db, b) };
}

/** Gradients of a matrix that served every batch add up. */
function summed(d: Tensor, shared: Tensor): Tensor {
  return d.shape[0] === shared.shape[0] ? d : reshape(sum(d, [0]), shared.shape);
}

function reference(
  { a, b, bias, scale, residual }: { [K in keyof MatmulInputs]: Float64Array },
  tensors: { a: Tensor; b: Tensor; pre?: Tensor; partial: Tensor },
  attributes: MatmulAttributes,
): Record<"y" | "pre" | "partial", Float64Array> {
  const { Z, M, N, K } = sizesOf(tensors, attributes), { transposeA, transposeB, activation } = attributes;
  const y = new Float64Array(Z * M * N), pre = new Float64Array(tensors.pre?.size ?? 0);
  for (let z = 0, i = 0; z < Z; z++) {
    const p = a!.subarray(tensors.a.shape[0] > 1 ? z * M * K : 0), q = b!.subarray(tensors.b.shape[0] > 1 ? z * K * N : 0);
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++, i++) {
        let value = bias ? bias[n] : 0;
        for (let k = 0; k < K; k++) value += p[transposeA ? k * M + m : m * K + k] * q[transposeB ? n * K + k : k * N + n];
        if (pre.length === y.length) pre[i] = value;
        if (activation) value = activations[activation].of(value);
        y[i] = value * (scale ? scale[n] : 1) + (residual ? residual[i] : 0);
      }
    }
  }
  return { y, pre, partial: new Float64Array(tensors.partial.size) };
}
