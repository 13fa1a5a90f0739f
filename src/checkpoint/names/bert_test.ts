import { expect, test } from "bun:test";
import { fromBert, toBert } from "./bert.ts";
import { asStored } from "./in_memory.ts";

const self = "encoder.layer.0.attention.self";
const vector = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
const encoder = asStored({
  "embeddings.word_embeddings.weight": { shape: [2, 1], data: Float32Array.of(1, 2) },
  "embeddings.position_ids": vector(0, 1),
  "embeddings.LayerNorm.gamma": vector(5),
  [`${self}.query.bias`]: vector(1, 2),
  [`${self}.key.bias`]: vector(3, 4),
  [`${self}.value.bias`]: vector(5, 6),
});

test("toBert() joins query, key and value, and knows the names of old files and of the bare encoder", async () => {
  const made = toBert(encoder);
  expect([...made.keys()]).toEqual([
    "bert.embeddings.word_embeddings.weight",
    "bert.embeddings.LayerNorm.weight",
    `bert.${self}.qkv.bias`,
  ]);
  expect([...await made.get(`bert.${self}.qkv.bias`)!.readFloat32()]).toEqual([1, 2, 3, 4, 5, 6]);
});

test("fromBert() gives back what toBert() joined", async () => {
  const back = fromBert(toBert(encoder));
  expect([...await back.get(`bert.${self}.key.bias`)!.readFloat32()]).toEqual([3, 4]);
  expect(back.has(`bert.${self}.qkv.bias`)).toBe(false);
  expect([...toBert(back).keys()]).toEqual([...toBert(encoder).keys()]);
});

test("toBert() names what is missing, doubled or of another model", () => {
  const without = new Map([...encoder].filter(([name]) => !name.includes("key")));
  expect(() => toBert(without, "a.safetensors")).toThrow(
    `a.safetensors: bert.${self}.query.bias is there, bert.${self}.key.bias is missing`,
  );
  const doubled = new Map([...encoder, ["bert.embeddings.LayerNorm.weight", encoder.get("embeddings.LayerNorm.gamma")!]]);
  expect(() => toBert(doubled)).toThrow("two tensors stand for bert.embeddings.LayerNorm.weight");
  expect(() => toBert(asStored({ "blocks.0.norm1.weight": vector(1) }))).toThrow(
    "its 1 names (blocks.0.norm1.weight, ...) are not those of a BERT",
  );
});
