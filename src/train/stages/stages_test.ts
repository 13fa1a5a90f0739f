import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { loadBeit } from "../../checkpoint/beit/mod.ts";
import { readEmbedder } from "../../checkpoint/embedder.ts";
import { fingerprint } from "../../checkpoint/fingerprint.ts";
import { fixture } from "../../checkpoint/testing.ts";
import { readTokenizer } from "../../checkpoint/tokenizer.ts";
import { decode } from "../../data/decode.ts";
import { merge } from "../recipe/merge.ts";
import { readEvaluation } from "../report/mod.ts";
import { Run } from "../run.ts";
import { Session } from "../session.ts";
import { allStages, cpu, essence, inFolder, tinyRecipe, toEnd } from "../testing.ts";
import type { RecipeOptions } from "../recipe.ts";

const recipe = (over: RecipeOptions = {}) => tinyRecipe(merge(allStages, over) as RecipeOptions);
const failure = async (options: { run: Run }) => (await toEnd(options).catch((error) => error)) as Error;

describe("all stages in a row", () => {
  test("hand on what they made, leave pictures, an embedder, results and a report, and have the same bits after stops", async () => {
    await inFolder(async (folder) => {
      const { run } = await toEnd({ run: Run.create(folder, recipe(), "whole") });
      const jobs = ["tokenizer", "pretrain", "probe", "finetune-pretrained-50pc-seed0", "finetune-scratch-50pc-seed0"];
      expect(run.checkpoints().filter((c) => c.finished).map((c) => c.job)).toEqual(jobs);
      const steps = run.metrics().map(({ step }) => step);
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
      expect(steps.at(-1)).toBe(run.steps!);

      const file = (job: string) => `${run.finished(job)!.path}/model.safetensors`;
      expect((await readTokenizer(file("tokenizer"))).config.vocab).toBe(8);
      const encoder = await loadBeit(file("pretrain")), classifier = await loadBeit(file(jobs[3]));
      expect([encoder.config.vocab, classifier.config.classes, classifier.config.relativePositions]).toEqual([8, 14, "per-block"]);
      const embedder = await readEmbedder(`${run.path}/embedder.safetensors`);
      expect(embedder.encoder).toBe(fingerprint(encoder.config, Object.entries(encoder.values)));

      expect(readdirSync(run.pictureFolder).sort()).toEqual(
        ["attention.png", "masks.png", "neighbours.png", "predictions.png", "reconstructions.png", "samples.png"],
      );
      const { tokens, codebook, blocks, qualityCard, finetune } = readEvaluation(run.path);
      expect([tokens!.vocab, codebook!.counts.length, blocks!.pictures.test, qualityCard!.rows.length]).toEqual([8, 8, 42, 4]);
      expect(finetune!.map(({ arm, labels, seed }) => [arm, labels, seed])).toEqual([["pretrained", 0.5, 0], ["scratch", 0.5, 0]]);
      const page = readFileSync(`${run.path}/report.html`, "utf8");
      for (
        const words of ["PSNR, dB", "share of codes in use", "unigram entropy of tokens, bits", "bits per pixel", "times an even share"]
      ) {
        expect(page).toContain(words);
      }
      const { width, height } = await decode(readFileSync(`${run.pictureFolder}/reconstructions.png`), { name: "reconstructions" });
      expect((width + 4) / 4).toBe((height + 4) / 5); // four pictures of a batch; themselves, three temperatures, one token each

      const stopped = Run.create(folder, recipe(), "stopped");
      for (let stops = 0; stops < 4; stops++) {
        const session = new Session({ run: stopped, device: cpu, workers: 0 });
        session.listen((event) => event.type === "metrics" && session.stop());
        await session.done;
      }
      await toEnd({ run: Run.open(stopped.path) });
      expect(essence(stopped)).toEqual(essence(run));
    });
  }, 60_000);

  test("can be run one by one in the same folder, and a stage says which one it lacks", async () => {
    await inFolder(async (folder) => {
      const run = Run.create(folder, recipe({ stage: "pretrain" }));
      expect((await failure({ run })).message).toMatch(/has not ended its stage tokenizer, whose weights are wanted; run that stage/);
      for (const stage of ["tokenizer", "pretrain"] as const) await toEnd({ run: Run.open(run.path, recipe({ stage })) });
      expect(run.checkpoints().filter((c) => c.finished).map((c) => c.job)).toEqual(["tokenizer", "pretrain"]);
      // What one run made is where another may begin.
      const other = Run.create(folder, recipe({ stage: "finetune", finetune: { from: run.path, arms: ["pretrained"] } }), "other");
      await toEnd({ run: other });
      const foreign = recipe({ stage: "finetune", encoder: { dim: 32 }, finetune: { from: run.path, arms: ["pretrained"] } });
      expect((await failure({ run: Run.create(folder, foreign, "foreign") })).name).toBe("CheckpointError");
    });
  });
});

describe("pre-training", () => {
  test("takes DALL-E's tokenizer from its pickled encoder, and draws with its decoder where that is given too", async () => {
    const [encoder, decoder] = ["encoder.pkl", "decoder.pkl"].map((name) => fixture(name));
    if (!encoder || !decoder) return;
    await inFolder(async (folder) => {
      const of = (from: string) => recipe({ stage: "pretrain", pretrain: { target: "tokens" }, tokenizer: { from } });
      const { run } = await toEnd({ run: Run.create(folder, of(encoder), "encoder") });
      expect((await loadBeit(`${run.finished("pretrain")!.path}/model.safetensors`)).config.vocab).toBe(32);
      expect(run.metrics().at(-1)!.measured!.chance).toBe(1 / 32);
      expect(existsSync(`${run.pictureFolder}/predictions.png`)).toBe(false);
      const both = await toEnd({ run: Run.create(folder, of(`${encoder},${decoder}`), "both") });
      expect(existsSync(`${both.run.pictureFolder}/predictions.png`)).toBe(true);
    });
  }, 60_000);

  test("on pixels needs no tokenizer", async () => {
    await inFolder(async (folder) => {
      const { run } = await toEnd({ run: Run.create(folder, recipe({ stage: "pretrain", pretrain: { target: "pixels" } })) });
      expect(run.metrics().at(-1)!.measured!.loss).toBeGreaterThan(0);
      expect((await loadBeit(`${run.finished("pretrain")!.path}/model.safetensors`)).config.targets).toBe("pixels");
    });
  });
});

describe("pre-training on fixed crops", () => {
  test("computes tokens once, and learns from the cache what it would from the tokenizer", async () => {
    await inFolder(async (folder) => {
      const over: RecipeOptions = { pretrain: { fixedCrops: true, steps: 12 }, data: { heldOut: null, heldBack: 0.2 } };
      const run = Run.create(folder, recipe({ ...over, stage: "tokenizer" }));
      await toEnd({ run });
      const pretraining = () => toEnd({ run: Run.open(run.path, recipe({ ...over, stage: "pretrain" })) });
      await pretraining();
      const cached = essence(run), cache = `${run.path}/tokens.cache`;
      expect(cached.metrics.findLast(({ train }) => train)!.train!.loss).toBeGreaterThan(0);
      const written = statSync(cache).mtimeMs, { path } = run.finished("pretrain")!;
      rmSync(path, { recursive: true });
      await pretraining();
      expect([statSync(cache).mtimeMs, essence(run)]).toEqual([written, cached]);

      // With no flip, no jitter and crops of everything the tokenizer's own view shows the same.
      const same = { crop: [1, 1] as [number, number], flip: 0, jitter: 0, fixedCrops: false };
      const live = Run.create(
        folder,
        recipe({ ...over, pretrain: { ...over.pretrain, ...same }, tokenizer: { from: run.path }, stage: "pretrain" }),
        "live",
      );
      await toEnd({ run: live });
      const losses = (run: Run) =>
        run.metrics().filter(({ stage, train }) => stage === "pretrain" && train).map(({ train }) => train!.loss);
      expect(losses(live)).toEqual(losses(run));
    });
  }, 60_000);
});

describe("pictures without labels", () => {
  test("are probed without a choice, are not fine-tuned on, and say so when that is asked for", async () => {
    await inFolder(async (folder) => {
      const { encodePng } = await import("../../data/encode.ts");
      const { mkdirSync, writeFileSync } = await import("node:fs");
      mkdirSync(`${folder}/photos`);
      for (let i = 0; i < 20; i++) {
        const pixels = new Uint8Array(20 * 16 * 3).map((_, k) => (k * (i + 3)) % 251);
        writeFileSync(`${folder}/photos/${i}.png`, await encodePng({ width: 20, height: 16, pixels }));
      }
      writeFileSync(`${folder}/photos/bad.png`, "no picture");
      const photos = { data: { train: { kind: "folder", path: `${folder}/photos` }, onError: "skip" } } as RecipeOptions;
      const own = recipe({ ...photos, data: { ...photos.data, heldOut: null, heldBack: 0.3 } } as RecipeOptions);
      const { run } = await toEnd({ run: Run.create(folder, own, "run") });
      expect(run.checkpoints().filter((c) => c.finished).map((c) => c.job)).toEqual(["tokenizer", "pretrain", "probe"]);
      expect(existsSync(`${run.path}/embedder.safetensors`)).toBe(true);
      expect(run.metrics().some(({ speed }) => (speed?.skipped ?? 0) > 0)).toBe(true);
      const asked = Run.create(folder, { ...own, stage: "finetune" }, "asked");
      expect((await failure({ run: asked })).message).toMatch(/^finetune: .*photos has no labels/);
    });
  });
});
