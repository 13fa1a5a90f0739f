// Matrix products of any operands: ops give chunks that read them and store the sums, this file the kernels around.
//
// The chunk `operands` declares `Dims` with at least Z, S, M, N, K (batch, parts of K, rows, columns, inner size) and
//   row(z, m), column(z, n)       what is worth computing once, outside the loop over k
//   step_at(k), next(step)        the same for k, and how to go on to k + 1
//   lhs(row, step), rhs(column, step) → f32
//   lhs_along_k(), rhs_along_k()  whether neighbouring addresses of the operand follow k
// The chunk `store` declares store(z, m, n, sum). Storage bindings: operands 1 and 2, store 3 to 7.

import type { Choice, Launch, LaunchContext } from "../../../src/graph.ts";
import directWgsl from "./direct.wgsl" with { type: "text" };
import partialWgsl from "./partial.wgsl" with { type: "text" };
import reduceWgsl from "./reduce.wgsl" with { type: "text" };
import smallWgsl from "./small.wgsl" with { type: "text" };
import tileWgsl from "./tile.wgsl" with { type: "text" };
import tiledWgsl from "./tiled.wgsl" with { type: "text" };

/** Batch, rows, columns and inner size of a product. */
export interface Sizes {
  Z: number;
  M: number;
  N: number;
  K: number;
}

export interface Gemm extends Sizes {
  label: string;
  /** What the fastest variant depends on besides the sizes, such as "NT". */
  layout: string;
  operands: string;
  store: string;
  /** Fields of Dims besides Z, S, M, N, K. */
  dims: Record<string, number>;
  /** Overrides of the chunk `store`. */
  overrides?: Record<string, number>;
  bind?: Record<string, string>;
}

/** "f16": slabs of the operands lie in f16, which takes half of the workgroup memory and of the reads there. */
export const variants = ["direct", "tiled64", "tiled128", "tiled64 f16", "tiled128 f16", "small"] as const;
export type Variant = typeof variants[number];

/** Whether a launch with this label is a product, for traces. */
export const isProduct = (label: string) => new RegExp(`/(${variants.join("|")})( parts)?$`).test(label);

const tilesOf = ({ Z, M, N }: Sizes, rows: number, columns: number) => Math.ceil(M / rows) * Math.ceil(N / columns) * Z;

/**
 * Parts of the K axis. Few tiles leave most of a device idle, as in weight gradients: then parts are summed apart and added up
 * afterwards. Depends on the sizes alone, since the parts' tensor is part of the graph.
 */
export function splitsOf(sizes: Sizes): number {
  const tiles = tilesOf(sizes, 64, 64);
  return tiles >= 64 || sizes.K < 1024 ? 1 : Math.min(Math.floor(sizes.K / 512), Math.ceil(128 / tiles));
}

/** Shape of the output named `partial` that every op with a product has. */
export function partialShape(sizes: Sizes): number[] {
  const S = splitsOf(sizes);
  return S === 1 ? [1] : [S, sizes.Z, sizes.M, sizes.N];
}

/** The launches of one variant. */
export function gemmLaunches(gemm: Gemm, variant: Variant): Launch[] {
  const { label, operands, store, overrides = {}, bind = {}, Z, M, N, K } = gemm;
  const S = splitsOf(gemm);
  const dims = { Z, S, M, N, K, ...gemm.dims };
  const side = { direct: 0, small: 0, tiled64: 8, tiled128: 16, "tiled64 f16": 8, "tiled128 f16": 16 }[variant];
  const slabs = variant.endsWith(" f16") ? { f16: ["left", "right"] } : {};
  const [kernel, rows, columns] = variant === "direct"
    ? [directWgsl, 16, 64]
    : variant === "small"
    ? [smallWgsl, ...N < 64 ? [64, 1] : [1, 64]] as [string, number, number]
    : [tiledWgsl, side * 8, side * 8];
  const tiling: Record<string, number> = side ? { T: side } : {};
  const workgroups = tilesOf(gemm, rows, columns) * S;
  if (S === 1) {
    const wgsl = operands + store + tileWgsl + kernel;
    return [{ label: `${label}/${variant}`, wgsl, dims, overrides: { ...overrides, ...tiling }, workgroups, bind, ...slabs }];
  }
  return [
    {
      label: `${label}/${variant} parts`,
      wgsl: operands + partialWgsl + tileWgsl + kernel,
      dims,
      overrides: tiling,
      workgroups,
      bind,
      ...slabs,
    },
    { label: `${label}/reduce`, wgsl: operands + store + reduceWgsl, dims, overrides, workgroups: Math.ceil(Z * M * N / 64), bind },
  ];
}

/** The variants that suit the device, for its tuner. */
export function gemmChoice(gemm: Gemm, { software, f16 }: LaunchContext): Choice {
  const { label, layout, Z, M, N, K } = gemm;
  const narrow = Math.min(M, N) <= 4 || Z * M * N <= 1024;
  const suited: Variant[] = software ? ["direct"] : Math.min(M, N) > 64 ? ["tiled64", "tiled128"] : ["tiled64"];
  if (f16 && !software) suited.push(...suited.map((variant) => `${variant} f16` as Variant));
  if (narrow) suited.push("small");
  const full: Variant = software ? "direct" : Math.min(M, N) > 64 && tilesOf(gemm, 128, 128) >= 128 ? "tiled128" : "tiled64";
  return {
    key: `${label} ${layout} ${Z}x${M}x${N}x${K}`,
    preferred: narrow ? "small" : full,
    work: 2 * Z * M * N * K,
    options: Object.fromEntries(suited.map((variant) => [variant, gemmLaunches(gemm, variant)])),
  };
}
