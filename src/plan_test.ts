import { expect, test } from "bun:test";
import { add, multiply, pack, sum } from "../kernels/mod.ts";
import { defineOp, input, part, reshape, state, type Tensor } from "./graph.ts";
import { leastF16, plan } from "./plan.ts";

const limits = { maxBindingBytes: 2 ** 27, maxBufferBytes: 2 ** 28 };

/** p += d in place: the smallest update there is. */
const increase = defineOp<{ p: Tensor; d: Tensor }, "y">({
  name: "increase",
  outputs: ({ p }) => ({ y: p.shape }),
  launches: () => [],
  backward: null,
  reference: ({ p, d }) => ({ y: p.map((v: number, i: number) => v + d[i]) }),
  updates: { y: "p" },
});

function chain(x: Tensor, length: number): Tensor {
  for (let i = 0; i < length; i++) x = add(x, x);
  return x;
}

test("plan() serves a chain of values of one size with two buffers", () => {
  const y = sum(chain(input("x", [1000]), 20));
  const scratch = plan([y], [], limits).buffers.filter((b) => b.kind === "scratch" && b.bytes === 4000);
  expect(scratch.length).toBe(2);
});

test("plan() never lets a node write a buffer that it reads, nor one that is read later", () => {
  const x = input("x", [64]), w = state("w", [64]);
  const a = multiply(x, w), b = add(a, w), c = multiply(a, b), d = add(chain(c, 3), a);
  const planned = plan([sum(d)], [], limits);
  const buffer = (t: Tensor) => planned.slot(t).buffer;
  planned.nodes.forEach((node, step) => {
    for (const out of Object.values(node.outputs)) {
      for (const t of Object.values(node.inputs)) expect(buffer(t)).not.toBe(buffer(out));
      for (const earlier of planned.nodes.slice(0, step)) {
        for (const t of Object.values(earlier.outputs)) {
          const readLater = planned.nodes.slice(step).some((n) => Object.values(n.inputs).includes(t));
          if (readLater) expect(buffer(t)).not.toBe(buffer(out));
        }
      }
    }
  });
});

test("plan() keeps inputs, states and outputs out of reuse", () => {
  const x = input("x", [64]), w = state("w", [64]);
  const kept = multiply(x, w);
  const planned = plan([kept, sum(chain(kept, 6))], [], limits);
  const owners = planned.buffers.filter((b) => b.kind !== "scratch").map((b) => b.kind).sort();
  expect(owners).toEqual(["inputs", "output", "output", "state"]);
  expect(planned.slot(kept).buffer.kind).toBe("output");
});

test("plan() runs an in-place update after every reader of what it overwrites", () => {
  const p = state("p", [4]), d = input("d", [4]);
  const updated = increase({ p, d }, {}).y;
  const reader = multiply(p, p); // made after the update, reads the value before it
  const planned = plan([reader], [updated], limits);
  expect(planned.nodes.map((n) => n.op.name)).toEqual(["multiply", "increase"]);
  expect(planned.slot(updated).buffer).toBe(planned.slot(p).buffer);
});

test("plan() refuses two updates of one state, and a reader that an update cannot wait for", () => {
  const p = state("p", [4]), d = input("d", [4]);
  const once = increase({ p, d }, {}).y, twice = increase({ p, d }, {}).y;
  expect(() => plan([], [once, twice], limits)).toThrow("plan: increase and increase both update p (4) in place");
  const late = multiply(once, p); // needs the new value and the old one
  expect(() => plan([late], [], limits)).toThrow("reads afterwards");
});

test("plan() chains updates of updates in one buffer", () => {
  const p = state("p", [4]), d = input("d", [4]);
  const twice = increase({ p: increase({ p, d }, {}).y, d }, {}).y;
  const planned = plan([twice], [], limits);
  expect(planned.slot(twice).buffer).toBe(planned.slot(p).buffer);
});

test("plan() gives parts of a pack their ranges of one buffer", () => {
  const pack = state("pack", [192]);
  const w = part(pack, 64, [3, 5], "w"), b = part(pack, 128, [5], "b");
  const planned = plan([add(w, b), reshape(w, [15])], [], limits);
  expect([planned.slot(w).offset, planned.slot(b).offset]).toEqual([256, 512]);
  expect(planned.slot(w).buffer).toBe(planned.slot(b).buffer);
});

test("plan() keeps what is large and allowed in f16, in half the bytes: no leaves, no outputs, nothing that goes into a pack", () => {
  const x = input("x", [64, 64]), w = state("w", [64]);
  const y = multiply(x, w), rows = sum(y, [1]), small = multiply(w, w), kept = add(y, y), gradient = multiply(y, x);
  const outputs = [kept, add(rows, small)], updates = [increase({ p: state("p", [4096]), d: pack([gradient], [0], 4096) }, {}).y];
  const planned = plan(outputs, updates, limits, leastF16), whole = plan(outputs, updates, limits);
  expect([y, reshape(y, [4096])].map(planned.f16)).toEqual([true, true]);
  expect([x, w, rows, small, kept, gradient].some(planned.f16)).toBe(false);
  expect([planned.slot(y).bytes, whole.slot(y).bytes]).toEqual([2 * 4096, 4 * 4096]);
  expect(planned.bytes).toBe(whole.bytes - 2 * 4096);
  expect(whole.f16(y)).toBe(false);
});

test("plan() names a tensor that the device cannot hold, with its size and the limit", () => {
  const x = input("x", [2 ** 26]);
  expect(() => plan([add(x, x).as("blocks.3.fc1.y")], [], limits)).toThrow(
    "x (67108864) needs 268 MB in one binding, this device allows 134 MB",
  );
  expect(() => plan([multiply(input("a", [2 ** 13, 1]), input("b", [2 ** 13])).as("blocks.3.fc1.y")], [], limits))
    .toThrow("blocks.3.fc1.y (8192, 8192) needs 268 MB in one binding, this device allows 134 MB");
});

test("plan() lets different parts of one pack be updated in any order, each after those who read it", () => {
  const pack = state("pack", [128]), a = part(pack, 0, [64], "a"), b = part(pack, 64, [64], "b"), d = input("d", [64]);
  const updates = [increase({ p: a, d }, {}).y, increase({ p: b, d: add(d, a) }, {}).y];
  expect(plan([], updates, limits).nodes.map(({ op }) => op.name)).toEqual(["add", "increase", "increase"]);
});
