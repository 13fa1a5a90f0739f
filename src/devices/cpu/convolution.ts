// Convolution on the WASM kernels: the matrix of a picture's patches is packed straight into the panels of the matrix product. The data
// gradient (which is also the transposed convolution) is a convolution itself where the stride is 1, else it adds such a matrix back into
// pictures. A convolution of single pixels is a plain product.

import { gemm, type Segmented } from "./gemm.ts";
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

/** Multiplies matrices that lie in memory; `gemm` or a system's BLAS. */
export type Product = (job: Segmented) => void;

/** Whether a picture is the matrix of its own patches. */
const isPointwise = ({ KH, KW, stride, padding }: ConvShape) => KH * KW * stride === 1 && padding === 0;

export function conv(team: Team, job: Conv, product: Product): void {
  const { B, C, H, W, O } = job,
    { K, area } = prepare(team, job),
    pointwise = isPointwise(job),
    multiply = pointwise ? product : onTeam(team);
  multiply({
    ...{ M: O, N: area, K, a: job.w, b: job.x, c: job.y, batch: B, strideA: 0, strideB: C * H * W, strideC: O * area },
    ...{ image: pointwise ? 0 : 1, rowBias: job.bias, activation: job.activation, pre: job.pre, residual: job.residual },
  });
}

export function convDataGradient(team: Team, job: ConvDataGradient, product: Product): void {
  const { B, C, H, W, O, KH, KW, stride, padding } = job, { K, area, geometry } = prepare(team, job);
  if (isPointwise(job)) {
    const matrices = { a: job.w, transA: true, b: job.dy, c: job.dx, batch: B, strideA: 0, strideB: O * area, strideC: C * area };
    return product({ M: C, N: area, K: O, ...matrices, rowBias: job.bias });
  }
  // Every packed value of dy serves all of dx's channels: where these are few, packing costs more than adding patches.
  if (stride === 1 && KH === KW && padding < KH && O <= 2 * C) {
    const w = turned(team, job), [OH, OW] = convOut(job);
    conv(
      team,
      { B, C: O, H: OH, W: OW, O: C, KH, KW, stride, padding: KH - 1 - padding, x: job.dy, w, y: job.dx, bias: job.bias },
      product,
    );
    return team.free(w);
  }
  const together = Math.max(1, Math.min(B, Math.floor(COLUMNS_LIMIT / (4 * K * area))));
  const columns = team.allocate(4 * together * K * area);
  for (let i = 0; i < B; i += together) {
    const batch = Math.min(together, B - i), b = job.dy + 4 * i * O * area;
    product({ M: K, N: area, K: O, a: job.w, transA: true, b, c: columns, batch, strideA: 0, strideB: O * area });
    team.setGeometry(geometry);
    team.run(KERNEL.col2im, batch * K * area, [columns, job.dx + 4 * i * C * H * W, job.bias ?? 0, batch]);
  }
  team.free(columns);
}

/** The kernels of a convolution of dy that gives dx, (C, O, KH, KW): those of the forward one turned by half a circle. */
function turned(team: Team, { C, O, KH, KW, w }: ConvDataGradient): number {
  const taps = KH * KW, pointer = team.allocate(4 * C * O * taps);
  const from = team.floats(w, C * O * taps), to = team.floats(pointer, C * O * taps);
  for (let c = 0, i = 0; c < C; c++) {
    for (let o = 0; o < O; o++) {
      for (let end = (o * C + c + 1) * taps, k = 1; k <= taps; k++) to[i++] = from[end - k];
    }
  }
  return pointer;
}

export function convWeightGradient(team: Team, job: ConvWeightGradient, product: Product): void {
  const { B, C, H, W, O } = job,
    { K, area } = prepare(team, job),
    pointwise = isPointwise(job),
    multiply = pointwise ? product : onTeam(team);
  const most = Math.max(1, Math.min(Math.floor(K_LIMIT / area), Math.floor(COLUMNS_LIMIT / (4 * K * area))));
  for (let i = 0; i < B; i += most) {
    const segments = Math.min(most, B - i), size = C * H * W;
    multiply({
      ...{ M: O, N: K, K: area, a: job.dy + 4 * i * O * area, b: job.x + 4 * i * size, c: job.dw, accumulate: job.accumulate || i > 0 },
      ...{ lda: area, ldb: area, transB: true, segments, segmentA: O * area, segmentB: size, image: pointwise ? 0 : 2 },
    });
  }
}

const onTeam = (team: Team): Product => (job) => gemm(team, job);

/** Writes the geometry; K = rows of the patch matrix, area = its columns. */
function prepare(team: Team, job: ConvShape): { K: number; area: number; geometry: number[] } {
  const { C, H, W, KH, KW, stride, padding } = job, [OH, OW] = convOut(job);
  const geometry = [C, H, W, KH, KW, stride, padding, OH, OW];
  team.setGeometry(geometry);
  return { K: C * KH * KW, area: OH * OW, geometry };
}
