import { expect, test } from "bun:test";
import { CheckpointError, ShapeError } from "../../errors.ts";
import { beitConfig, presets } from "../../models/beit_config.ts";
import { relativePositionRows } from "../../models/relative_position.ts";
import { resizeAbsolutePositions, resizeRelativePositions } from "../../models/resize_positions.ts";
import { fitPositions } from "./fit_positions.ts";
import { asStored } from "./in_memory.ts";

const values = (shape: number[]) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)) });
const shared = "rel_pos_bias.relative_position_bias_table", own = (block: number) => `blocks.${block}.attn.relative_position_bias_table`;
const model = (options: object) => beitConfig({ ...presets.tiny, imageSize: 64, depth: 2, ...options });

test("the shared table is copied into every block of a fine-tuned model, but not over a table that is there", async () => {
  const given = { [shared]: values([52, 3]), [own(1)]: { shape: [52, 3], data: new Float32Array(156) }, "head.bias": values([2]) };
  const fitted = fitPositions(asStored(given), model({ relativePositions: "per-block" }));
  expect([...fitted.keys()].sort()).toEqual([own(0), own(1), "head.bias"].sort());
  expect(fitted.get(own(0))!.name).toBe(own(0));
  expect(await fitted.get(own(0))!.readFloat32()).toEqual(given[shared].data);
  expect(await fitted.get(own(1))!.readFloat32()).toEqual(new Float32Array(156));
});

test("a model with a shared table keeps it", () => {
  expect([...fitPositions(asStored({ [shared]: values([52, 3]) }), model({})).keys()]).toEqual([shared]);
});

test("tables and embeddings of another resolution are resized when they are read", async () => {
  const given = { [shared]: values([52, 3]), "pos_embed": values([1, 17, 4]) };
  const fitted = fitPositions(asStored(given), model({ imageSize: [96, 80] }));
  expect([fitted.get(shared)!.shape, fitted.get("pos_embed")!.shape]).toEqual([[relativePositionRows([6, 5]), 3], [1, 31, 4]]);
  expect(await fitted.get(shared)!.readFloat32()).toEqual(resizeRelativePositions(given[shared].data, 3, [4, 4], [6, 5]));
  expect(await fitted.get("pos_embed")!.readFloat32()).toEqual(resizeAbsolutePositions(given.pos_embed.data, 4, [4, 4], [6, 5]));
});

test("a window that is no square must be said", async () => {
  const given = asStored({ [shared]: values([relativePositionRows([3, 5]), 3]) });
  expect(() => fitPositions(given, model({}), { file: "a.pth" })).toThrow(CheckpointError);
  expect(() => fitPositions(given, model({}), { file: "a.pth" })).toThrow(
    /a.pth: rel_pos_bias.relative_position_bias_table \(48, 3\) is not of a square/,
  );
  expect(fitPositions(given, model({}), { from: [3, 5] }).get(shared)!.shape).toEqual([52, 3]);
  await expect(fitPositions(given, model({}), { from: [5, 5] }).get(shared)!.read()).rejects.toThrow(ShapeError);
});
