// @ts-nocheck AssemblyScript: build.ts compiles it to WASM, TypeScript does not know its types.
//
// What the host calls: run() on the main thread, serve() on each helper. The job lies at JOB, its first word is the kernel's number.

import { Attention } from "./attention";
import { attentionBackward } from "./attention_backward";
import { attentionForward } from "./attention_forward";
import { Columns, columns } from "./columns";
import { AdamW, adamw, Elementwise, elementwise } from "./elementwise";
import { Gemm, gemm } from "./gemm";
import { Col2im, col2im } from "./image";
import { ExpRows, expRows, LogSumExp, logSumExp } from "./log_sum_exp";
import { LayerNorm, layerNorm, Softmax, softmax } from "./rows";
import { madd } from "./simd";
import { ColumnSum, columnSum, SquareSum, squareSum } from "./sums";
import { awaitJob, closeJob, JOB, leave, openJob } from "./team";
import { MR, NR } from "./tile";

/** The tile's rows and columns: the host rounds buffers up to them. */
export function tileRows(): i32 {
  return MR;
}
export function tileColumns(): i32 {
  return NR;
}

/** x * x + y: the host sees from it whether multiply-add rounds once. */
export function square(x: f32, y: f32): f32 {
  return f32x4.extract_lane(madd(f32x4.splat(x), f32x4.splat(x), f32x4.splat(y)), 0);
}

function work(thread: i32): void {
  switch (load<i32>(JOB)) {
    case 1:
      gemm(changetype<Gemm>(JOB), thread);
      break;
    case 2:
      col2im(changetype<Col2im>(JOB));
      break;
    case 3:
      softmax(changetype<Softmax>(JOB));
      break;
    case 4:
      layerNorm(changetype<LayerNorm>(JOB));
      break;
    case 5:
      columnSum(changetype<ColumnSum>(JOB), thread);
      break;
    case 6:
      squareSum(changetype<SquareSum>(JOB));
      break;
    case 7:
      elementwise(changetype<Elementwise>(JOB));
      break;
    case 8:
      adamw(changetype<AdamW>(JOB));
      break;
    case 9:
      attentionForward(changetype<Attention>(JOB), thread);
      break;
    case 10:
      attentionBackward(changetype<Attention>(JOB), thread);
      break;
    case 11:
      columns(changetype<Columns>(JOB));
      break;
    case 12:
      logSumExp(changetype<LogSumExp>(JOB));
      break;
    case 13:
      expRows(changetype<ExpRows>(JOB));
      break;
  }
}

/** Runs the job at JOB; with `alone` no helper is called. */
export function run(alone: bool): void {
  openJob(alone);
  work(0);
  if (!alone) closeJob();
}

/** A helper's life: returns when the team is dismissed. */
export function serve(thread: i32): void {
  for (let job = awaitJob(0); job >= 0; job = awaitJob(job)) {
    work(thread);
    leave();
  }
}
