import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import * as fs from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CheckpointError, RecipeError } from "../errors.ts";
import { Run } from "./run.ts";
import { Session, type SessionEvent } from "./session.ts";
import { cpu, essence, inFolder, tinyRecipe, toEnd } from "./testing.ts";

const undisturbed = (folder: string) => toEnd({ run: Run.create(folder, tinyRecipe(), "undisturbed") }).then(({ run }) => essence(run));

describe("a session", () => {
  test("trains to the end, tells its events in order and leaves a run that says so", async () => {
    await inFolder(async (folder) => {
      const session = new Session({ run: Run.create(folder, tinyRecipe()), device: cpu, workers: 0 }), events: SessionEvent[] = [];
      for await (const event of session) events.push(event);
      expect(session.error).toBeUndefined();
      expect(events.filter((e) => e.type === "state").map((e) => e.state)).toEqual(["running", "done"]);
      const lines = events.flatMap((e) => e.type === "metrics" ? [e.line] : []);
      expect(lines).toEqual(session.run.metrics());
      expect(lines.map(({ jobStep }) => jobStep)).toEqual([3, 6, 9, 12, 14, 14]);
      expect(Object.keys(lines.at(-1)!.measured!)).toEqual(["loss", "accuracy", "chance"]);
      expect(Object.keys(lines[0].train!)).toEqual(["loss", "gradNorm"]);
      const { planned, resident } = lines[0].memory!;
      expect([planned > 1e5, resident > planned]).toEqual([true, true]); // the CPU device's buffers are the process's
      expect([session.run.state, session.run.steps]).toEqual(["done", lines.at(-1)!.step]);
      expect(session.run.checkpoints().map(({ jobStep, finished }) => `${jobStep} ${finished}`)).toEqual(
        ["8 false", "12 false", "14 true"].slice(1),
      );
    });
  });

  test("has the same bits with data workers, after pauses, stops and resumes at any step", async () => {
    await inFolder(async (folder) => {
      const wanted = await undisturbed(folder);
      expect(Object.keys(wanted.tensors).length).toBeGreaterThan(50);
      expect(essence((await toEnd({ run: Run.create(folder, tinyRecipe(), "workers"), workers: 1 })).run)).toEqual(wanted);

      const run = Run.create(folder, tinyRecipe(), "paused");
      const paused = new Session({ run, device: cpu, workers: 0 });
      let pauses = 0;
      paused.listen((event) => {
        if (event.type === "metrics" && pauses < 3) pauses++ % 2 ? void paused.checkpoint() : paused.pause();
        if (event.type === "state" && event.state === "paused") setTimeout(() => paused.resume());
      });
      expect([await paused.done, pauses]).toEqual(["done", 3]);
      expect(essence(run)).toEqual(wanted);

      const stopping = Run.create(folder, tinyRecipe(), "stopped");
      for (let stops = 0; stops < 3; stops++) {
        const session = new Session({ run: stopping, device: cpu, workers: 0 });
        session.listen((event) => event.type === "metrics" && session.stop());
        expect(await session.done).toBe("stopped");
        expect(stopping.state).toBe("stopped");
      }
      expect(essence((await toEnd({ run: Run.open(stopping.path) })).run)).toEqual(wanted);
    });
  });

  test("stops during a pause, and a session that has ended takes no more wishes", async () => {
    await inFolder(async (folder) => {
      const session = new Session({ run: Run.create(folder, tinyRecipe()), device: cpu, workers: 0 });
      session.listen((event) => {
        if (event.type === "metrics") session.pause();
        if (event.type === "state" && event.state === "paused") setTimeout(() => session.stop());
      });
      expect(await session.done).toBe("stopped");
      session.resume();
      session.pause();
      expect([session.state, await session.checkpoint()]).toEqual(["stopped", undefined]);
    });
  });

  test("goes on bit for bit after SIGKILL at any moment", async () => {
    await inFolder(async (folder) => {
      const long = tinyRecipe({ finetune: { steps: 80 } }), run = Run.create(folder, long, "killed");
      const wanted = essence((await toEnd({ run: Run.create(folder, long, "undisturbed") })).run);
      const program = fileURLToPath(new URL("./testing.ts", import.meta.url));
      const args = "Deno" in globalThis ? ["run", "-A", "--quiet", program, run.path] : [program, run.path];
      for (const after of [1, 4, 2, 7]) {
        const signal = await new Promise((ended) => {
          const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
          let lines = 0;
          child.stdout.on("data", (text: Uint8Array) => {
            lines += String(text).split("\n").length - 1;
            if (lines >= after) child.kill("SIGKILL");
          });
          child.on("close", (_, signal) => ended(signal));
        });
        expect(signal).toBe("SIGKILL");
        expect(run.state).toBe("interrupted");
      }
      appendFileSync(run.metricsPath, '{"step":99,"torn'); // what a crash of the machine may leave
      expect(essence((await toEnd({ run: Run.open(run.path) })).run)).toEqual(wanted);
      expect(readdirSync(run.checkpointFolder).filter((name) => name.startsWith("."))).toEqual([]);
    });
  });

  test("ends when the loss is no number, names the pictures, and leaves the last checkpoint as it was", async () => {
    await inFolder(async (folder) => {
      const run = Run.create(
        folder,
        tinyRecipe({ checkpoints: { every: 1 }, finetune: { lr: 1e30, minLr: 1, clip: null, warmupSteps: 4 } }),
      );
      const session = new Session({ run, device: cpu, workers: 0 });
      expect(await session.done).toBe("failed");
      expect(session.error!.message).toMatch(/^train: the loss is NaN near step \d+, learning rate .*; lower the rate/);
      expect([run.state, run.error]).toEqual(["failed", session.error!.message]);
      const lost = JSON.parse(readFileSync(`${run.path}/lost.json`, "utf8"));
      expect(lost.batches.length).toBe(6); // three updates since the last line of the record, in two parts each
      expect(lost.batches[0].names[0]).toMatch(/^mosaics\/train\//);
      for (const { path } of run.checkpoints()) {
        const values = Object.values(essenceOf(path));
        expect(values.every((v) => v.every(Number.isFinite)), path).toBe(true);
      }
    });
  });

  const full = {
    open: () => Promise.reject(new Error("ENOSPC: no space left on device")),
    rename: fs.rename,
    rm: fs.rm,
  } as unknown as typeof fs;

  test("stops on a full disk, or goes on and says so, as the recipe has it; older checkpoints are intact", async () => {
    await inFolder(async (folder) => {
      for (const onFailure of ["stop", "continue"] as const) {
        const run = Run.create(folder, tinyRecipe({ checkpoints: { onFailure, every: 4 } }), onFailure);
        let saves = 0;
        const flaky = { ...fs, open: (...args: Parameters<typeof fs.open>) => saves === 1 ? full.open(...args) : fs.open(...args) };
        const session = new Session({ run, device: cpu, workers: 0, fs: flaky as typeof fs }), notes: string[] = [];
        session.listen((event) => {
          if (event.type === "checkpoint") saves++;
          if (event.type !== "note") return;
          notes.push(event.message);
          if (event.message.includes("ENOSPC")) saves++;
        });
        expect(await session.done).toBe(onFailure === "stop" ? "failed" : "done");
        if (onFailure === "stop") {
          expect(session.error).toBeInstanceOf(CheckpointError);
          expect(run.checkpoints().map(({ jobStep }) => jobStep)).toEqual([4]);
        } else {
          expect(notes.filter((note) => /0000008.*ENOSPC.*going on without this checkpoint/.test(note))).toHaveLength(1);
          expect(run.checkpoints().map(({ jobStep }) => jobStep)).toEqual([12, 14]);
        }
      }
    });
  });

  test("fails with the reason where data or stage cannot be had", async () => {
    await inFolder(async (folder) => {
      const missing = tinyRecipe({ data: { train: { kind: "folder", path: `${folder}/none` } } });
      const session = new Session({ run: Run.create(folder, missing), device: cpu, workers: 0 });
      expect(await session.done).toBe("failed");
      expect(session.error!.message).toContain(`${folder}/none`);
    });
  });
});

function essenceOf(path: string): Record<string, Float32Array> {
  const bytes = readFileSync(`${path}/model.safetensors`),
    length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return { all: new Float32Array(bytes.buffer.slice(bytes.byteOffset + 8 + length)) };
}

describe("a run", () => {
  test("is refused with another recipe, naming each value that differs; another stage of the same recipe is taken", async () => {
    await inFolder((folder) => {
      const { path } = Run.create(folder, tinyRecipe());
      expect(() => Run.open(path, tinyRecipe({ seed: 5, finetune: { lr: 0.5 } }))).toThrow(
        /was made with another recipe \(seed: 5 here, 0 there; finetune\.lr: 0\.5 here, 0\.002 there\)/,
      );
      expect(Run.open(path, tinyRecipe({ stage: "pretrain" })).recipe.stage).toBe("pretrain");
      expect(() => Run.open(folder)).toThrow(RecipeError);
      return Promise.resolve();
    });
  });

  test("has a name of its own, which cannot leave its folder", async () => {
    await inFolder((folder) => {
      const names = [1, 2, 3].map(() => Run.create(folder, tinyRecipe()).name);
      expect(new Set(names).size).toBe(3);
      for (const name of ["../x", "", ".x", names[0]]) expect(() => Run.create(folder, tinyRecipe(), name)).toThrow(RecipeError);
      expect(Run.list(folder).map(({ name }) => name).sort()).toEqual(names.sort());
      return Promise.resolve();
    });
  });

  test("whose process is gone is interrupted, not running", async () => {
    await inFolder((folder) => {
      const run = Run.create(folder, tinyRecipe());
      expect(run.state).toBe("running");
      writeFileSync(`${run.path}/status.json`, JSON.stringify({ state: "running", process: 2 ** 30, created: 1 }));
      expect(run.state).toBe("interrupted");
      return Promise.resolve();
    });
  });
});
