import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Parts, reshape, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import { slice } from "../slice/slice.ts";
import { sum } from "../sum/sum.ts";
import patchesWgsl from "./backward_patches.wgsl" with { type: "text" };
import tokensWgsl from "./backward_tokens.wgsl" with { type: "text" };
import { backwardCpu, forwardCpu } from "./cpu.ts";
import forwardWgsl from "./forward.wgsl" with { type: "text" };

/** What stands beside the patches. */
export interface EmbedTokensOptions {
  /** Added to every token, the class token's first, (T, C). */
  positions?: Tensor;
  /** Where the mask token stands: 1 in `mask` (B, N) replaces a patch. Both or neither. */
  maskToken?: Tensor;
  mask?: Tensor;
}

/**
 * What a vision transformer's first block receives: the class token (C) before the embedded patches (B * N, C) of each picture, masked
 * patches replaced, positions added → (B * T, C), T = 1 + N. Masked patches keep their positions (Bao et al. 2021).
 *
 * ```ts
 * import { constant, embedTokens, interpret } from "../../mod.ts";
 * const [y] = interpret([embedTokens(constant("patches", [2, 2], [1, 2, 3, 4]), constant("classToken", [1, 1, 2], [8, 9]), 1)]);
 * console.assert(y.join() === "8,9,1,2,3,4");
 * ```
 */
export function embedTokens(patches: Tensor, classToken: Tensor, B: number, options: EmbedTokensOptions = {}): Tensor {
  const { positions, maskToken, mask } = options, [rows, C] = patches.shape, N = rows / B;
  const fits = (t: Tensor | undefined, size: number, what: string) => {
    if (!t || t.size === size) return;
    throw new ShapeError(`embedTokens: ${t} does not go with ${patches} of ${B} pictures; it must have ${size} values, ${what}`);
  };
  if (patches.shape.length !== 2 || !Number.isInteger(N)) {
    throw new ShapeError(`embedTokens: ${patches} does not divide into ${B} pictures; give (B * N, C)`);
  }
  if (!mask !== !maskToken) throw new ShapeError(`embedTokens: a mask and a mask token belong together; give both or neither`);
  fits(classToken, C, "(C)");
  fits(maskToken, C, "(C)");
  fits(positions, (N + 1) * C, "(T, C)");
  fits(mask, rows, "(B, N)");
  return forward({ patches, class_token: classToken, positions, mask_token: maskToken, mask }, { B, N }).y;
}

type Inputs = { patches: Tensor; class_token: Tensor; positions?: Tensor; mask_token?: Tensor; mask?: Tensor };
type Attributes = { B: number; N: number };

const forward = defineOp<Inputs, "y", Attributes>({
  name: "embed_tokens",
  f16: ["y"],
  outputs: ({ patches: { shape: [, C] } }, { B, N }) => ({ y: [B * (N + 1), C] }),
  launches: ({ positions, mask, y }, { B, N }) => [{
    label: "embed_tokens/forward",
    wgsl: flatIndex + forwardWgsl,
    dims: { B, T: N + 1, C: y.shape[1] },
    overrides: { MASK: Number(!!mask), POSITIONS: Number(!!positions) },
    workgroups: Math.ceil(y.size / 64),
    // What is absent is never read, yet each binding needs a buffer.
    bind: { ...!positions && { positions: "class_token" }, ...!mask && { mask: "class_token", mask_token: "class_token" } },
  }],
  backward({ class_token, positions, mask_token, mask }: Parts<Inputs, "y">, { dy }, attributes) {
    const { dpatches, dpositions, masked } = backward({ dy: dy!, mask }, attributes);
    return {
      patches: dpatches,
      class_token: reshape(slice(dpositions, 0, 0, 1), class_token.shape).as(`d ${class_token.name}`),
      ...positions && { positions: dpositions },
      ...mask_token && { mask_token: sum(masked, [0]) },
    };
  },
  reference({ patches, class_token, positions, mask_token, mask }, { y: { size, shape: [, C] } }, { N }) {
    const T = N + 1;
    return {
      y: Float64Array.from({ length: size }, (_, i) => {
        const c = i % C, row = Math.floor(i / C), t = row % T, patch = Math.floor(row / T) * N + t - 1, w = t && mask ? mask[patch] : 0;
        const own = t ? patches[patch * C + c] : class_token[c];
        return (w === 1 ? mask_token[c] : w ? own * (1 - w) + mask_token[c] * w : own) + (positions ? positions[t * C + c] : 0);
      }),
    };
  },
  cpu: forwardCpu,
});

const backward = defineOp<{ dy: Tensor; mask?: Tensor }, "dpatches" | "dpositions" | "masked", Attributes>({
  name: "embed_tokens_backward",
  f16: ["dpatches"],
  outputs: ({ dy: { shape: [, C] }, mask }, { B, N }) => ({
    dpatches: [B * N, C],
    dpositions: [N + 1, C],
    masked: mask ? [N + 1, C] : [1],
  }),
  launches: ({ dy: { shape: [, C] }, mask, dpatches, dpositions }, { B, N }) => {
    const shared = { dims: { B, T: N + 1, C }, overrides: { MASK: Number(!!mask) }, bind: { mask: mask ? "mask" : "dy" } };
    return [
      {
        ...shared,
        label: "embed_tokens/backward_patches",
        wgsl: flatIndex + patchesWgsl,
        workgroups: Math.ceil(dpatches.size / 64),
      },
      {
        ...shared,
        label: "embed_tokens/backward_tokens",
        wgsl: flatIndex + tokensWgsl,
        workgroups: Math.ceil(dpositions.size / 64),
      },
    ];
  },
  backward: null,
  reference({ dy, mask }, { dy: { shape: [, C] }, masked }, { B, N }) {
    const T = N + 1, dpatches = new Float64Array(B * N * C), dpositions = new Float64Array(T * C), hidden = new Float64Array(masked.size);
    for (let i = 0; i < B * T * C; i++) {
      const c = i % C, row = Math.floor(i / C), t = row % T, patch = Math.floor(row / T) * N + t - 1, w = t && mask ? mask[patch] : 0;
      dpositions[t * C + c] += dy[i];
      if (t) dpatches[patch * C + c] = dy[i] * (1 - w);
      if (w) hidden[t * C + c] += w * dy[i];
    }
    return { dpatches, dpositions, masked: hidden };
  },
  cpu: backwardCpu,
});
