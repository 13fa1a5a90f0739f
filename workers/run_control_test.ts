import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunAction } from "../src/server/engine.ts";
import { Run } from "../src/train/run.ts";
import type { SessionState } from "../src/train/session.ts";
import { inFolder, tinyRecipe } from "../src/train/testing.ts";
import { Runs } from "./run_control.ts";

/** Runs over a trainer that does what the test says. */
function open(folder: string) {
  const calls: string[] = [], ends = new Map<string, (state: SessionState | Error) => void>();
  const nameOf = (path: string) => path.split("/").at(-1)!;
  const runs = new Runs({
    folder,
    permit: () => {},
    control: (run: string, action: RunAction) => (calls.push(`${action} ${run}`), Promise.resolve()),
    train(path) {
      calls.push(`train ${nameOf(path)}`);
      return new Promise((resolve, reject) => {
        ends.set(nameOf(path), (state) => state instanceof Error ? reject(state) : (Run.open(path).mark(state as "done"), resolve(state)));
      });
    },
  });
  const state = async (id: string) => (await runs.run(id))!.state;
  /** What the worker sends, and then its answer. */
  const end = async (id: string, as: SessionState | Error) => {
    if (!(as instanceof Error)) runs.take(id, { type: "state", state: as });
    ends.get(id)!(as);
    await new Promise((go) => setTimeout(go));
  };
  return { runs, calls, state, end };
}

test("one run trains at a time, and a paused one frees its place until it is resumed", () =>
  inFolder(async (folder) => {
    const { runs, calls, state, end } = open(folder);
    const a = (await runs.startRun(tinyRecipe())).id, b = (await runs.startRun(tinyRecipe())).id;
    expect([await state(a), await state(b), calls]).toEqual(["running", "queued", [`train ${a}`]]);
    expect((await runs.controlRun(a, "pause")).state).toBe("pausing");
    expect(await state(b)).toBe("queued");
    runs.take(a, { type: "state", state: "paused" });
    expect([await state(a), await state(b)]).toEqual(["paused", "running"]);
    expect((await runs.controlRun(a, "resume")).state).toBe("queued");
    expect((await runs.controlRun(a, "pause")).state).toBe("paused");
    await runs.controlRun(a, "resume");
    await end(b, "done");
    expect([await state(a), await state(b)]).toEqual(["running", "done"]);
    await end(a, "done");
    expect(calls).toEqual([`train ${a}`, `pause ${a}`, `train ${b}`, `resume ${a}`]);
  }));

test("a run that waits is stopped or paused at once, one that is paused ends, and both go on later", () =>
  inFolder(async (folder) => {
    const { runs, calls, state, end } = open(folder);
    const a = (await runs.startRun(tinyRecipe())).id, b = (await runs.startRun(tinyRecipe())).id;
    expect((await runs.controlRun(b, "stop")).state).toBe("stopped");
    await runs.controlRun(b, "resume");
    expect((await runs.controlRun(b, "pause")).state).toBe("paused");
    runs.take(a, { type: "state", state: "paused" });
    expect((await runs.controlRun(a, "stop")).state).toBe("stopping");
    await end(a, "stopped");
    expect((await runs.controlRun(b, "resume")).state).toBe("running");
    expect((await runs.controlRun(a, "resume")).state).toBe("queued");
    await end(b, "done");
    expect([await state(a), calls.filter((call) => call.startsWith("train"))]).toEqual(["running", [
      `train ${a}`,
      `train ${b}`,
      `train ${a}`,
    ]]);
    await end(a, "done");
  }));

test("a training whose worker died has failed with its reason, tells so, and the next one begins", () =>
  inFolder(async (folder) => {
    const { runs, state, end } = open(folder);
    const a = (await runs.startRun(tinyRecipe())).id, b = (await runs.startRun(tinyRecipe())).id;
    await end(a, new Error("its worker died"));
    expect([(await runs.run(a))!.error, await state(a), await state(b)]).toEqual(["its worker died", "failed", "running"]);
    expect((await runs.events(a, -1, 0)).at(-1)).toMatchObject({ type: "state", data: { state: "failed", error: "its worker died" } });
    await end(b, "done");
  }));

test("close() stops what trains and waits for it; what waited can be resumed", () =>
  inFolder(async (folder) => {
    const { runs, calls, end } = open(folder);
    const a = (await runs.startRun(tinyRecipe())).id, b = (await runs.startRun(tinyRecipe())).id;
    let closed = false;
    const closing = runs.close().then(() => closed = true);
    await new Promise((go) => setTimeout(go));
    expect([closed, calls]).toEqual([false, [`train ${a}`, `stop ${a}`]]);
    await end(a, "stopped");
    await closing;
    const next = open(folder);
    expect([await next.state(a), await next.state(b)]).toEqual(["stopped", "stopped"]);
  }));

test("a run of a process that is gone, also of one with this one's number, is one to resume", () =>
  inFolder(async (folder) => {
    const run = Run.create(folder, tinyRecipe()), { runs, state } = open(folder);
    expect([run.state, await state(run.name)]).toEqual(["running", "stopped"]);
    writeFileSync(join(run.path, "metrics.jsonl"), '{"step":7}\n');
    expect((await runs.run(run.name))!.step).toBe(7);
    expect((await runs.controlRun(run.name, "resume")).state).toBe("running");
  }));
