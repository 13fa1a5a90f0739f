import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { augment, type Augmentation, drawPlan, fineTuning, type Plan, pretraining } from "./augment.ts";
import { flip } from "./augment/flip.ts";
import { enhance } from "./augment/enhance.ts";
import { crop, resize } from "./resize.ts";
import { testPicture } from "./test_picture.ts";

const picture = testPicture(300, 220);
const plan = (index: number, settings: Augmentation = pretraining) => drawPlan(picture, settings, { seed: 9, epoch: 2, index });

test("augment() is jitter on the whole picture, flip, crop, then one resize for each view", () => {
  const box = { left: 30, top: 40, width: 200, height: 150 };
  const fixed: Plan = {
    jitter: [{ quality: "contrast", factor: 1.2 }, { quality: "saturation", factor: 0.7 }],
    flip: true,
    crop: box,
    operations: [],
    erase: null,
  };
  const jittered = enhance(enhance(picture, "contrast", 1.2), "saturation", 0.7), source = crop(flip(jittered), box);
  const [encoder, tokenizer] = augment(picture, fixed, pretraining);
  expect(encoder).toEqual(resize(source, 224, 224, "bicubic"));
  expect(tokenizer).toEqual(resize(source, 112, 112, "lanczos"));
});

test("augment() gives the same bytes in every runtime", () => {
  const hash = createHash("sha256");
  for (const settings of [pretraining, fineTuning]) {
    for (let index = 0; index < 12; index++) {
      for (const view of augment(picture, plan(index, settings), settings)) hash.update(view.pixels);
    }
  }
  expect(hash.digest("hex").slice(0, 32)).toBe("790c1ee615bd65055b29b856582c5c4f");
});

test("drawPlan() depends on the key, and a setting never moves the draws of another", () => {
  expect(plan(4)).toEqual(plan(4));
  expect(plan(5)).not.toEqual(plan(4));
  const bare = plan(4, { ...fineTuning, randAugment: null, erasing: null, flip: 0 });
  expect(bare).toEqual({ jitter: [], flip: false, crop: plan(4).crop, operations: [], erase: null });
  expect(plan(4, { ...pretraining, erasing: fineTuning.erasing })).toEqual({ ...plan(4), erase: plan(4, fineTuning).erase });
});

test("drawPlan() flips half of the pictures and jitters in every order by factors around 1", () => {
  const plans = Array.from({ length: 3000 }, (_, index) => plan(index));
  expect(Math.abs(plans.filter((drawn) => drawn.flip).length / 3000 - 0.5)).toBeLessThan(0.03);
  const orders = new Map<string, number>();
  for (const { jitter } of plans) {
    const order = jitter.map(({ quality }) => quality).join();
    orders.set(order, (orders.get(order) ?? 0) + 1);
    for (const { factor } of jitter) expect(factor >= 0.6 && factor < 1.4).toBe(true);
  }
  expect(orders.size).toBe(6);
  expect(Math.min(...orders.values())).toBeGreaterThan(400);
});
