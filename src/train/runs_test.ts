import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { BusyError, RecipeError } from "../errors.ts";
import { differences } from "./recipe/merge.ts";
import { Runs } from "./runs.ts";
import { cpu, inFolder, tinyRecipe } from "./testing.ts";

const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

/** Follows a run until it is in one of the states. */
async function until(runs: Runs, id: string, ...states: string[]) {
  for (let after = 0;;) {
    const run = (await runs.run(id))!;
    if (states.includes(run.state)) return run;
    const events = await runs.events(id, after, 5000);
    after = events.at(-1)?.id ?? after;
  }
}

describe("Runs", () => {
  test("starts one run at a time, the next one after it, and tells their events in order", async () => {
    await inFolder(async (folder) => {
      const runs = new Runs({ folder, device: cpu, workers: 0 }), recipe = tinyRecipe();
      const first = await runs.startRun(recipe), second = await runs.startRun(recipe);
      expect([first.state, second.state]).toEqual(["running", "queued"]);
      const ended = await until(runs, second.id, "done", "failed");
      expect([ended.state, (await runs.run(first.id))!.state]).toEqual(["done", "done"]);
      expect(differences(ended.recipe, recipe)).toEqual([]);
      expect([ended.stage, ended.step]).toEqual(["finetune", ended.steps!]);
      const events = await runs.events(first.id, 0, 0);
      expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => i + 1));
      expect(events.filter(({ type }) => type === "state").map(({ data }) => data)).toEqual([{ state: "running" }, { state: "done" }]);
      expect(await runs.events(first.id, events.length, 0)).toEqual([]);
      const lines = await runs.metrics(first.id, -1, 1000);
      expect(lines.length).toBe(6);
      expect((await runs.metrics(first.id, lines[1].step, 2)).map(({ step }) => step)).toEqual([lines[2].step, lines[3].step]);
      expect((await runs.checkpoints(first.id)).map(({ name }) => name)).toContain("finetune-scratch-100pc-seed0-final");
      expect((await runs.runs()).map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
    });
  });

  test("pauses, resumes, stops and goes on after a stop; refuses what a run is in no state for", async () => {
    await inFolder(async (folder) => {
      const runs = new Runs({ folder, device: cpu, workers: 0 }), { id } = await runs.startRun(tinyRecipe({ finetune: { steps: 40 } }));
      expect((await runs.controlRun(id, "pause")).state).toBe("pausing");
      await until(runs, id, "paused");
      expect((await runs.controlRun(id, "resume")).state).toBe("running");
      await runs.controlRun(id, "checkpoint");
      await runs.controlRun(id, "stop");
      expect((await until(runs, id, "stopped", "done")).state).toBe("stopped");
      expect(await failure(runs.controlRun(id, "pause"))).toBeInstanceOf(BusyError);
      await runs.controlRun(id, "resume");
      expect((await until(runs, id, "done", "failed")).state).toBe("done");
      expect((await failure(runs.controlRun(id, "resume"))).message).toMatch(/is done, there is nothing to resume/);
      const queued = [await runs.startRun(tinyRecipe()), await runs.startRun(tinyRecipe())];
      expect((await runs.controlRun(queued[1].id, "stop")).state).toBe("stopped");
      await runs.close();
    });
  });

  test("waits for an event as long as asked, knows no other names, and gives pictures by listed names only", async () => {
    await inFolder(async (folder) => {
      const runs = new Runs({ folder, device: cpu, workers: 0 });
      expect(await failure(runs.startRun({ nonsense: 1 }))).toBeInstanceOf(RecipeError);
      const { id } = await runs.startRun(tinyRecipe());
      await until(runs, id, "done", "failed");
      const last = (await runs.events(id, 0, 0)).at(-1)!.id;
      expect(await runs.events(id, last, 30)).toEqual([]);
      for (const name of ["none", "..", "../x", ""]) expect(await runs.run(name)).toBeUndefined();
      writeFileSync(`${folder}/${id}/pictures/masks-5.png`, Uint8Array.of(1, 2, 3));
      expect(await runs.pictures(id)).toEqual([{ name: "masks-5.png", bytes: 3, step: 5 }]);
      expect(await runs.picture(id, "masks-5.png")).toEqual(Uint8Array.of(1, 2, 3));
      expect(await runs.picture(id, "../recipe.json")).toBeUndefined();
      expect(Object.keys((await runs.recipeSchema() as { properties: object }).properties)).toContain("pretrain");
    });
  });
});
