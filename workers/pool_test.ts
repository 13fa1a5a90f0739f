import { afterEach, describe, expect, test } from "bun:test";
import { DataError } from "../src/errors.ts";
import { Pool, type PoolOptions, WorkerError } from "./pool.ts";
import type { Testing } from "./testing.ts";

const spawn = () => new Worker(new URL("./testing.ts", import.meta.url), { type: "module" });
const open: Pool<Testing>[] = [];

function pool(options: Partial<PoolOptions<Testing>> = {}): Pool<Testing> {
  open.push(new Pool<Testing>({ name: "test workers", size: 1, spawn, setup: (api) => api.open("ok"), deadline: 20_000, ...options }));
  return open.at(-1)!;
}

/** What a promise fails with. Not `expect(...).rejects`: in Bun that runs the event loop itself and misses a worker's answer. */
const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

/** Shared with a worker that dies at the first try. */
const flag = () => new Int32Array(new SharedArrayBuffer(4));

afterEach(() => Promise.all(open.splice(0).map((p) => p.close())).then(() => {}));

describe("Pool.run()", () => {
  test("gives results by call on two workers, and typed arrays by transfer", async () => {
    const two = pool({ size: 2 });
    expect(await Promise.all([1, 2, 3, 4, 5].map((x) => two.run((api) => api.double(x))))).toEqual([2, 4, 6, 8, 10]);
    expect(await two.run((api) => api.buffer(3))).toEqual(Uint8Array.of(7, 7, 7));
    expect(two.replaced).toBe(0);
  });

  test("starts the oldest call first and keeps a worker for the next", async () => {
    const one = pool(), order: number[] = [];
    await Promise.all([1, 2, 3].map((i) => one.run((api) => api.count()).then((count) => order.push(10 * i + count))));
    expect(order).toEqual([11, 22, 33]);
  });

  test("gives an error of the call its class back, and does not replace the worker", async () => {
    const one = pool();
    await one.run((api) => api.count());
    const error = await failure(one.run((api) => api.refuse()));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe("cat.jpg: is no picture; remove it");
    expect([await one.run((api) => api.count()), one.replaced]).toEqual([2, 0]);
  });

  for (const cause of ["uncaught", "rejection", "exit", "memory", "trap", "hang"] as const) {
    test(`makes a call again on a new worker when the first one dies: ${cause}`, async () => {
      const seen = flag(), one = pool({ deadline: cause === "hang" || cause === "exit" ? 1000 : 20_000 });
      const later = one.run((api) => api.dieOnce(seen, cause)), next = one.run((api) => api.count());
      expect([await later, await next, one.replaced]).toEqual(["alive", 1, 1]);
    });
  }

  test("gives up after as many deaths as allowed, with the reasons, and serves the next call", async () => {
    const one = pool({ tries: 2 });
    expect(await failure(one.run((api) => api.dieOf("uncaught")))).toBeInstanceOf(WorkerError);
    const { message } = await failure(one.run((api) => api.dieOf("memory")));
    expect(message).toMatch(/^test workers: 2 workers died over one call \(failed with RangeError: .*\); look at what/);
    expect([await one.run((api) => api.double(4)), one.replaced]).toEqual([8, 4]);
  });

  test("counts the workers that did not answer in time", async () => {
    const one = pool({ tries: 1 });
    expect((await failure(one.run((api) => api.sleep(60_000), { deadline: 200 }))).message).toMatch(/did not answer within 0.2 s/);
    expect([one.replaced, one.hung]).toEqual([1, 1]);
  });
});

const collect = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun?.gc;

test.skipIf(!collect)("a result that nobody keeps is not kept by the pool (seen in Bun, whose collector can be called)", async () => {
  const one = pool(), results: WeakRef<Uint8Array>[] = [];
  for (let i = 0; i < 20; i++) results.push(new WeakRef(await one.run((api) => api.buffer(1 << 20))));
  await one.run((api) => api.sleep(10));
  collect!(true);
  // The collector takes what it sees on the stack for references, so that a few may survive.
  expect(results.filter((result) => result.deref()).length).toBeLessThan(5);
});

describe("a set-up", () => {
  test("that fails is the error of the call", async () => {
    const one = pool({ setup: (api) => api.open("refuse") });
    for (let i = 0; i < 2; i++) {
      const error = await failure(one.run((api) => api.double(1)));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch("set: is not there");
    }
  });

  test("that dies or hangs is tried again and then given up", async () => {
    const dying = pool({ setup: (api) => api.open("die"), tries: 2 });
    expect((await failure(dying.run((api) => api.double(1)))).message).toMatch(/2 workers died over one call/);
    const hanging = pool({ setup: (api) => api.open("hang"), setupDeadline: 300, tries: 1 });
    expect((await failure(hanging.run((api) => api.double(1)))).message).toMatch(/was not ready within 0.3 s/);
  });

  test("runs again on a worker that replaces another", async () => {
    let setups = 0;
    const one = pool({ setup: (api) => (setups++, api.open("ok")) });
    const seen = flag();
    await one.run((api) => api.dieOnce(seen, "uncaught"));
    expect(setups).toBe(2);
  });

  test("that cannot load the worker's module fails the call", async () => {
    const none = pool({ spawn: () => new Worker(new URL("./none.ts", import.meta.url), { type: "module" }), tries: 1 });
    expect(await failure(none.run((api) => api.double(1)))).toBeInstanceOf(WorkerError);
  });
});

describe("a signal", () => {
  test("takes a waiting call out and lets a running one finish unheard", async () => {
    const one = pool(), stop = new AbortController();
    const running = one.run((api) => api.sleep(300), { signal: stop.signal }),
      waiting = one.run((api) => api.count(), { signal: stop.signal });
    const other = one.run((api) => api.count());
    setTimeout(() => stop.abort(new Error("enough")), 100);
    const results = await Promise.allSettled([running, waiting, other]);
    expect(results.map((r) => r.status === "fulfilled" ? r.value : r.reason.message)).toEqual(["enough", "enough", 1]);
    expect((await failure(one.run((api) => api.count(), { signal: stop.signal }))).message).toBe("enough");
    expect([await one.run((api) => api.count()), one.replaced]).toEqual([2, 0]);
  });
});

describe("Pool.close()", () => {
  test("fails open and later calls, at once, also while workers start or compute", async () => {
    const two = pool({ size: 2 });
    const calls = [two.run((api) => api.sleep(60_000)), two.run((api) => api.sleep(60_000)), two.run((api) => api.double(1))];
    const outcomes = Promise.allSettled(calls);
    await two.close();
    for (const outcome of await outcomes) expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(WorkerError);
    expect((await failure(two.run((api) => api.double(1)))).message).toMatch(/^test workers: the workers were closed/);
    await two.close();
  });
});
