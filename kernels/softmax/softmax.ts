// Softmax and log-softmax along any axis: the same two kernels, two chunks.

import { type CpuKernels, type CpuTensor, defineOp, type Numbers, reshape, type Tensor } from "../../src/graph.ts";
import { around, axisOf } from "../axis.ts";
import { overLines } from "../lines.ts";
import { logSoftmaxBackwardCpu, logSoftmaxCpu, softmaxBackwardCpu } from "./cpu.ts";
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import logSoftmaxWgsl from "./log_softmax.wgsl" with { type: "text" };
import softmaxWgsl from "./softmax.wgsl" with { type: "text" };

/**
 * exp(x) over its sum along `axis` (the last if absent); safe for values of any size. (…) → (…).
 *
 * ```ts
 * import { constant, interpret, softmax } from "../../mod.ts";
 * const [y] = interpret([softmax(constant("x", [1, 2], [0, 0]))]);
 * console.assert(y.join() === "0.5,0.5");
 * ```
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return along(softmaxOp, "softmax", x, axis);
}

/**
 * Logarithm of the softmax along `axis` (the last if absent), without forming the softmax. (…) → (…).
 *
 * ```ts
 * import { constant, exp, interpret, logSoftmax } from "../../mod.ts";
 * const [y] = interpret([exp(logSoftmax(constant("x", [1, 4], [7, 7, 7, 7])))]);
 * console.assert(y.join() === "0.25,0.25,0.25,0.25");
 * ```
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return along(logSoftmaxOp, "logSoftmax", x, axis);
}

function along(op: ReturnType<typeof normalised>, name: string, x: Tensor, axis: number): Tensor {
  return reshape(op({ x: reshape(x, around(x.shape, axisOf(name, x, axis))) }, {}).y, x.shape);
}

/** What the reference of an op computes for one line of values. */
type Line = (values: number[], dy: number[]) => number[];

/** The CPU device's versions. */
interface Cpu {
  forward(data: Record<"x" | "y", CpuTensor>, kernels: CpuKernels): void;
  backward(data: Record<"y" | "dy" | "dx", CpuTensor>, kernels: CpuKernels): void;
}

function normalised(name: string, chunk: string, line: Line, gradient: Line, cpu: Cpu) {
  const backward = defineOp<{ y: Tensor; dy: Tensor }, "dx">({
    name: `${name}_backward`,
    f16: ["dx"],
    outputs: ({ y }) => ({ dx: y.shape }),
    launches: ({ y }, _, context) => overLines(`${name}/backward`, y, chunk + backwardWgsl, context),
    backward: null,
    reference: ({ y, dy }, tensors) => ({ dx: perLine(tensors.y, gradient, y, dy) }),
    cpu: (data, _, kernels) => cpu.backward(data, kernels),
  });
  return defineOp<{ x: Tensor }, "y">({
    name,
    f16: name === "softmax" ? ["y"] : [], // a logarithm's digits matter
    outputs: ({ x }) => ({ y: x.shape }),
    launches: ({ x }, _, context) => overLines(`${name}/forward`, x, chunk + forwardWgsl, context),
    backward: ({ y }, { dy }) => ({ x: backward({ y, dy: dy! }, {}).dx }),
    reference: ({ x }, tensors) => ({ y: perLine(tensors.x, line, x) }),
    cpu: (data, _, kernels) => cpu.forward(data, kernels),
  });
}

function perLine({ shape: [K, S, C] }: Tensor, line: Line, a: Numbers, b: Numbers = a): Float64Array {
  const out = new Float64Array(K * S * C);
  for (let k = 0; k < K; k++) {
    for (let c = 0; c < C; c++) {
      const places = Array.from({ length: S }, (_, s) => (k * S + s) * C + c);
      line(places.map((i) => a[i]), places.map((i) => b[i])).forEach((v, s) => out[places[s]] = v);
    }
  }
  return out;
}

const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
const exponentials = (x: number[]) => {
  const m = Math.max(...x);
  return x.map((v) => Math.exp(v - m));
};

const softmaxOp = normalised("softmax", softmaxWgsl, (x) => {
  const e = exponentials(x), sum = total(e);
  return e.map((v) => v / sum);
}, (y, dy) => {
  const inner = total(y.map((v, i) => v * dy[i]));
  return y.map((v, i) => v * (dy[i] - inner));
}, {
  forward({ x: { pointer: x, shape: [K, S, C] }, y: { pointer: y } }, kernels) {
    if (C === 1) kernels.softmax({ x, y, R: K, C: S });
    else kernels.columnSoftmax({ x, y, B: K, K: S, S: C });
  },
  backward: softmaxBackwardCpu,
});

const logSoftmaxOp = normalised("log_softmax", logSoftmaxWgsl, (x) => {
  const m = Math.max(...x), lse = Math.log(total(exponentials(x)));
  return x.map((v) => v - m - lse);
}, (y, dy) => {
  const sum = total(dy);
  return y.map((v, i) => dy[i] - Math.exp(v) * sum);
}, { forward: logSoftmaxCpu, backward: logSoftmaxBackwardCpu });
