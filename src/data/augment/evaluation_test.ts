import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { testPicture } from "../test_picture.ts";
import { evaluationView, publishedCropShare } from "./evaluation.ts";

test("evaluationView() is equal to torchvision's Resize and CenterCrop on Pillow to the bit", () => {
  // Width, height, size, share, sha256 of what Pillow 12.3 gives.
  const cases = [[53, 37, 32, 0.875, "497a16ba40ae0464"], [40, 101, 24, 0.875, "f103579a08fafb0a"], [
    53,
    37,
    32,
    1,
    "42c8e0f865543df2",
  ]] as const;
  for (const [width, height, size, share, hash] of cases) {
    const view = evaluationView(testPicture(width, height), size, "bicubic", share);
    expect([view.width, view.height]).toEqual([size, size]);
    expect(createHash("sha256").update(view.pixels).digest("hex").slice(0, 16)).toBe(hash);
  }
});

test("evaluationView() keeps 224 of 256 below a size of 384 and everything from there on", () => {
  expect([publishedCropShare(224), publishedCropShare(384)]).toEqual([0.875, 1]);
  expect(evaluationView(testPicture(300, 20), 32).pixels.length).toBe(32 * 32 * 3);
});
