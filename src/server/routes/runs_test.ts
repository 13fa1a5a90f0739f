import { expect, test } from "bun:test";
import { createApp } from "../app.ts";
import { testEngine } from "../testing.ts";

const here = { incoming: { socket: { remoteAddress: "::1" } } };

function open() {
  const engine = testEngine();
  const app = createApp({ engine, settings: { logLevel: "silent" } });
  const send = async (path: string, method = "GET", body?: unknown, headers: Record<string, string> = {}) =>
    await app.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: { ...body !== undefined && { "content-type": "application/json" }, ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
      here,
    );
  return { engine, send };
}

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
const json = (response: Response): Promise<any> => response.json();

test("a run is started once for an Idempotency-Key, also by two requests at the same time", async () => {
  const { engine, send } = open();
  const start = (body: object, key?: string) => send("/v1/runs", "POST", body, key ? { "idempotency-key": key } : {});
  const [a, b] = await Promise.all([start({ preset: "tiny" }, "k"), start({ preset: "tiny" }, "k")]);
  expect([a.status, b.status, (await json(a)).id, (await json(b)).id]).toEqual([202, 202, "run-1", "run-1"]);
  const other = await start({ preset: "small" }, "k");
  expect([other.status, (await json(other)).error.type]).toEqual([409, "conflict"]);
  expect((await json(await start({ preset: "tiny" }))).id).toBe("run-2");
  expect((await start({}, "a b")).status).toBe(400);
  engine.startRun = () => Promise.reject(new Error("no"));
  expect((await start({}, "again")).status).toBe(500);
  engine.startRun = () => Promise.resolve(engine.started.get("run-1")!);
  expect((await start({}, "again")).status).toBe(202);
});

test("runs are listed newest first, found by id, and controlled only in states that allow it", async () => {
  const { send } = open();
  await send("/v1/runs", "POST", {});
  await send("/v1/runs", "POST", {});
  expect((await json(await send("/v1/runs"))).data.map(({ id }: { id: string }) => id)).toEqual(["run-2", "run-1"]);
  expect((await json(await send("/v1/runs/run-1"))).state).toBe("running");
  const paused = await send("/v1/runs/run-1/pause", "POST");
  expect([paused.status, (await json(paused)).state]).toEqual([202, "pausing"]);
  const again = await send("/v1/runs/run-1/pause", "POST");
  expect([again.status, (await json(again)).error.message]).toEqual([
    409,
    "run run-1: it is pausing; pause is for runs that are queued, running",
  ]);
  expect((await send("/v1/runs/run-9/stop", "POST")).status).toBe(404);
  expect((await send("/v1/runs/.hidden")).status).toBe(400);
});

test("metrics come after a step, checkpoints and pictures by name", async () => {
  const { send } = open();
  await send("/v1/runs", "POST", {});
  const steps = async (query: string) =>
    (await json(await send(`/v1/runs/run-1/metrics${query}`))).data.map(({ step }: { step: number }) => step);
  expect([await steps(""), await steps("?after=0"), await steps("?after=0&limit=1")]).toEqual([[0, 5, 10], [5, 10], [5]]);
  expect((await send("/v1/runs/run-1/metrics?since=1")).status).toBe(400);
  expect((await json(await send("/v1/runs/run-1/checkpoints"))).data).toEqual([{ name: "step-5", bytes: 12, step: 5 }]);
  const picture = await send("/v1/runs/run-1/images/masks-5.png");
  expect([picture.headers.get("content-type"), (await picture.arrayBuffer()).byteLength]).toEqual(["image/png", 4]);
  expect((await send("/v1/runs/run-1/images/none.png")).status).toBe(404);
  expect((await send("/v1/runs/run-1/images/..")).status).toBeGreaterThanOrEqual(400);
});

test("events are streamed with their ids, go on after Last-Event-ID, and end with the run", async () => {
  const { engine, send } = open();
  await send("/v1/runs", "POST", {});
  engine.recorded.push({ id: 1, type: "metrics", data: { step: 0 } }, { id: 2, type: "checkpoint", data: { step: 5 } });
  engine.started.get("run-1")!.state = "done";
  const all = await (await send("/v1/runs/run-1/events")).text();
  expect(all).toContain('event: metrics\ndata: {"step":0}\nid: 1');
  expect(all).toMatch(/id: 2\n\nevent: end\n/);
  const rest = await (await send("/v1/runs/run-1/events", "GET", undefined, { "last-event-id": "1" })).text();
  expect(rest).not.toContain("id: 1\n");
  expect(rest).toContain("id: 2");
  expect((await send("/v1/runs/run-1/events", "GET", undefined, { "last-event-id": "x" })).status).toBe(400);
});

test("a stream of a run at work sends a sign of life and then what happens", async () => {
  const { engine, send } = open();
  await send("/v1/runs", "POST", {});
  let asked = 0;
  engine.events = (_, after) =>
    Promise.resolve(
      ++asked < 3 ? [] : after < 1 ? [{ id: 1, type: "metrics", data: {} }] : (engine.started.get("run-1")!.state = "stopped", []),
    );
  const text = await (await send("/v1/runs/run-1/events")).text();
  expect(text).toMatch(/^: alive\n\n: alive\n\nevent: metrics/);
});
