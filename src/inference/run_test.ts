import { expect, test } from "bun:test";
import { openDevice } from "../devices/mod.ts";
import { Run } from "../train/run.ts";
import { cpu, inFolder, tinyRecipe, toEnd } from "../train/testing.ts";
import { loadParts } from "./load.ts";
import { Model } from "./model.ts";

test("a run of all stages is served with its tokenizer, embedder and classifier; its checkpoints one by one", async () => {
  await inFolder(async (folder) => {
    const short = { steps: 4, batchSize: 4, warmupSteps: 1 };
    const recipe = tinyRecipe({
      stage: "all",
      data: { heldOut: { kind: "mosaics", size: 8, length: 200, split: "test" } },
      tokenizer: { ...short, model: { form: "customized", vocab: 8, codebookDim: 4, layers: 2, residual: false, hidden: 4 } },
      pretrain: short,
      probe: { train: 30, validation: 10, batchSize: 8 },
      finetune: { ...short, accumulation: 1, arms: ["pretrained"] },
    });
    const { run } = await toEnd({ run: Run.create(folder, recipe, "all"), workers: 0 });
    const device = await openDevice(cpu), parts = await loadParts(run.path), model = new Model(device, parts, "all");
    expect(model.description.abilities).toEqual(["embed", "dense", "attention", "classify", "tokens", "decode", "reconstruct"]);
    // So little training may choose any block, and any pooling of it: what was chosen is what is served.
    const { embedding } = model.description, { block, pool, whitening } = parts.embedder!, dimensions = embedding!.dimensions.at(-1);
    expect(embedding).toMatchObject({ block, pool, whitened: whitening !== undefined });
    const pixels = { count: 1, size: 8, data: new Uint8Array(192).map((_, i) => i) };
    expect((await model.embed(pixels, {})).dimensions).toBe(dimensions!);
    expect((await model.classify(pixels)).probabilities.length).toBe(model.description.classes!.length);
    const { predicted, width } = await model.reconstruct(pixels, Uint8Array.of(1, 0, 0, 1));
    expect([width, predicted.length]).toEqual([8, 192]);
    await model.destroy();

    const kinds: Record<string, string[]> = {};
    for (const { path, stage, finished } of run.checkpoints()) {
      if (!finished || stage === "probe") continue;
      const one = new Model(device, await loadParts(path), stage);
      kinds[stage] = one.description.abilities;
      await one.destroy();
    }
    expect(kinds).toEqual({
      tokenizer: ["tokens", "decode"],
      pretrain: ["embed", "dense", "attention", "tokens", "decode", "reconstruct"],
      finetune: ["embed", "dense", "attention", "classify", "tokens", "decode"],
    });
    await device.destroy();
  });
});
