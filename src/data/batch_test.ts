import { expect, test } from "bun:test";
import { DataError } from "../errors.ts";
import { fineTuning, pretraining } from "./augment.ts";
import { evaluationView } from "./augment/evaluation.ts";
import { type BatchRecipe, buffersOf, makeBatch } from "./batch.ts";
import { type DataSet, openDataSet } from "./datasets/mod.ts";
import { sharedData } from "./datasets/testing.ts";
import type { BatchPlan } from "./order.ts";

const plan = (...indices: number[]): BatchPlan => ({
  seed: 3,
  epoch: 1,
  indices: Int32Array.from(indices),
  next: { seed: 3, epoch: 2, position: 0 },
});
const small = { views: [{ size: 24, filter: "bicubic" }, { size: 12, filter: "lanczos" }] } as const;
const augmented = (settings: typeof pretraining): BatchRecipe => ({ preparation: { kind: "augment", settings }, onError: "skip" });

test("makeBatch() gives a sample the same pixels in any place of any batch, and other ones in another epoch", async () => {
  const set = await openDataSet({ kind: "mosaics", size: 32 }), recipe = augmented({ ...pretraining, ...small });
  const first = await makeBatch(set, recipe, plan(5, 9, -1)), second = await makeBatch(set, recipe, plan(9));
  const later = await makeBatch(set, recipe, { ...plan(9), epoch: 2 });
  for (const [v, size] of [24, 12].entries()) {
    const length = size * size * 3, row = first.views[v].pixels.subarray(length, 2 * length);
    expect(first.views[v].pixels.length).toBe(3 * length);
    expect(row).toEqual(second.views[v].pixels);
    expect(row).not.toEqual(later.views[v].pixels);
    expect(first.views[v].pixels.subarray(2 * length).every((value) => value === 0)).toBe(true);
  }
  expect([[...first.labels], [...first.weights]]).toEqual([[5, 9, -1], [1, 1, 0]]);
  expect([first.names[0], first.names[2]]).toEqual(["mosaics/train/cube/5", ""]);
  expect(first.erase).toBeUndefined();
});

test("makeBatch() gives the boxes of random erasing, inside the first view", async () => {
  const set = await openDataSet({ kind: "mosaics", size: 32 });
  const { erase } = await makeBatch(set, augmented({ ...fineTuning, views: [small.views[0]] }), plan(...Array(40).keys(), -1));
  const boxes = Array.from({ length: 41 }, (_, i) => erase!.subarray(4 * i, 4 * i + 4));
  expect(boxes.filter(([, , width]) => width > 0).length).toBeGreaterThan(2);
  expect(boxes.every(([left, top, width, height]) => left + width <= 24 && top + height <= 24)).toBe(true);
  expect([...boxes[40]]).toEqual([0, 0, 0, 0]);
});

test("makeBatch() gives the evaluation view without chance", async () => {
  const set = await openDataSet({ kind: "mosaics", size: 40 });
  const { views } = await makeBatch(set, { preparation: { kind: "evaluate", size: 16 }, onError: "fail" }, plan(7));
  expect(views).toEqual([{ size: 16, pixels: evaluationView((await set.read(7)).picture!, 16).pixels as Uint8Array<ArrayBuffer> }]);
});

test("makeBatch() skips what is bad in the data and nothing else", async () => {
  const failing = (error: Error): DataSet => ({ name: "set", length: 1, read: () => Promise.reject(error) });
  const recipe: BatchRecipe = { preparation: { kind: "evaluate", size: 4 }, onError: "skip" };
  expect((await makeBatch(failing(new DataError("x.jpg: is gone; look")), recipe, plan(8))).skipped).toEqual([
    { index: 8, reason: "x.jpg: is gone; look" },
  ]);
  await expect(makeBatch(failing(new TypeError("a fault of the program")), recipe, plan(0))).rejects.toThrow(TypeError);
  await expect(makeBatch(failing(new DataError("x")), { ...recipe, onError: "fail" }, plan(0))).rejects.toThrow(DataError);
});

test("makeBatch() names the damaged member of a shard, or skips it alone", async () => {
  const path = sharedData("corrupt/containers/err_one_bad_member.tar");
  if (!path) return;
  const set = await openDataSet({ kind: "webdataset", path }),
    recipe: BatchRecipe = { preparation: { kind: "evaluate", size: 8 }, onError: "skip" };
  const batch = await makeBatch(set, recipe, plan(0, 1));
  expect([[...batch.weights], batch.skipped.length]).toEqual([[1, 0], 1]);
  await expect(makeBatch(set, { ...recipe, onError: "fail" }, plan(0, 1))).rejects.toThrow(/err_one_bad_member.tar\/001: /);
});

test("buffersOf() lists every array of a batch", async () => {
  const set = await openDataSet({ kind: "mosaics", size: 32 });
  const batch = await makeBatch(set, augmented({ ...fineTuning, ...small }), plan(1, 2));
  structuredClone(batch, { transfer: buffersOf(batch) });
  expect([...batch.views.map(({ pixels }) => pixels), batch.labels, batch.weights, batch.erase!].map(({ length }) => length)).toEqual([
    0,
    0,
    0,
    0,
    0,
  ]);
});
