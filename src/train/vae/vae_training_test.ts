import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readVae } from "../../checkpoint/vae.ts";
import { CheckpointError, RecipeError } from "../../errors.ts";
import { resolveAnyRecipe } from "../modality.ts";
import { merge } from "../recipe/merge.ts";
import { readEvaluation } from "../report/mod.ts";
import { Run } from "../run.ts";
import { Session } from "../session.ts";
import { cpu, essence, inFolder, toEnd } from "../testing.ts";
import { quantile } from "./draw_vae.ts";
import { resolveVaeRecipe } from "./recipe.ts";

/** A spot (16 x 16) at a place of its own: as many places as pictures, so that only a sharp z tells them apart. */
function spot(n: number): number[] {
  const at = (share: number) => 3 + 10 * (share % 1), [cx, cy] = [at(n * 0.618), at(n * 0.414)];
  return Array.from({ length: 256 }, (_, i) => Math.round(255 * Math.exp(-((i % 16 - cx) ** 2 + (Math.floor(i / 16) - cy) ** 2) / 12)));
}

/** Files like MNIST's. */
function spots(folder: string): void {
  for (const [name, first, count] of [["train", 0, 256], ["test", 256, 40]] as const) {
    const file = new Uint8Array(16 + 256 * count), header = new DataView(file.buffer);
    [0x803, count, 16, 16].forEach((value, i) => header.setUint32(4 * i, value));
    for (let n = 0; n < count; n++) file.set(spot(first + n), 16 + 256 * n);
    writeFileSync(`${folder}/${name}`, file);
  }
}

const recipeOf = (folder: string, over: Record<string, unknown> = {}) =>
  resolveAnyRecipe(merge({
    preset: "vae-mnist",
    logEvery: 5,
    data: { train: { kind: "idx", path: `${folder}/train` }, heldOut: { kind: "idx", path: `${folder}/test` } },
    checkpoints: { every: 4 },
    model: { imageSize: 16, hidden: 32 },
    vae: { steps: 11, batchSize: 16, lr: 2e-2, warmupSteps: 2 },
  }, over));

describe("a Gaussian VAE's training", () => {
  test("shows what the parts of the bound do: without the divergence sigma collapses, from the prior nothing is learned", async () => {
    await inFolder(async (folder) => {
      spots(folder);
      const vae = { steps: 120, objectives: ["elbo", "no-kl", "prior"], measureEvery: 60 };
      const { run } = await toEnd({ run: Run.create(folder, recipeOf(folder, { vae, logEvery: 40 }), "run") });
      const results = Object.fromEntries(readEvaluation(run.path).vae!.map((result) => [result.objective, result]));
      const { elbo, prior } = results, without = results["no-kl"];
      const held = Array.from({ length: 40 }, (_, n) => spot(256 + n)),
        entropy = (p: number) => -p * Math.log(p) - (1 - p) * Math.log(1 - p);
      const middle = held[0].map((_, i) => held.reduce((sum, picture) => sum + picture[i] / 255 / held.length, 0));
      expect(elbo.onePicture).toBeCloseTo(middle.reduce((sum, p) => sum + entropy(p), 0), 3);
      expect(without.sigma).toBeLessThan(0.05);
      expect(without.kl).toBeGreaterThan(2 * elbo.kl);
      expect(elbo.sigma).toBeGreaterThan(0.1);
      expect(elbo.loss).toBeLessThan(0.85 * elbo.onePicture);
      expect(prior.reconstruction).toBeGreaterThan(0.99 * elbo.onePicture);
      const measured = run.metrics().findLast((line) => line.job === "vae-no-kl" && line.measured)!.measured!;
      expect(Object.keys(measured)).toEqual(["loss", "reconstruction", "kl", "sigma", "onePicture"]);

      const page = readFileSync(`${run.path}/report.html`, "utf8");
      for (const words of ["the variance has collapsed", "this does not train", "the clouds together fill N(0, I)"]) {
        expect(page).toContain(words);
      }
      expect(page).toContain("sigma, mean over pictures and latents");
      const kinds = ["interpolation", "latents", "reconstructions", "samples"];
      expect(readdirSync(run.pictureFolder).sort()).toEqual(kinds.flatMap((kind) => vae.objectives.map((o) => `${kind}-${o}.png`)));
    });
  }, 60_000);

  test("has the same bits after stops at any step, and leaves weights that say what they are", async () => {
    await inFolder(async (folder) => {
      spots(folder);
      const recipe = recipeOf(folder, {
        model: { form: "conv", latents: 3, widths: [4, 4], likelihood: "gaussian" },
        vae: { objectives: ["elbo", "prior"] },
      });
      const { run } = await toEnd({ run: Run.create(folder, recipe, "undisturbed") }), wanted = essence(run);
      const stopped = Run.create(folder, recipe, "stopped");
      for (let stops = 0; stops < 3; stops++) {
        const session = new Session({ run: stopped, device: cpu, workers: 0 });
        session.listen((event) => event.type === "metrics" && session.stop());
        await session.done;
      }
      expect(essence((await toEnd({ run: Run.open(stopped.path, recipe) })).run)).toEqual(wanted);

      const { path } = run.finished("vae-prior")!, { config, weights } = await readVae(`${path}/model.safetensors`);
      expect([config.form, config.latents, config.imageSize, config.channels]).toEqual(["conv", 3, 16, 1]);
      expect(Object.keys(weights)).toContain("down.0.weight");
      expect(readdirSync(run.pictureFolder)).not.toContain("latents-elbo.png"); // three latents have no plane
    });
  }, 60_000);
});

test("the files of others are no VAE, and say so", async () => {
  await inFolder(async (folder) => {
    spots(folder);
    const { run } = await toEnd({ run: Run.create(folder, recipeOf(folder, { vae: { steps: 1 } }), "run") });
    const trainer = await readVae(`${run.finished("vae-elbo")!.path}/trainer.safetensors`).catch((error) => error);
    expect(trainer).toBeInstanceOf(CheckpointError);
    expect(trainer.message).toMatch(/trainer\.safetensors: does not say that it is a VAE/);
  });
});

test("a VAE's recipe names every fault", () => {
  const resolve = (over: Record<string, unknown>) => () => resolveVaeRecipe({ preset: "vae-mnist", ...over });
  expect(resolve({ model: { latent: 3 } })).toThrow(/unknown key model\.latent, perhaps model\.latents/);
  expect(resolve({ vae: { objectives: ["beta"] } })).toThrow(RecipeError);
  expect(resolve({ vae: { objectives: ["elbo", "elbo"] } })).toThrow("vae.objectives has elbo twice");
  expect(resolve({ vae: { accumulation: 7 } })).toThrow("vae.accumulation 7 does not divide batchSize 50");
  expect(resolve({ model: { form: "conv", imageSize: 30 } })).toThrow("2 halvings do not divide a side of 30");
  expect(resolve({ pretrain: { steps: 3 } })).toThrow(/unknown key pretrain/);
  expect(() => resolveAnyRecipe({ preset: "gpt" })).toThrow('there is no preset "gpt"');
});

test("a folder of MNIST's files is what is trained and what is measured on; without one there are mosaics", () => {
  const of = (over: Record<string, unknown>) => resolveVaeRecipe({ preset: "vae-mnist", ...over }).data;
  const mosaics = of({}), given = of({ data: { train: { kind: "idx", path: "mnist" } } });
  expect([mosaics.train.kind, mosaics.heldOut?.kind]).toEqual(["mosaics", "mosaics"]);
  expect([given.train, given.heldOut]).toEqual([{ kind: "idx", path: "mnist" }, null]); // held back from the given ones
});

test("quantile() is the inverse of the normal distribution", () => {
  for (const [share, z] of [[0.5, 0], [0.975, 1.959964], [0.158655, -1], [0.001, -3.090232]]) expect(quantile(share)).toBeCloseTo(z, 4);
});
