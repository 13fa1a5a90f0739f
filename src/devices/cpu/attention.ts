// Attention on the WASM kernels: a unit of work is one (batch, head), its scores never leave the cache.

import { LimitError } from "../../errors.ts";
import { KERNEL, type Team } from "./team.ts";

/** Where the (B, NH, T, HS) values of a tensor lie, in floats from its pointer; HS is dense. */
export interface HeadStrides {
  batch: number;
  head: number;
  token: number;
}

/** out = softmax(q kᵀ scale + bias) v. */
export interface Attention {
  B: number;
  NH: number;
  T: number;
  HS: number;
  q: number;
  k: number;
  v: number;
  /** Of q, k, v and their gradients: packed qkv (B, T, 3, NH, HS) has batch 3 T NH HS, token 3 NH HS, head HS. */
  strides: HeadStrides;
  scale: number;
  /** (NH, T, T), added to the scores. */
  bias?: number;
  /** (B, T): keys whose weight is 0 are not there. A query that has none left gives 0. */
  mask?: number;
  out: number;
  /** Of out and dout. */
  outStrides: HeadStrides;
  /** (B, NH, T): receives the log of the sum of exp(scores). */
  lse: number;
}

/** Gradients of `Attention`, whose `out` and `lse` are read. */
export interface AttentionBackward extends Attention {
  dout: number;
  dq: number;
  dk: number;
  dv: number;
  /** (NH, T, T): receives the sum over the batch. */
  dbias?: number;
}

/** Parts of the batch that sum their bias gradients apart, and bytes for those; the threads have no say, so neither have they in the bits. */
const GROUPS = 16, GROUP_BYTES = 1 << 26;

const roundUp = (n: number, to: number) => Math.ceil(n / to) * to;

export function attention(team: Team, job: Attention): void {
  const { T, HS } = job, { tileRows, tileColumns } = team;
  const rows = Math.min(roundUp(T, tileRows), 48), Tp = roundUp(T, tileColumns), HSp = roundUp(HS, tileColumns);
  const floats = Tp * HS + HSp * T + rows * (HS + Tp + T + HSp + 1);
  run(team, job, KERNEL.attentionForward, 4, rows, floats, { dout: 0, dq: 0, dk: 0, dv: 0, dbias: 0 }, 0);
}

export function attentionBackward(team: Team, job: AttentionBackward): void {
  const { T, HS, B, NH } = job, { tileRows, tileColumns } = team;
  // 192: long enough for the products that sum over a block, and its squares stay in the second cache
  const rows = Math.min(roundUp(T, tileRows), 192);
  const Tp = roundUp(T, tileColumns), Tm = roundUp(T, tileRows), HSp = roundUp(HS, tileColumns);
  const floats = 2 * Tp * HS + HSp * T + 2 * rows * (HS + HSp + Tp) + rows * (Tm + HSp) + 2 * Tm * HSp;
  const groups = job.dbias ? Math.max(1, Math.min(B, GROUPS, Math.floor(GROUP_BYTES / (4 * NH * T * T)))) : 0;
  const length = groups && Math.ceil(B / groups);
  run(team, job, KERNEL.attentionBackward, 12, rows, floats, job, length && Math.ceil(B / length));
}

type Gradients = Pick<AttentionBackward, "dout" | "dq" | "dk" | "dv" | "dbias">;

function run(
  team: Team,
  job: Attention,
  kernel: number,
  products: number,
  rows: number,
  floats: number,
  gradients: Gradients,
  groups: number,
): void {
  const { B, NH, T, HS, strides, outStrides } = job, { dout, dq, dk, dv, dbias = 0 } = gradients;
  const scratchBytes = roundUp(4 * floats, 64), partialBytes = groups * 4 * NH * T * T;
  const total = team.threads * scratchBytes + partialBytes;
  if (total >= 2 ** 31) {
    throw new LimitError(`attention: ${T} tokens need ${total} bytes of working storage; at most ${2 ** 31} are possible`);
  }
  const scratch = team.scratch(total);
  team.run(
    kernel,
    products * B * NH * T * T * HS / 30,
    [
      ...[job.q, job.k, job.v, job.out, job.lse, job.bias ?? 0, job.mask ?? 0, B, NH, T, HS],
      ...[strides.batch, strides.head, strides.token, outStrides.batch, outStrides.head, outStrides.token],
      ...[rows, scratch, scratchBytes, dout, dq, dk, dv, dbias, groups, scratch + team.threads * scratchBytes],
    ],
    [job.scale],
  );
}
