import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { draws } from "../random.ts";
import { testPicture } from "../test_picture.ts";
import {
  applyOperations,
  drawOperations,
  type Operation,
  type OperationName,
  operationNames,
  type RandAugmentSettings,
} from "./rand_augment.ts";

const settings: RandAugmentSettings = { layers: 2, magnitude: 9, magnitudeStd: 0.5, fill: [128, 128, 128] };

/** sha256 of what Pillow 12.3 gives for testPicture(53, 37): ImageOps, ImageEnhance, transform and rotate (bicubic, fill 128). */
const pillow: Record<string, string> = {
  "autoContrast 0": "10557a02e0ab60de",
  "equalize 0": "d65f8382dfb51183",
  "invert 0": "e7526d5dae3549d2",
  "rotate 27": "5e6330a29ade9b27",
  "rotate -13.5": "a7c5160011af4b0c",
  "posterize 1": "192bf6ee8beafca2",
  "posterize 3": "c3d3f803aef81f6d",
  "solarize 26": "2d01c033e4f84e0f",
  "solarize 120": "7accfdfb90106efe",
  "solarizeAdd 99": "8d69efc6738a3864",
  "shearX 0.27": "a6245c58011e663b",
  "shearY -0.3": "7300b18f194d7def",
  "translateX 0.4": "5bfddb0f09eb8de0",
  "translateY -0.123": "1a4f5e3c07d21055",
  "saturation 0.1": "ec3428dddb91fb30",
  "saturation 0.73": "cda152167abca781",
  "saturation 1.9": "26aabaa03f18b1a3",
  "contrast 0.1": "536e7798ac44118a",
  "contrast 0.73": "e8b6a28eb5986539",
  "contrast 1.9": "8ad66d3bc513c86c",
  "brightness 0.1": "cf0810b4a846b789",
  "brightness 0.73": "7f8ab82e2eaa94bc",
  "brightness 1.9": "9526ed638b2128c0",
  "sharpness 0.1": "e2327f8201a7539a",
  "sharpness 0.73": "e56020ba7c883740",
  "sharpness 1.9": "5c0eb3a991714da4",
};

test("every operation is equal to Pillow to the bit", () => {
  for (const [operation, hash] of Object.entries(pillow)) {
    const [name, value] = operation.split(" ");
    const { pixels } = applyOperations(testPicture(53, 37), [{ name: name as OperationName, value: Number(value) }], settings.fill);
    expect(createHash("sha256").update(pixels).digest("hex").slice(0, 16), operation).toBe(hash);
  }
  const named = new Set(Object.keys(pillow).map((operation) => operation.split(" ")[0]));
  expect([...named].sort()).toEqual([...operationNames].sort());
});

test("a picture of one colour has nothing to stretch or equalise", () => {
  const flat = { width: 4, height: 4, pixels: new Uint8Array(48).fill(77) };
  for (const name of ["autoContrast", "equalize"] as const) {
    expect(applyOperations(flat, [{ name, value: 0 }], settings.fill)).toEqual(flat);
  }
});

test("drawOperations() takes all operations equally often, half of them applied, in the ranges of the increasing set", () => {
  const counts = new Map<OperationName, Operation[]>();
  for (let index = 0; index < 15_000; index++) {
    for (const operation of drawOperations(draws({ seed: 1, epoch: 0, index }, "rand_augment"), settings)) {
      counts.set(operation.name, [...counts.get(operation.name) ?? [], operation].slice(-2000));
    }
  }
  const ranges: Partial<Record<OperationName, [number, number]>> = {
    rotate: [-30, 30],
    posterize: [0, 2],
    solarize: [0, 77],
    solarizeAdd: [77, 110],
    saturation: [0.1, 1.9],
    shearX: [-0.3, 0.3],
    translateY: [-0.45, 0.45],
  };
  for (const name of operationNames) {
    const values = counts.get(name)!.map(({ value }) => value);
    expect(values.length, name).toBeGreaterThan(880);
    expect(values.length, name).toBeLessThan(1120);
    const [low, high] = ranges[name] ?? [-2, 2];
    expect(Math.min(...values), name).toBeGreaterThanOrEqual(low);
    expect(Math.max(...values), name).toBeLessThanOrEqual(high);
  }
  const turns = counts.get("rotate")!.map(({ value }) => value);
  expect(Math.abs(turns.filter((value) => value < 0).length / turns.length - 0.5)).toBeLessThan(0.06);
  expect(Math.abs(turns.reduce((sum, value) => sum + Math.abs(value), 0) / turns.length - 27)).toBeLessThan(0.3);
});
