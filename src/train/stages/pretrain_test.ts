import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { loadBeit } from "../../checkpoint/beit/mod.ts";
import type { Batch } from "../../data/loader.ts";
import { input } from "../../graph.ts";
import { openDevice } from "../../devices/mod.ts";
import { compile } from "../../program.ts";
import { merge } from "../recipe/merge.ts";
import type { RecipeOptions } from "../recipe.ts";
import { readEvaluation } from "../report/mod.ts";
import { Run } from "../run.ts";
import { Session } from "../session.ts";
import { allStages, cpu, essence, inFolder, tinyRecipe, toEnd } from "../testing.ts";
import { maskedInputs } from "./masks.ts";
import { pixelLoss } from "./pixel_target.ts";

const recipe = (over: RecipeOptions) => tinyRecipe(merge(allStages, over) as RecipeOptions);
const lastMeasured = (run: Run) => run.metrics().findLast(({ stage, measured }) => stage === "pretrain" && measured)!.measured!;

describe("pre-training with BEiT v2's aggregation", () => {
  test("learns both predictions below chance, and its encoder is probed and fine-tuned as any", async () => {
    await inFolder(async (folder) => {
      const aggregated = recipe({
        encoder: { aggregation: { earlyBlock: 1, blocks: 1, sharedHead: true } },
        pretrain: { steps: 60, batchSize: 8, lr: 5e-3, jitter: 0 },
        finetune: { arms: ["pretrained"] },
      });
      const { run } = await toEnd({ run: Run.create(folder, aggregated) });
      const { loss, aggregatedLoss, aggregatedAccuracy, chanceLoss } = lastMeasured(run);
      expect(loss).toBeLessThan(chanceLoss - 0.1);
      expect(aggregatedLoss).toBeLessThan(chanceLoss - 0.1);
      expect(aggregatedAccuracy).toBeGreaterThan(0);
      const { config, values } = await loadBeit(`${run.finished("pretrain")!.path}/model.safetensors`);
      expect(config.aggregation).toEqual({ earlyBlock: 1, blocks: 1, sharedHead: true });
      expect(Object.keys(values).filter((name) => name.startsWith("cls_pt_")).length).toBeGreaterThan(10);
      const tuned = await loadBeit(`${run.finished("finetune-pretrained-50pc-seed0")!.path}/model.safetensors`);
      expect([tuned.config.aggregation, tuned.config.classes]).toEqual([null, 14]);
    });
  });
});

describe("pre-training on pixels", () => {
  test("learns more than the mean colour of each patch, shows its guesses, and needs no tokenizer", async () => {
    await inFolder(async (folder) => {
      const over: RecipeOptions = { pretrain: { target: "pixels", steps: 60, batchSize: 8, lr: 5e-3, jitter: 0, measureEvery: 30 } };
      const { run } = await toEnd({ run: Run.create(folder, recipe(over)) });
      const jobs = run.checkpoints().filter((c) => c.finished).map(({ job }) => job);
      expect(jobs.slice(0, 2)).toEqual(["pretrain", "probe"]);
      const { loss, flatLoss } = lastMeasured(run);
      expect(flatLoss).toBeGreaterThan(0.9);
      expect(loss).toBeLessThan(flatLoss - 0.02);
      expect(readdirSync(run.pictureFolder)).toContain("predictions.png");
      expect(readEvaluation(run.path).captions!["predictions.png"]).toContain("brightness and contrast");
      expect(readFileSync(`${run.path}/report.html`, "utf8")).toContain("below that of flat patches");
    });
  });

  test("pixelLoss() is the mean over the patches that count", async () => {
    const device = await openDevice(cpu), pictures = input("pictures", [1, 3, 4, 4]), predicted = input("predicted", [2, 12]);
    const program = await compile(device, pixelLoss(predicted, pictures, 2, input("rows", [2], "u32"), input("weights", [2])));
    try {
      const values = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i * i)),
        guess = Float32Array.from({ length: 24 }, (_, i) => i / 24);
      program.write({ pictures: values, predicted: guess, rows: [3, 0], weights: [1, 0] });
      program.run();
      // Patch 3 of four: rows and columns 2 and 3 of each channel.
      const patch = [0, 1, 2].flatMap((c) => [10, 11, 14, 15].map((at) => values[16 * c + at]));
      const mean = patch.reduce((a, b) => a + b) / 12, variance = patch.reduce((a, b) => a + (b - mean) ** 2, 0) / 12;
      const wanted = patch.map((v) => (v - mean) / Math.sqrt(variance + 1e-6));
      expect(await program.readNumber("loss")).toBeCloseTo(wanted.reduce((a, w, k) => a + (w - guess[k]) ** 2, 0) / 12, 5);
      expect(await program.readNumber("flat")).toBeCloseTo(wanted.reduce((a, w) => a + w * w, 0) / 12, 5);
    } finally {
      program.destroy();
      await device.destroy();
    }
  });
});

describe("kNN while pre-training", () => {
  test("is measured where it is asked for, and changes nothing else", async () => {
    await inFolder(async (folder) => {
      const over = (measureKnn: boolean): RecipeOptions => ({
        stage: "pretrain",
        pretrain: { target: "pixels", measureKnn, measureEvery: 3, steps: 6 },
      });
      const { run } = await toEnd({ run: Run.create(folder, recipe(over(true)), "with") });
      const without = (await toEnd({ run: Run.create(folder, recipe(over(false)), "without") })).run;
      const measured = run.metrics().flatMap(({ measured }) => measured ? [measured] : []);
      expect(measured.length).toBe(2);
      for (const { knn, knnBlock, lastClassTokenKnn } of measured) {
        expect([knn, lastClassTokenKnn].every((share) => share >= 0 && share <= 1)).toBe(true);
        expect([0, 1, 2]).toContain(knnBlock);
      }
      expect(lastMeasured(without).knn).toBeUndefined();
      expect(essence(run).tensors).toEqual(essence(without).tensors);
    });
  });

  test("is left out, with a word, where pictures have no labels", async () => {
    await inFolder(async (folder) => {
      const panels = { kind: "panels", size: 16, length: 20 } as const;
      const over: RecipeOptions = {
        stage: "pretrain",
        data: { train: panels, heldOut: panels },
        pretrain: { target: "pixels", measureKnn: true, steps: 2 },
      };
      const run = Run.create(folder, recipe(over)), notes: string[] = [];
      const session = new Session({ run, device: cpu, workers: 0 });
      session.listen((event) => event.type === "note" && notes.push(event.message));
      await session.done;
      expect([session.state, lastMeasured(run).knn]).toEqual(["done", undefined]);
      expect(notes.join("\n")).toContain("pretrain: panels has no labels, so that no kNN is measured");
    });
  });
});

describe("fine-tuning at another resolution", () => {
  test("fits the positions, learns at the new size, and its model serves at that size", async () => {
    await inFolder(async (folder) => {
      const encoder = { absolutePositions: true };
      const first = recipe({ stage: "pretrain", encoder, pretrain: { target: "pixels" } });
      const { run } = await toEnd({ run: Run.create(folder, first, "first") });
      const before = await loadBeit(`${run.finished("pretrain")!.path}/model.safetensors`);
      for (const imageSize of [24, 12]) {
        const finetune = { from: run.path, imageSize, steps: 3, arms: ["pretrained"], lr: 1e-9, minLr: 0, ema: null } as const;
        const over = recipe({
          stage: "finetune",
          encoder,
          pretrain: { target: "pixels" },
          finetune: { ...finetune, arms: ["pretrained"] },
        });
        const tuned = (await toEnd({ run: Run.create(folder, over, `tuned-${imageSize}`) })).run;
        const { config, values } = await loadBeit(`${tuned.checkpoints().at(-1)!.path}/model.safetensors`), side = imageSize / 4;
        expect([config.imageSize, values["pos_embed"].length]).toEqual([imageSize, 16 * (1 + side * side)]);
        for (const block of [0, 1]) {
          const table = values[`blocks.${block}.attn.relative_position_bias_table`], shared = before.values[sharedTable];
          expect(table.length).toBe(2 * ((2 * side - 1) ** 2 + 3));
          // The rows of the class token are kept; at a rate of nearly nothing they are what was pre-trained.
          for (let i = 1; i <= 6; i++) expect(table.at(-i)).toBeCloseTo(shared.at(-i)!, 5);
        }
        for (let c = 0; c < 16; c++) expect(values["pos_embed"][c]).toBeCloseTo(before.values["pos_embed"][c], 5);
      }
    });
  });
});

const sharedTable = "rel_pos_bias.relative_position_bias_table";

describe("what stands at masked patches", () => {
  test("is at times another patch or the patch itself, where the recipe says so", async () => {
    await inFolder(async (folder) => {
      const replace = { maskToken: 0.8, randomPatch: 0.1, unchanged: 0.1 };
      const over: RecipeOptions = { stage: "pretrain", tokenizer: { steps: 2 }, pretrain: { steps: 60, batchSize: 8, lr: 5e-3, replace } };
      const run = Run.create(folder, recipe({ ...over, pretrain: { ...over.pretrain, target: "pixels" } }));
      await toEnd({ run });
      const { loss, flatLoss } = lastMeasured(run);
      expect(loss).toBeLessThan(flatLoss - 0.02);
    });
  });

  test("maskedInputs() numbers rows and sources over the whole batch", () => {
    const fields = {
      token: Float32Array.of(1, 0, 0, 0),
      source: Uint32Array.of(0, 0, 1, 1),
      positions: Uint32Array.of(0, 1),
      masked: Float32Array.of(1, 1),
    };
    const batch = { views: [{ pixels: new Uint8Array(0) }], fields } as unknown as Batch;
    const { source, rows, mask, weights } = maskedInputs(batch, 2, 1);
    expect({ source, rows, mask, weights }).toEqual({
      source: Uint32Array.of(0, 0, 3, 3),
      rows: Uint32Array.of(0, 3),
      mask: fields.token,
      weights: fields.masked,
    });
  });
});

describe("blocks that are computed again", () => {
  test("need less memory and give the same weights", async () => {
    await inFolder(async (folder) => {
      const [kept, again] = await Promise.all([false, true].map(async (recompute) => {
        const over: RecipeOptions = {
          stage: "all",
          pretrain: { steps: 6, recompute },
          finetune: { steps: 6, recompute, arms: ["pretrained"] },
        };
        const session = new Session({ run: Run.create(`${folder}/${recompute}`, recipe(over)), device: cpu, workers: 0 });
        const bytes: Record<string, number> = {};
        session.listen((event) => event.type === "job" && (bytes[event.job.stage] = event.bytes));
        expect(await session.done).toBe("done");
        return { bytes, essence: essence(session.run) };
      }));
      expect(again.essence).toEqual(kept.essence);
      for (const stage of ["pretrain", "finetune"]) expect(again.bytes[stage]).toBeLessThan(kept.bytes[stage]);
    });
  });
});
