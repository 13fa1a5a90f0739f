import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { CheckpointError, RecipeError } from "../../errors.ts";
import { openSafetensors } from "../../checkpoint/mod.ts";
import { CpuDevice } from "../../devices/cpu.ts";
import { TextModel } from "../../inference/text_model.ts";
import { readBertConfig } from "../../checkpoint/hf/mod.ts";
import { specialTokens, wordPieceOf } from "../../data/text/word_piece.ts";
import { resolveAnyRecipe } from "../modality.ts";
import { merge } from "../recipe/merge.ts";
import { Run } from "../run.ts";
import { Session } from "../session.ts";
import { cpu, essence, inFolder, toEnd } from "../testing.ts";
import { resolveTextRecipe } from "./recipe.ts";

/** Texts whose class is one of two words among others. */
function texts(folder: string): { negative: string; positive: string } {
  const files = { negative: `${folder}/n.txt`, positive: `${folder}/p.txt` }, filler = ["a", "film", "of", "some", "length"];
  for (const [name, word] of [["negative", "bad"], ["positive", "good"]] as const) {
    const line = (i: number) => Array.from({ length: 6 }, (_, w) => w === i % 6 ? word : filler[(i * (w + 3) + w) % 5]).join(" ");
    writeFileSync(files[name], Array.from({ length: 40 }, (_, i) => `${line(i)}\n`).join(""));
  }
  return files;
}

const recipeOf = (folder: string, over: Record<string, unknown> = {}) =>
  resolveAnyRecipe(merge({
    preset: "spanbert-tiny",
    stage: "all",
    logEvery: 2,
    data: { texts: [], labelled: { kind: "lines", files: texts(folder) }, length: 10 },
    vocabulary: { size: 60 },
    encoder: { dim: 16, depth: 1, heads: 2, initial: 0.2, pooling: "mean" },
    pretrain: { steps: 5, batchSize: 8, accumulation: 2, warmupSteps: 1 },
    finetune: { steps: 30, batchSize: 8, lr: 1e-2, warmupSteps: 2, labels: [0.5], arms: ["pretrained", "scratch"] },
    checkpoints: { every: 3 },
  }, over));

describe("a training on texts", () => {
  test("computes blocks again in backward where the recipe says so: less memory, the same weights", async () => {
    await inFolder(async (folder) => {
      const [kept, again] = await Promise.all([false, true].map(async (recompute) => {
        const over = { stage: "pretrain", encoder: { depth: 3 }, pretrain: { recompute } };
        const session = new Session({ run: Run.create(`${folder}/${recompute}`, recipeOf(folder, over)), device: cpu, workers: 0 });
        let bytes = 0;
        session.listen((event) => event.type === "job" && (bytes = event.bytes));
        expect(await session.done).toBe("done");
        return { bytes, essence: essence(session.run) };
      }));
      expect(again.essence).toEqual(kept.essence);
      expect(again.bytes).toBeLessThan(kept.bytes);
    });
  });

  test("pre-trains with the span boundary objective, fine-tunes both arms, and leaves what loads elsewhere", async () => {
    await inFolder(async (folder) => {
      const { run } = await toEnd({ run: Run.create(folder, recipeOf(folder)) });
      expect(run.checkpoints().filter((c) => c.finished).map((c) => c.job)).toEqual([
        "pretrain",
        "finetune-pretrained-50pc-seed0",
        "finetune-scratch-50pc-seed0",
      ]);
      const lines = run.metrics();
      expect(Object.keys(lines.find((line) => line.train)!.train!)).toEqual([
        "loss",
        "accuracy",
        "maskedLoss",
        "boundaryLoss",
        "boundaryAccuracy",
        "gradNorm",
      ]);
      const { measured } = lines.findLast((line) => line.job === "finetune-scratch-50pc-seed0" && line.measured)!;
      expect(measured).toMatchObject({ chance: 0.5 });
      expect(measured!.accuracy).toBe(1);

      const { path, model } = run.finished("pretrain")!, { config } = readBertConfig(readFileSync(`${path}/config.json`, "utf8"));
      expect(config).toMatchObject({ dim: 16, positions: 10, masked: true, vocab: (model.config as { vocab: number }).vocab });
      await using weights = await openSafetensors(`${path}/model.safetensors`);
      expect(weights.tensors.has("cls.pair_target_predictions.bias")).toBe(true);

      const device = await CpuDevice.open({ threads: 1 });
      const served = await TextModel.load(device, `${run.finished("finetune-scratch-50pc-seed0")!.path}`);
      const { classes, probabilities } = await served.classify(["a good film", "some bad length of film"]);
      expect(classes).toEqual(["negative", "positive"]);
      expect(probabilities[1]).toBeGreaterThan(0.5);
      expect(probabilities[2]).toBeGreaterThan(0.5);
      await served.destroy();
      await device.destroy();
    });
  });

  test("has the same bits after stops at any step", async () => {
    await inFolder(async (folder) => {
      const recipe = recipeOf(folder, { finetune: { steps: 6, arms: ["pretrained"] } });
      const wanted = essence((await toEnd({ run: Run.create(folder, recipe, "undisturbed") })).run);
      const run = Run.create(folder, recipe, "stopped");
      for (let stops = 0; stops < 3; stops++) {
        const session = new Session({ run, device: cpu, workers: 0 });
        session.listen((event) => event.type === "metrics" && session.stop());
        await session.done;
      }
      expect(essence((await toEnd({ run: Run.open(run.path, recipe) })).run)).toEqual(wanted);
    });
  });

  test("refuses a checkpoint of another vocabulary, even one of the same size", async () => {
    await inFolder(async (folder) => {
      const { run } = await toEnd({ run: Run.create(folder, recipeOf(folder, { stage: "pretrain", pretrain: { steps: 1 } }), "first") });
      const { path } = run.finished("pretrain")!, tokens = readFileSync(`${path}/vocab.txt`, "utf8").trim().split("\n");
      const other = wordPieceOf([...specialTokens, ...tokens.slice(5).reverse()]);
      writeFileSync(`${folder}/vocab.txt`, other.files()["vocab.txt"]);
      const from = { stage: "finetune", vocabulary: { from: `${folder}/vocab.txt` }, finetune: { from: `${path}/model.safetensors` } };
      const session = new Session({ run: Run.create(folder, recipeOf(folder, from), "second"), device: cpu, workers: 0 });
      expect(await session.done).toBe("failed");
      expect(session.error).toBeInstanceOf(CheckpointError);
      expect(session.error!.message).toMatch(/tokenizer\.json: is another vocabulary than the recipe's \(number 5 is /);
      await toEnd({
        run: Run.create(folder, recipeOf(folder, merge(from, { vocabulary: { from: path }, finetune: { steps: 1 } }) as never), "third"),
      });
    });
  });
});

test("a recipe for texts names every fault", () => {
  const resolve = (over: Record<string, unknown>) => () => resolveTextRecipe({ preset: "spanbert-tiny", ...over });
  expect(resolve({ pretrain: { depht: 1 } })).toThrow(/unknown key pretrain\.depht/);
  expect(resolve({ pretrain: { mask: "tokens" } })).toThrow("pretrain.boundary needs pretrain.mask spans, not tokens");
  expect(resolve({ data: { texts: [] } })).toThrow("there are no texts");
  expect(resolve({ encoder: { heads: 3 } })).toThrow("heads 3 does not divide dim 128");
  expect(resolve({ finetune: { accumulation: 5 } })).toThrow(RecipeError);
  expect(() => resolveAnyRecipe({ preset: "gpt" })).toThrow('there is no preset "gpt"');
});
