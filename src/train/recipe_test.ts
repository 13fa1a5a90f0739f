import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecipeError } from "../errors.ts";
import { presets } from "./presets/mod.ts";
import { Recipe, type RecipeOptions, resolveRecipe } from "./recipe.ts";
import { fieldsOf, recipeFromFlags } from "./recipe/command_line.ts";
import { loadRecipe } from "./recipe/load.ts";
import { differences, merge } from "./recipe/merge.ts";
import { trainingFacts } from "./recipe/training.ts";

function refusal(options: unknown): string {
  try {
    resolveRecipe(options);
  } catch (error) {
    expect(error).toBeInstanceOf(RecipeError);
    return (error as Error).message;
  }
  throw new Error("the recipe was taken");
}

describe("resolveRecipe()", () => {
  for (const name of Object.keys(presets)) {
    test(`takes the preset ${name}, and the result as it stands`, () => {
      const recipe = resolveRecipe({ preset: name });
      expect(recipe.preset).toBe(name);
      expect(resolveRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    });
  }

  const faults: [RecipeOptions | Record<string, unknown>, RegExp][] = [
    [{ pretrain: { lerning: 1 } }, /unknown key pretrain.lerning/],
    [{ epochs: 3 }, /unknown key epochs/],
    [{ preset: "imagenet-huge" }, /no preset "imagenet-huge"; choose mosaics-tiny/],
    [{ preset: "__proto__" }, /no preset "__proto__"/],
    [{ encoder: { imageSize: 32, patchSize: 5 } }, /encoder: patchSize: patchSize 5 does not divide imageSize 32/],
    [{ encoder: { heads: 3 } }, /heads 3 does not divide dim 64/],
    [{ pretrain: { batchSize: 10, accumulation: 4 } }, /accumulation 4 does not divide batchSize 10/],
    [{ pretrain: { steps: 5, warmupSteps: 9 } }, /warmupSteps 9 is more than steps 5/],
    [{ pretrain: { lr: "fast" } }, /pretrain\.lr: expected number, received string, not "fast"/],
    [{ pretrain: { masked: 0.001 } }, /masked 0.001 of 64 patches is none/],
    [{ data: { train: { kind: "floppy" } } }, /data\.train\.kind: .*"mosaics"/],
    [{ data: { train: { kind: "mosaics", path: "x" } } }, /unknown key data\.train\.path/],
    [
      { encoder: { aggregation: { earlyBlock: 2 } }, pretrain: { target: "pixels" } },
      /encoder\.aggregation: aggregation predicts tokens/,
    ],
    [{ encoder: { aggregation: { earlyBlock: 99 } } }, /earlyBlock 99 lies beyond depth/],
    [{ finetune: { labels: [] } }, /finetune\.labels: too small/],
    [{ stage: "deploy" }, /stage: .*"tokenizer".*not "deploy"/],
  ];
  for (const [options, message] of faults) {
    test(`refuses ${JSON.stringify(options)} by name`, () => expect(refusal(options)).toMatch(message));
  }

  test("measures pictures of one's own on a part of them, not on the preset's", () => {
    const { data } = resolveRecipe({ data: { train: { kind: "folder", path: "photos" } } });
    expect([data.heldOut, data.heldBack]).toEqual([null, 0.1]);
    expect(resolveRecipe({ data: { train: { size: 16 } } }).data.heldOut!.kind).toBe("mosaics");
  });

  test("names every fault, not the first alone", () => {
    expect(refusal({ seed: -1, pretrain: { nothing: 1 } })).toMatch(
      /seed: too small.*unknown key pretrain\.nothing|unknown key pretrain\.nothing.*seed: too small/,
    );
  });

  test("refuses what is no object", () => {
    for (const options of [null, 7, "mosaics-tiny", []]) expect(refusal(options)).toMatch(/^recipe: is /);
  });
});

describe("recipes on the command line", () => {
  test("recipeFromFlags() reads dotted paths, JSON and plain words", () => {
    expect(recipeFromFlags([["pretrain.lr", "1e-3"], ["finetune.labels", "[0.1, 1]"], ["stage", "pretrain"], ["pretrain.clip", "null"]]))
      .toEqual({ pretrain: { lr: 1e-3, clip: null }, finetune: { labels: [0.1, 1] }, stage: "pretrain" });
  });

  test("recipeFromFlags() cannot reach a prototype, and refuses what is no path", () => {
    expect(() => recipeFromFlags([["__proto__.polluted", "1"]])).toThrow(/unknown key __proto__/);
    expect(() => resolveRecipe(JSON.parse('{"__proto__":{"seed":1}}'))).toThrow(/unknown key __proto__/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(() => recipeFromFlags([["a..b", "1"]])).toThrow(RecipeError);
  });

  test("fieldsOf() lists every field with its values, its default and what it means", () => {
    const fields = fieldsOf(Recipe()), field = (path: string) => fields.find((f) => f.path === path)!;
    expect(field("pretrain.target")).toEqual({
      path: "pretrain.target",
      values: "tokens|pixels",
      description: "what is predicted at masked patches",
      standard: '"tokens"',
    });
    expect(field("data.train").values).toContain("{kind: mosaics}");
    for (const { path, description } of fields) expect(description, path).not.toBe("");
  });
});

describe("recipes in files", () => {
  test("loadRecipe() reads JSON and modules, and says what it cannot read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "zellige-recipe-"));
    try {
      writeFileSync(`${folder}/a.json`, '{"stage":"pretrain"}');
      writeFileSync(`${folder}/b.ts`, 'export default { stage: "probe" };');
      writeFileSync(`${folder}/c.json`, "{");
      writeFileSync(`${folder}/d.ts`, "export const x = 1;");
      expect(await loadRecipe(`${folder}/a.json`)).toEqual({ stage: "pretrain" });
      expect(await loadRecipe(`${folder}/b.ts`)).toEqual({ stage: "probe" });
      for (const name of ["c.json", "d.ts", "e.json"]) {
        expect(await loadRecipe(`${folder}/${name}`).catch((error) => error)).toBeInstanceOf(RecipeError);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("merge() goes field by field, and replaces lists and objects of another kind", () => {
  const base = { a: { b: 1, c: [1, 2] }, source: { kind: "cifar", path: "x" } };
  expect(merge(base, { a: { c: [3] }, source: { kind: "folder" } })).toEqual({ a: { b: 1, c: [3] }, source: { kind: "folder" } });
});

test("differences() names each value that is not the same", () => {
  const recipe = resolveRecipe({});
  expect(differences(recipe, resolveRecipe({ seed: 3, pretrain: { lr: 0.5 } }))).toEqual([
    "seed: 0 here, 3 there",
    `pretrain.lr: ${recipe.pretrain.lr} here, 0.5 there`,
  ]);
});

test("trainingFacts() counts steps by epochs, scales the rate with the batch and lets steps take the place of epochs", () => {
  const { pretrain } = resolveRecipe({ preset: "imagenet-base" });
  expect(trainingFacts(pretrain, 1_281_167)).toEqual({
    steps: 500_450, // BEiT says "about 500k"
    warmup: 6255,
    microBatch: 32,
    microBatchesPerEpoch: 40_036,
    lr: 1.5e-3,
  });
  expect(trainingFacts({ ...pretrain, batchSize: 256, accumulation: 1, steps: 10 }, 1000)).toMatchObject({ steps: 10, lr: 1.5e-3 / 8 });
});
