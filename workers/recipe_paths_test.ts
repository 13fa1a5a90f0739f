import { expect, test } from "bun:test";
import { resolveAnyRecipe } from "../src/train/modality.ts";
import { tinyRecipe } from "../src/train/testing.ts";
import { pathsOf } from "./recipe_paths.ts";

test("pathsOf() finds every path of recipes of pictures and of texts, and no word that is none", () => {
  const pictures = tinyRecipe({
    data: { train: { kind: "idx", path: "/a", labels: "/b" }, heldOut: { kind: "imagenette", cache: "/c" } },
    tokenizer: { from: "/d/encoder.pkl,/d/decoder.pkl" },
    pretrain: { from: "/e" },
  });
  expect(pathsOf(pictures)).toEqual([
    ["data.train.path", "/a"],
    ["data.train.labels", "/b"],
    ["data.heldOut.cache", "/c"],
    ["tokenizer.from", "/d/encoder.pkl"],
    ["tokenizer.from", "/d/decoder.pkl"],
    ["pretrain.from", "/e"],
  ]);
  const texts = resolveAnyRecipe({
    preset: "bert-tiny",
    data: { texts: [{ kind: "lines", path: ["/a", "/b"] }], labelled: { kind: "lines", files: { good: "/c" } } },
    vocabulary: { from: "/d" },
  });
  expect(pathsOf(texts).map(([, path]) => path)).toEqual(["/a", "/b", "/c", "/d"]);
  expect(pathsOf(tinyRecipe())).toEqual([]);
});

test("pathsOf() refuses a split that leads elsewhere", () => {
  const recipe = tinyRecipe({ data: { train: { kind: "segmentation", path: "/a", classes: 2, split: "../../etc" } } });
  expect(() => pathsOf(recipe)).toThrow(/data\.train\.split "\.\.\/\.\.\/etc" is no name of a split/);
});
