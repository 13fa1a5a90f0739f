import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { loadBeit, loadSegmentation } from "../../checkpoint/beit/mod.ts";
import { labelPng, withFolder } from "../../data/datasets/testing.ts";
import { encodePng } from "../../data/encode.ts";
import { loadParts } from "../../inference/load.ts";
import { dataAt } from "../recipe/load.ts";
import { merge } from "../recipe/merge.ts";
import { type RecipeOptions, resolveRecipe } from "../recipe.ts";
import { readEvaluation } from "../report/mod.ts";
import { Run } from "../run.ts";
import { Session } from "../session.ts";
import { cpu, essence, inFolder, tinyRecipe, toEnd } from "../testing.ts";

/** The held-out pictures are those to learn, to see whether they were learned. */
const panels = { kind: "panels", size: 16, length: 8 } as const;
const tiny: RecipeOptions = {
  stage: "finetune",
  data: { train: panels, heldOut: panels },
  encoder: { imageSize: 16, patchSize: 4, dim: 16, depth: 3, heads: 2, dropPath: 0 },
  finetune: {
    ...{ task: "segmentation", head: "linear", steps: 80, batchSize: 4, accumulation: 1, warmupSteps: 4, lr: 8e-3, ema: null },
    ...{ mixup: 0, cutmix: 0, erasing: 0, crop: [1, 1], flip: 0, schedule: "linear", minLr: 0 },
  },
};
const recipe = (over: RecipeOptions = {}) => tinyRecipe(merge(tiny, over) as RecipeOptions);
const last = (run: Run) => run.metrics().at(-1)!.measured!;
const failure = (run: Run) => toEnd({ run }).then(() => "it did not fail", (error: Error) => error.message);
const job = "finetune-scratch-100pc-seed0";

describe("fine-tuning for segmentation", () => {
  test("learns which tiling each pixel belongs to, and hands on a model with its classes, pictures and results", async () => {
    await inFolder(async (folder) => {
      const { run } = await toEnd({ run: Run.create(folder, recipe()) }), { accuracy, meanIou, commonest } = last(run);
      expect(accuracy).toBeGreaterThan(commonest + 0.15);
      expect(meanIou).toBeGreaterThan(0.15);
      const { config, head, labels, table } = await loadSegmentation(`${run.finished(job)!.path}/model.safetensors`);
      expect([config.relativePositions, head, labels.length]).toEqual([
        "per-block",
        { kind: "linear", dim: 16, classes: 14, block: 3, normEps: 1e-6 },
        14,
      ]);
      expect(table["decode_head.conv_seg.weight"].init).toBeInstanceOf(Float32Array);
      expect(readdirSync(run.pictureFolder)).toEqual([`segments-${job}.png`]);
      const [result] = readEvaluation(run.path).finetune!;
      expect([result.accuracy, result.meanIou]).toEqual([accuracy, meanIou]);
      expect(Object.keys(result.iou!).length).toBeGreaterThan(4);
      const page = readFileSync(`${run.path}/report.html`, "utf8");
      for (
        const words of ["Mean intersection over union on test pictures", "Intersection over union of each class", `segments-${job}.png`]
      ) {
        expect(page).toContain(words);
      }
    });
  });

  test("with UPerNet, parts and an average resumes bit by bit, and keeps running statistics", async () => {
    await inFolder(async (folder) => {
      const upernet = recipe({
        checkpoints: { every: 2 },
        finetune: { head: "upernet", headChannels: 8, steps: 5, warmupSteps: 0, accumulation: 2, ema: 0.5, crop: [0.5, 1], flip: 0.5 },
      });
      const { run } = await toEnd({ run: Run.create(folder, upernet, "whole") }), stopped = Run.create(folder, upernet, "stopped");
      const session = new Session({ run: stopped, device: cpu, workers: 0 });
      session.listen((event) => event.type === "metrics" && session.stop());
      await session.done;
      await toEnd({ run: Run.open(stopped.path) });
      expect(essence(stopped)).toEqual(essence(run));

      const file = `${run.finished(job)!.path}/model.safetensors`, { head, statistics } = await loadSegmentation(file);
      expect(head).toMatchObject({ kind: "upernet", channels: 8, taps: [1, 2, 2, 3], auxiliary: { channels: 8 } });
      expect(statistics["decode_head.bottleneck.bn.running_var"].init).not.toBe(1);
      expect((statistics["fpn1.1.running_mean"].init as Float32Array).some((value) => value !== 0)).toBe(true);
      expect((await loadBeit(file)).config.classes).toBeUndefined(); // its encoder serves for the next training
      const { encoder, classifier } = await loadParts(run.path);
      expect([encoder!.config.dim, classifier]).toEqual([16, undefined]);
    });
  });

  test("begins with what another run pre-trained, on a share of the labels, at another resolution", async () => {
    await inFolder(async (folder) => {
      const pretrain = { target: "pixels", steps: 2, batchSize: 4 } as const;
      const first = await toEnd({ run: Run.create(folder, recipe({ stage: "pretrain", pretrain }), "first") });
      const over: RecipeOptions = {
        finetune: { from: first.run.path, arms: ["pretrained", "scratch"], labels: [0.5], steps: 2, warmupSteps: 0, imageSize: 24 },
      };
      const { run } = await toEnd({ run: Run.create(folder, recipe(over), "second") });
      const jobs = run.checkpoints().filter((c) => c.finished);
      expect(jobs.map(({ job }) => job)).toEqual(["finetune-pretrained-50pc-seed0", "finetune-scratch-50pc-seed0"]);
      expect((await loadSegmentation(`${jobs[0].path}/model.safetensors`)).config.imageSize).toBe(24);
    });
  });

  test("takes a folder in ADE20K's layout with the preset's classes, for both of its splits", async () => {
    const files: Record<string, Uint8Array> = {};
    for (const [split, count] of [["training", 6], ["validation", 3]] as const) {
      for (let i = 0; i < count; i++) {
        const labels = Uint8Array.from({ length: 20 * 12 }, (_, p) => p % 20 < 3 ? 0 : p % 20 < 5 + i ? 1 : 150); // 0 is no class
        const pixels = Uint8Array.from({ length: 3 * labels.length }, (_, k) => labels[Math.floor(k / 3)] + k % 3);
        files[`images/${split}/${i}.png`] = await encodePng({ width: 20, height: 12, pixels });
        files[`annotations/${split}/${i}.png`] = labelPng({ width: 20, height: 12, labels });
      }
    }
    await withFolder(files, async (folder) => {
      const { arms: _, ...finetune } = tiny.finetune!, short = { ...finetune, steps: 2, warmupSteps: 0, batchSize: 2, imageSize: null };
      const options = { ...tiny, preset: "ade20k-base", data: dataAt(folder), finetune: { ...short, arms: ["scratch"] } };
      const { run } = await toEnd({ run: Run.create(folder, resolveRecipe(options)) }), [{ iou }] = readEvaluation(run.path).finetune!;
      expect(Object.keys(iou!)).toContain("class 149");
      const bare = { ...options, preset: "mosaics-tiny" }; // which says nothing of classes
      expect(await failure(Run.create(folder, resolveRecipe(bare), "bare"))).toContain(`${folder}: 0 classes were given; give 2 to 255`);
    });
  });

  test("says what it lacks", async () => {
    await inFolder(async (folder) => {
      const made = (over: RecipeOptions, name: string) => Run.create(folder, recipe(over), name);
      const mosaics = { kind: "mosaics", size: 16, length: 8 } as const;
      expect(await failure(made({ data: { train: mosaics, heldOut: mosaics } }, "a"))).toMatch(
        /^finetune: mosaics has no label maps; give/,
      );
      expect(await failure(made({ finetune: { task: "classification" } }, "b"))).toMatch(
        /^finetune: panels has no labels; give labelled data/,
      );
      expect(await failure(made({ data: { heldOut: mosaics } }, "c"))).toMatch(
        /mosaics: its pixels have no classes, those of panels 14 classes/,
      );
    });
  });

  test("a recipe whose pictures change in a way that label maps cannot follow is refused, and a size that patches do not divide", () => {
    expect(() => resolveRecipe(merge(tiny, { finetune: { mixup: 0.8 } }))).toThrow(/finetune\.mixup: mixup 0.8 changes pictures/);
    expect(() => resolveRecipe(merge(tiny, { finetune: { imageSize: 18 } }))).toThrow(
      /finetune\.imageSize: patchSize 4 does not divide imageSize 18/,
    );
  });
});
