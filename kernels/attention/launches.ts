// Attention as matrix products over some heads at a time.
//
// The probabilities of all heads would take T / HS times the memory of qkv; those of one group of heads live in a scratch tensor of
// bounded size, and the groups follow one another. So all the work is done by the kernels of matrix products, which are the fastest
// there are on GPUs and on adapters that run shaders on the CPU alike, where one kernel for everything needs more registers than
// either has. Backward computes the probabilities again from the log-sum-exp (Dao et al. 2022).

import type { Choice, Launch, LaunchContext, Tensor } from "../../src/graph.ts";
import { type Gemm, gemmChoice, gemmLaunches, partialShape, type Sizes, type Variant } from "../common/gemm/gemm.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import workgroupMax from "../common/workgroup_max.wgsl" with { type: "text" };
import workgroupSum from "../common/workgroup_sum.wgsl" with { type: "text" };
import type { AttentionAttributes, AttentionInputs, BackwardInputs } from "./attention.ts";
import dbiasWgsl from "./dbias.wgsl" with { type: "text" };
import keysWgsl from "./keys.wgsl" with { type: "text" };
import type { Layout } from "./layout.ts";
import operandsWgsl from "./operands.wgsl" with { type: "text" };
import rowDotWgsl from "./row_dot.wgsl" with { type: "text" };
import softmaxWgsl from "./softmax.wgsl" with { type: "text" };
import softmaxEachWgsl from "./softmax_each.wgsl" with { type: "text" };
import storeDscoresWgsl from "./store_dscores.wgsl" with { type: "text" };
import storeHeadsWgsl from "./store_heads.wgsl" with { type: "text" };
import storeProbabilitiesWgsl from "./store_probabilities.wgsl" with { type: "text" };
import storeScoresWgsl from "./store_scores.wgsl" with { type: "text" };

/** Where each group of heads starts, and how many heads it has. */
function groups(layout: Layout): { start: number; Z: number }[] {
  const heads = layout.B * layout.NH, G = layout.group;
  return Array.from({ length: Math.ceil(heads / G) }, (_, g) => ({ start: g * G, Z: Math.min(G, heads - g * G) }));
}

/** The scratch for probabilities, and that of products whose inner axis is summed in parts. */
export function scratchShapes(layout: Layout): { square: number[]; partial: number[] } {
  const { T, HS } = layout;
  const sizes: Sizes[] = groups(layout).flatMap(({ Z }) => [{ Z, M: T, N: HS, K: T }, { Z, M: T, N: T, K: HS }]);
  const partial = sizes.map((s) => partialShape(s).reduce((a, b) => a * b, 1));
  return { square: [layout.group, T, T], partial: [Math.max(...partial)] };
}

/** How a product finds the heads of an operand or of its result: the tensor, its start, its strides. */
interface Operand {
  name: string;
  at: number;
  z: number;
  b: number;
  h: number;
  /** From one token to the next; the values of a head follow one another. */
  token: number;
}

/** Whether the tokens of an operand are the rows (or columns) of a product, or what it sums along. */
type Tokens = "rows" | "along";

/** The operands of a layout by name. */
function operandsOf({ T, part, strides, outStrides }: Layout) {
  const of = (name: string, at: number, { batch: b, head: h, token }: Layout["strides"]): Operand => ({ name, at, z: 0, b, h, token });
  const scratch = (name: string): Operand => ({ name, at: 0, z: T * T, b: 0, h: 0, token: T });
  return {
    q: of("qkv", 0, strides),
    k: of("qkv", part, strides),
    v: of("qkv", 2 * part, strides),
    dq: of("dqkv", 0, strides),
    dk: of("dqkv", part, strides),
    dv: of("dqkv", 2 * part, strides),
    out: of("out", 0, outStrides),
    dout: of("dout", 0, outStrides),
    p: scratch("p"),
    dscore: scratch("dscore"),
  };
}

/** Makes products of the heads of one group. */
class Products {
  constructor(
    private readonly layout: Layout,
    private readonly group: { start: number; Z: number },
    private readonly flags: Record<string, number>,
  ) {}

  gemm(
    label: string,
    [a, aTokens]: readonly [Operand, Tokens],
    [b, bTokens]: readonly [Operand, Tokens],
    { store, y, scale = 1, flags = [], bind = {} }: {
      store: string;
      y?: Operand;
      scale?: number;
      flags?: string[];
      bind?: Record<string, string>;
    },
  ): Gemm {
    const { T, NH, HS } = this.layout;
    const step = (o: Operand, tokens: Tokens, axis: Tokens) => tokens === axis ? o.token : 1;
    return {
      label: `attention/${label}`,
      layout: `${aTokens}-${bTokens}`,
      Z: this.group.Z,
      M: T,
      N: y ? HS : T,
      K: y ? T : HS,
      operands: operandsWgsl,
      store,
      dims: {
        NH,
        start: this.group.start,
        T,
        scale,
        per_head: 1 / NH,
        ...strided("a", a),
        a_m: step(a, aTokens, "rows"),
        a_k: step(a, aTokens, "along"),
        ...strided("b", b),
        b_n: step(b, bTokens, "rows"),
        b_k: step(b, bTokens, "along"),
        y_at: y?.at ?? 0,
        y_b: y?.b ?? 0,
        y_h: y?.h ?? 0,
        y_m: y?.token ?? 0,
      },
      overrides: Object.fromEntries(flags.map((flag) => [flag, this.flags[flag]])),
      bind: { a: a.name, b: b.name, ...y && { y: y.name }, ...bind },
    };
  }
}

const strided = (prefix: string, { at, z, b, h }: Operand) => ({
  [`${prefix}_at`]: at,
  [`${prefix}_z`]: z,
  [`${prefix}_b`]: b,
  [`${prefix}_h`]: h,
});

type Part = Gemm | Launch;

/** The products of each group in the variant that `pick` names, and the launches between them. */
function sequence(parts: Part[], pick: (gemm: Gemm) => Variant): Launch[] {
  return parts.flatMap((part) => "operands" in part ? gemmLaunches(part, pick(part)) : [part]);
}

/** Each option takes one variant wherever it suits the product. */
function choice(label: string, { B, T, NH, HS }: Layout, parts: Part[], context: LaunchContext): Choice {
  const preferred = sequence(parts, (gemm) => gemmChoice(gemm, context).preferred as Variant);
  const tiled: Variant[] = context.software ? [] : ["tiled64", "tiled128", ...context.f16 ? ["tiled64 f16", "tiled128 f16"] as const : []];
  const all = (variant: Variant) =>
    sequence(parts, (gemm) => {
      const { options, preferred } = gemmChoice(gemm, context);
      return variant in options ? variant : preferred as Variant;
    });
  return {
    key: `${label} ${B}x${NH}x${T}x${HS}`,
    preferred: "preferred",
    work: 4 * B * NH * T * T * HS,
    options: { preferred, ...Object.fromEntries(tiled.map((variant) => [variant, all(variant)])) },
  };
}

const flagsOf = ({ bias, keys }: AttentionInputs) => ({ BIAS: Number(!!bias), KEYS: Number(!!keys) });
// What is absent is never read, yet each binding needs a buffer.
const bindingsOf = ({ bias, keys }: AttentionInputs) => ({ bias: bias ? "bias" : "qkv", keys: keys ? "keys" : "qkv" });

export function forwardParts(tensors: AttentionInputs, { layout, scale }: AttentionAttributes, software: boolean): Part[] {
  const { T, NH } = layout, { q, k, v, p, out } = operandsOf(layout), { bias, keys } = bindingsOf(tensors), flags = flagsOf(tensors);
  return groups(layout).flatMap(({ start, Z }) => {
    const products = new Products(layout, { start, Z }, flags);
    return [
      products.gemm("scores", [q, "rows"], [k, "rows"], { store: storeScoresWgsl, scale, flags: ["BIAS"], bind: { bias } }),
      {
        label: "attention/softmax",
        wgsl: (software ? flatIndex : workgroupSum + workgroupMax) + keysWgsl + (software ? softmaxEachWgsl : softmaxWgsl),
        dims: { Z, NH, start, T },
        overrides: { KEYS: flags.KEYS },
        workgroups: software ? Math.ceil(Z * T / 64) : Z * T,
        bind: { keys },
      },
      products.gemm("out", [p, "rows"], [v, "along"], { store: storeHeadsWgsl, y: out }),
    ];
  });
}

export function backwardParts(tensors: BackwardInputs & { dbias: Tensor }, attributes: AttentionAttributes, wantsBias: boolean): Part[] {
  const { layout, scale } = attributes, { B, T, NH, HS, outStrides } = layout;
  const { q, k, v, dq, dk, dv, p, dout, dscore } = operandsOf(layout), flags = flagsOf(tensors);
  const parts: Part[] = [{
    label: "attention/row_dot",
    wgsl: flatIndex + rowDotWgsl,
    dims: { B, NH, T, HS, ...outStrides },
    workgroups: Math.ceil(B * NH * T / 64),
  }];
  for (const { start, Z } of groups(layout)) {
    const products = new Products(layout, { start, Z }, flags);
    const again = { store: storeProbabilitiesWgsl, scale, flags: ["BIAS", "KEYS"], bind: bindingsOf(tensors) };
    parts.push(
      products.gemm("probabilities", [q, "rows"], [k, "rows"], again),
      products.gemm("dscores", [dout, "rows"], [v, "rows"], { store: storeDscoresWgsl }),
      products.gemm("dq", [dscore, "rows"], [k, "along"], { store: storeHeadsWgsl, y: dq, scale }),
      products.gemm("dk", [dscore, "along"], [q, "along"], { store: storeHeadsWgsl, y: dk, scale }),
      products.gemm("dv", [p, "along"], [dout, "along"], { store: storeHeadsWgsl, y: dv }),
    );
    if (!wantsBias) continue;
    parts.push({
      label: "attention/dbias",
      wgsl: flatIndex + dbiasWgsl,
      dims: { Z, NH, start, square: T * T },
      workgroups: Math.ceil(NH * T * T / 64),
    });
  }
  return parts;
}

export function forwardLaunches(tensors: AttentionInputs, attributes: AttentionAttributes, context: LaunchContext): Choice {
  return choice("attention", attributes.layout, forwardParts(tensors, attributes, context.software), context);
}

export function backwardLaunches(
  tensors: BackwardInputs & { dbias: Tensor },
  attributes: AttentionAttributes,
  context: LaunchContext,
): Choice {
  const parts = backwardParts(tensors, attributes, !!tensors.bias && context.wanted("dbias"));
  return choice("attention backward", attributes.layout, parts, context);
}

/** The launches of one variant throughout, whatever the device would choose. */
export function launchesOf(parts: Part[], variant: Variant): Launch[] {
  return sequence(parts, () => variant);
}
