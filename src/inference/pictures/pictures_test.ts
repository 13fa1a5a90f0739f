import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { decode } from "../../data/decode.ts";
import { type Device, openDevice } from "../../devices/mod.ts";
import { Run } from "../../train/run.ts";
import { type PictureKind, readEvaluation, readReportInputs } from "../../train/report/inputs.ts";
import { reportPage } from "../../train/report/page.ts";
import { tinyRecipe, toEnd } from "../../train/testing.ts";
import { decidedHeads } from "./encoder_pictures.ts";
import { drawRun } from "./mod.ts";

const steps = { steps: 3, batchSize: 4, warmupSteps: 1 };
const recipe = (stage: "tokenizer" | "pretrain") =>
  tinyRecipe({
    stage,
    tokenizer: { ...steps, model: { form: "customized", vocab: 16, codebookDim: 8, layers: 2, residual: false, hidden: 8 } },
    pretrain: { ...steps, minBlock: 1 },
  });

let device: Device, folder: string, run: Run;
beforeAll(async () => {
  device = await openDevice({ device: "cpu", threads: 1 });
  folder = mkdtempSync(`${tmpdir()}/zellige-pictures-`);
  run = Run.create(folder, recipe("tokenizer"), "run");
  await toEnd({ run });
});
afterAll(async () => {
  await device.destroy();
  rmSync(folder, { recursive: true });
});

const sizeOf = async (file: string) => {
  const { width, height } = await decode(readFileSync(`${run.pictureFolder}/${file}`), { name: file });
  return [width, height];
};

test("a run with a tokenizer alone has its inputs, reconstructions, codes and token maps", async () => {
  expect(await drawRun(run, device)).toEqual(["inputs.png", "reconstructions.png", "samples.png"]);
  const cells = (n: number, side: number, gap = 4) => n * (side + gap) - gap;
  const { width, height } = await decode(readFileSync(`${run.pictureFolder}/reconstructions.png`), { name: "reconstructions" });
  expect((width + 4) / 8).toBe((height + 4) / 5); // eight pictures; themselves, three temperatures, one token each
  expect(await sizeOf("samples.png")).toEqual([cells(16, ((width + 4) / 8 - 4) / 2, 2), ((width + 4) / 8 - 4) / 2]);
  const { tokenMaps } = readEvaluation(run.path);
  expect(tokenMaps).toHaveLength(8);
  expect(tokenMaps!.every(({ tokens, rows, columns, vocab }) => tokens.length === rows * columns && vocab === 16)).toBe(true);
  const { encoder: { imageSize, patchSize } } = recipe("tokenizer");
  expect(tokenMaps![0]).toMatchObject({ rows: imageSize / patchSize, columns: imageSize / patchSize }); // as it was trained
});

test("with an encoder it has every kind of picture, drawn twice the same, and the report shows them", async () => {
  await toEnd({ run: Run.open(run.path, recipe("pretrain")) });
  const drawn = await drawRun(Run.open(run.path), device);
  const kinds: PictureKind[] = ["inputs", "reconstructions", "samples", "masks", "predictions", "neighbours", "attention"];
  expect(drawn.toSorted()).toEqual(kinds.map((kind) => `${kind}.png`).sort());
  expect(readdirSync(run.pictureFolder).sort()).toEqual(drawn.toSorted());
  expect(await sizeOf("inputs.png")).toEqual([8 * 12 - 4, 8]);
  expect(await sizeOf("predictions.png")).toEqual([4 * 12 - 4, 8 * 12 - 4]);
  expect(await sizeOf("neighbours.png")).toEqual([7 * 12 - 4, 8 * 12 - 4]);
  expect(await sizeOf("attention.png")).toEqual([3 * 12 - 4, 6 * 12 - 4]);

  const bytes = () => drawn.map((file) => readFileSync(`${run.pictureFolder}/${file}`).toString("base64")), before = bytes();
  await drawRun(Run.open(run.path), device);
  expect(bytes()).toEqual(before);
  expect(reportPage(readReportInputs(run.path)).match(/<img /g)).toHaveLength(drawn.length);
});

test("a run without a checkpoint draws nothing", async () => {
  expect(await drawRun(Run.create(folder, recipe("tokenizer"), "new"), device)).toEqual([]);
});

test("decidedHeads() puts the head first that looks at one place", () => {
  const weights = Float32Array.of(0.25, 0.25, 0.25, 0.25, 0, 1, 0, 0, 0.5, 0.5, 0, 0);
  expect(decidedHeads({ ms: 0, heads: 3, grid: [2, 2], weights }, 1)).toEqual([1, 2, 0]);
});
