// Convolution on the WASM kernels: the matrix of a picture's patches is packed straight into the panels of the matrix product, and the data
// gradient (which is also the transposed convolution) adds such a matrix back into pictures.

import { gemm } from "./gemm.ts";
import { KERNEL, type Team } from "./team.ts";

/** x (B, C, H, W), w (O, C, KH, KW) and y (B, O, OH, OW), with OH = floor((H + 2 padding - KH) / stride) + 1. */
export interface ConvShape {
  B: number;
  C: number;
  H: number;
  W: number;
  O: number;
  KH: number;
  KW: number;
  stride: number;
  padding: number;
}

/** y = conv(x, w) + bias, then the activation. */
export interface Conv extends ConvShape {
  x: number;
  w: number;
  y: number;
  /** (O) */
  bias?: number;
  activation?: "none" | "gelu" | "relu";
  /** Like y: receives the value before the activation. */
  pre?: number;
  /** Like y: added last. */
  residual?: number;
}

/** dx from dy and w. */
export interface ConvDataGradient extends ConvShape {
  dy: number;
  w: number;
  dx: number;
  /** (C), added to every value of its plane: with it this is a transposed convolution of dy. */
  bias?: number;
}

/** dw from x and dy. */
export interface ConvWeightGradient extends ConvShape {
  x: number;
  dy: number;
  dw: number;
  accumulate?: boolean;
}

/** Bytes of patches, steps of K, that are worked on at a time. */
const COLUMNS_LIMIT = 1 << 25, K_LIMIT = 1 << 14;

/** [OH, OW] */
export function convOut({ H, W, KH, KW, stride, padding }: ConvShape): [number, number] {
  return [Math.floor((H + 2 * padding - KH) / stride) + 1, Math.floor((W + 2 * padding - KW) / stride) + 1];
}

export function conv(team: Team, job: Conv): void {
  const { B, C, H, W, O } = job, { K, area } = prepare(team, job);
  gemm(team, {
    ...{ M: O, N: area, K, a: job.w, b: job.x, c: job.y, batch: B, strideA: 0, strideB: C * H * W, strideC: O * area, image: 1 },
    ...{ rowBias: job.bias, activation: job.activation, pre: job.pre, residual: job.residual },
  });
}

export function convDataGradient(team: Team, job: ConvDataGradient): void {
  const { B, C, H, W, O } = job, { K, area, geometry } = prepare(team, job);
  const together = Math.max(1, Math.min(B, Math.floor(COLUMNS_LIMIT / (4 * K * area))));
  const columns = team.allocate(4 * together * K * area);
  for (let i = 0; i < B; i += together) {
    const batch = Math.min(together, B - i), b = job.dy + 4 * i * O * area;
    gemm(team, { M: K, N: area, K: O, a: job.w, transA: true, b, c: columns, batch, strideA: 0, strideB: O * area });
    team.setGeometry(geometry);
    team.run(KERNEL.col2im, batch * K * area, [columns, job.dx + 4 * i * C * H * W, job.bias ?? 0, batch]);
  }
  team.free(columns);
}

export function convWeightGradient(team: Team, job: ConvWeightGradient): void {
  const { B, C, H, W, O } = job, { K, area } = prepare(team, job);
  const most = Math.max(1, Math.min(Math.floor(K_LIMIT / area), Math.floor(COLUMNS_LIMIT / (4 * K * area))));
  for (let i = 0; i < B; i += most) {
    const segments = Math.min(most, B - i), size = C * H * W;
    gemm(team, {
      ...{ M: O, N: K, K: area, a: job.dy + 4 * i * O * area, b: job.x + 4 * i * size, c: job.dw, accumulate: job.accumulate || i > 0 },
      ...{ lda: area, segments, segmentA: O * area, segmentB: size, image: 2 },
    });
  }
}

/** Writes the geometry; K = rows of the patch matrix, area = its columns. */
function prepare(team: Team, job: ConvShape): { K: number; area: number; geometry: number[] } {
  const { C, H, W, KH, KW, stride, padding } = job, [OH, OW] = convOut(job);
  const geometry = [C, H, W, KH, KW, stride, padding, OH, OW];
  team.setGeometry(geometry);
  return { K: C * KH * KW, area: OH * OW, geometry };
}
