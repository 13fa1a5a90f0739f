import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { BodyBudget, readBody } from "./body.ts";

const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);
const request = (body: BodyInit, headers: Record<string, string> = {}) =>
  new Request("http://localhost/", { method: "POST", body, headers, duplex: "half" } as RequestInit);

/** A body in parts without a stated length. */
const parts = (count: number, size: number, end = true) => {
  let left = count;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(size));
      else if (end) controller.close();
      else return new Promise(() => {});
    },
  });
};

test("readBody() reads within the limit, stated or not, and gives the budget back", async () => {
  const budget = new BodyBudget(100), limits = { maxBody: 80, timeout: 10_000 };
  const one = await readBody(request(new Uint8Array(40), { "content-length": "40" }), limits, budget);
  const two = await readBody(request(parts(4, 10)), limits, budget);
  expect([one.bytes.length, two.bytes.length, budget.open]).toEqual([40, 40, 80]);
  one.release();
  two.release();
  expect(budget.open).toBe(0);
});

test("readBody() refuses what is too long by its length before reading, or as soon as it grows too long", async () => {
  const budget = new BodyBudget(1000), limits = { maxBody: 80, timeout: 10_000 };
  expect((await failure(readBody(request("x", { "content-length": "81" }), limits, budget))).message).toMatch(/81 bytes, the limit is 80/);
  expect((await failure(readBody(request(parts(1e9, 30)), limits, budget))).message).toMatch(/90 bytes, the limit is 80/);
  expect(budget.open).toBe(0);
});

test("readBody() refuses with 429's error when all open bodies together are too many", async () => {
  const budget = new BodyBudget(100), limits = { maxBody: 80, timeout: 10_000 };
  const { release } = await readBody(request(parts(6, 10)), limits, budget);
  expect((await failure(readBody(request(parts(5, 10)), limits, budget))).name).toBe("FullError");
  expect(budget.open).toBe(60);
  release();
  expect((await readBody(request(parts(5, 10)), limits, budget)).bytes.length).toBe(50);
});

test("readBody() gives up on a body that does not end", async () => {
  const budget = new BodyBudget(100);
  expect((await failure(readBody(request(parts(1, 10, false)), { maxBody: 80, timeout: 50 }, budget))).name).toBe("SlowBodyError");
  expect(budget.open).toBe(0);
});

test("readBody() reads Node's stream with the same limits, and notices a sender that leaves", async () => {
  const budget = new BodyBudget(100), limits = { maxBody: 80, timeout: 10_000 }, none = new Request("http://localhost/");
  const node = (...sizes: number[]) => Readable.from(sizes.map((size) => new Uint8Array(size).fill(size)), { objectMode: false });
  const whole = await readBody(none, limits, budget, node(10, 30));
  expect([whole.bytes.length, whole.bytes[9], whole.bytes[10], budget.open]).toEqual([40, 10, 30, 40]);
  expect((await failure(readBody(none, limits, budget, node(30, 30, 30)))).message).toMatch(/90 bytes, the limit is 80/);
  expect((await failure(readBody(none, limits, budget, node(35, 35)))).name).toBe("FullError");
  whole.release();
  const open = () => new Readable({ read() {} });
  expect((await failure(readBody(none, { ...limits, timeout: 50 }, budget, open()))).name).toBe("SlowBodyError");
  const leaving = open();
  setTimeout(() => (leaving.push(new Uint8Array(5)), leaving.destroy()));
  expect((await failure(readBody(none, limits, budget, leaving))).message).toMatch(/the sender left before its end/);
  expect(budget.open).toBe(0);
});
