import { expect, test } from "bun:test";
import { RecipeError } from "../errors.ts";
import { parameterGroups } from "./parameter_groups.ts";

const shapes = {
  "cls_token": [1, 1, 4],
  "mask_token": [1, 1, 4],
  "pos_embed": [1, 5, 4],
  "patch_embed.proj.weight": [4, 3, 2, 2],
  "rel_pos_bias.relative_position_bias_table": [12, 2],
  "blocks.0.gamma_1": [4],
  "blocks.1.attn.qkv.weight": [12, 4],
  "blocks.1.attn.q_bias": [4],
  "norm.weight": [4],
  "head.weight": [2, 4],
  "head.bias": [2, 1],
};

test("parameterGroups() decays matrices, the mask token and position tables, nothing else", () => {
  const groups = parameterGroups(shapes, { depth: 2 });
  expect(Object.keys(groups).filter((name) => groups[name].decay)).toEqual([
    "mask_token",
    "patch_embed.proj.weight",
    "rel_pos_bias.relative_position_bias_table",
    "blocks.1.attn.qkv.weight",
    "head.weight",
  ]);
});

test("parameterGroups() slows the layers down from the head to the embeddings", () => {
  const groups = parameterGroups(shapes, { depth: 2, layerDecay: 0.5 });
  expect(Object.values(groups).map(({ layer, lrScale }) => [layer, lrScale])).toEqual([
    ...[[0, 0.125], [0, 0.125], [0, 0.125], [0, 0.125], [3, 1]],
    ...[[1, 0.25], [2, 0.5], [2, 0.5], [3, 1], [3, 1], [3, 1]],
  ]);
  expect(Object.values(parameterGroups(shapes, { depth: 2 })).every(({ lrScale }) => lrScale === 1)).toBe(true);
});

test("parameterGroups() refuses another model's depth and a decay that is none", () => {
  expect(() => parameterGroups(shapes, { depth: 1 })).toThrow(RecipeError);
  expect(() => parameterGroups(shapes, { depth: 1 })).toThrow(/blocks.1.attn.qkv.weight is of block 1, the depth is 1/);
  for (const layerDecay of [0, -0.5, 1.1, NaN]) expect(() => parameterGroups(shapes, { depth: 2, layerDecay })).toThrow(/layerDecay is/);
});
