import { expect, test } from "bun:test";
import { Batcher, type BatcherOptions, batchSize } from "./batcher.ts";

const sizes = [1, 4, 16, 64];

/** A batcher whose batches end when the test says so. */
function held(options: Partial<BatcherOptions<number, number>> = {}) {
  const started: { key: string; items: number[]; end: (error?: Error) => void }[] = [];
  let seen = () => {};
  const batcher = new Batcher<number, number>({
    window: 0,
    sizes,
    run: (key, items) =>
      new Promise((resolve, reject) => {
        started.push({ key, items, end: (error) => error ? reject(error) : resolve(items.map((item) => 10 * item)) });
        seen();
      }),
    ...options,
  });
  const batches = async (count: number) => {
    while (started.length < count) await new Promise<void>((resolve) => seen = resolve);
    return started;
  };
  return { batcher, started, batches };
}

test("batchSize() takes what goes through the program that does most items in its time", () => {
  const wanted = [[1, 1], [2, 2], [3, 3], [4, 4], [5, 4], [7, 4], [11, 4], [12, 12], [16, 16], [17, 16], [47, 16], [48, 48], [500, 64]];
  for (const [waiting, size] of wanted) expect(batchSize(waiting, sizes, [1, 2, 6, 18]), `${waiting} waiting`).toBe(size);
  for (const [waiting, size] of [[3, 1], [15, 4], [17, 16], [63, 16]]) expect(batchSize(waiting, sizes, sizes)).toBe(size);
});

test("the first item starts at once where nobody else is on the way, and waits for company where somebody is", async () => {
  let comesMore = false;
  const { batcher, batches } = held({ window: 1e6, comesMore: () => comesMore });
  void batcher.submit("a", 1);
  const [first] = await batches(1);
  first.end();
  await new Promise((go) => setTimeout(go));
  comesMore = true;
  void batcher.submit("a", 2);
  expect(batcher.waiting).toBe(1);
  comesMore = false;
  void batcher.submit("a", 3);
  expect((await batches(2))[1].items).toEqual([2, 3]);
});

test("items that wait while a batch runs go together in the next, and each gets its own result", async () => {
  const { batcher, batches } = held();
  const first = batcher.submit("a", 1);
  const [one] = await batches(1);
  const rest = [2, 3, 4, 5].map((item) => batcher.submit("a", item));
  one.end();
  const [, two] = await batches(2);
  two.end();
  expect([one.items, two.items]).toEqual([[1], [2, 3, 4, 5]]);
  expect(await Promise.all([first, ...rest])).toEqual([10, 20, 30, 40, 50]);
});

test("a batch holds one key only, oldest first", async () => {
  const { batcher, batches } = held();
  const all = [["a", 1], ["b", 2], ["a", 3]].map(([key, item]) => batcher.submit(key as string, item as number));
  const [one] = await batches(1);
  one.end();
  const [, two] = await batches(2);
  two.end();
  await Promise.all(all);
  expect([one.key, one.items, two.key, two.items]).toEqual(["a", [1, 3], "b", [2]]);
});

test("a full batch starts without waiting for the window", async () => {
  const { batcher, batches } = held({ window: 1e9 });
  const all = Array.from({ length: 64 }, (_, item) => batcher.submit("a", item));
  const [one] = await batches(1);
  one.end();
  expect((await Promise.all(all)).length).toBe(64);
});

test("whoever leaves before the batch starts is dropped, the others stay", async () => {
  const { batcher, batches } = held(), gone = new AbortController();
  const first = batcher.submit("a", 1);
  const [one] = await batches(1);
  const leaving = batcher.submit("a", 2, gone.signal).catch((error) => error.message), staying = batcher.submit("a", 3);
  gone.abort(new Error("left"));
  expect(batcher.waiting).toBe(1);
  one.end();
  const [, two] = await batches(2);
  two.end();
  expect([await first, await leaving, await staying, two.items]).toEqual([10, "left", 30, [3]]);
  expect(await batcher.submit("a", 4, gone.signal).catch((error) => error.message)).toBe("left");
});

test("one poisoned item fails alone, whether the batch throws or answers with an Error", async () => {
  const thrower = new Batcher<number, number>({
    window: 0,
    sizes,
    run: (_, items) => items.includes(2) ? Promise.reject(new Error("poison")) : Promise.resolve(items),
  });
  const answerer = new Batcher<number, number>({
    window: 0,
    sizes,
    run: (_, items) => Promise.resolve(items.map((item) => item === 2 ? new Error("poison") : item)),
  });
  for (const batcher of [thrower, answerer]) {
    const outcomes = await Promise.allSettled([1, 2, 3].map((item) => batcher.submit("a", item)));
    expect(outcomes.map((outcome) => outcome.status === "fulfilled" ? outcome.value : outcome.reason.message)).toEqual([1, "poison", 3]);
  }
});

test("a final error is not tried again", async () => {
  let runs = 0;
  const batcher = new Batcher<number, number>({
    window: 0,
    sizes,
    run: () => (runs++, Promise.reject(new Error("lost"))),
    isFinal: () => true,
  });
  const outcomes = await Promise.allSettled([1, 2].map((item) => batcher.submit("a", item)));
  expect([runs, ...outcomes.map(({ status }) => status)]).toEqual([1, "rejected", "rejected"]);
});

test("beside a batch at work only a full one starts", async () => {
  const { batcher, batches, started } = held({ parallel: 2 });
  const first = batcher.submit("a", 1);
  await batches(1);
  const some = Array.from({ length: 63 }, (_, item) => batcher.submit("a", item));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(started.length).toBe(1);
  const last = batcher.submit("a", 63);
  const [one, two] = await batches(2);
  expect(two.items.length).toBe(64);
  one.end();
  two.end();
  expect((await Promise.all([first, ...some, last])).length).toBe(65);
});
