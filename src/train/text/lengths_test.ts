import { afterAll, expect, test } from "bun:test";
import { openTextLoader, type TextBatch } from "../../data/text/text_batch.ts";
import { tokenise } from "../../data/text/text_set.ts";
import { specialTokens, wordPieceOf } from "../../data/text/word_piece.ts";
import { CpuDevice } from "../../devices/cpu.ts";
import { bertParams } from "../../models/bert.ts";
import { bertConfig } from "../../models/bert_config.ts";
import { parameters } from "../../nn/parameters.ts";
import { Update } from "../update.ts";
import { resolveTextRecipe } from "./recipe.ts";
import { maskedTextObjective } from "./objectives.ts";

const device = await CpuDevice.open({ threads: 1 });
afterAll(() => device.destroy());

const B = 4, T = 24, words = Array.from({ length: 30 }, (_, i) => `w${i}`), wordPiece = wordPieceOf([...specialTokens, ...words]);
const texts = Array.from({ length: 32 }, (_, i) => ({
  name: `text ${i}`,
  text: Array.from({ length: 1 + (i * 7) % 22 }, (_, w) => words[(i * i + 3 * w) % 30]).join(" "),
  label: -1,
}));
const set = tokenise({ name: "texts", texts }, wordPiece, { length: T });
const loaded = async (lengths: number[]): Promise<TextBatch[]> => {
  const options = { batchSize: B, shuffle: true, last: "drop", epochs: 1, state: { seed: 1, epoch: 0, position: 0 } } as const;
  return await Array.fromAsync(openTextLoader(set, { mask: { kind: "spans" }, lengths }, options));
};

test("a batch is as long as the shortest program that holds its texts, and texts of like length come together", async () => {
  const lengths = (await loaded([8, 16, T])).map(({ tokens }) => tokens.length / B);
  expect(lengths.toSorted((a, b) => a - b)).toEqual([8, 8, 16, 16, 16, T, T, T]);
  expect(lengths).not.toEqual(lengths.toSorted((a, b) => a - b));
});

for (const accumulation of [1, 2]) {
  test(`short programs learn what padded ones do, ${accumulation} micro-batches an update`, async () => {
    const config = bertConfig({
      vocab: wordPiece.size,
      dim: 16,
      depth: 2,
      heads: 2,
      positions: T,
      dropout: 0,
      initial: 0.2,
      boundary: { targets: 4, size: 8 },
    });
    // With this epsilon a gradient of mere rounding errors moves nothing.
    const options = { preset: "spanbert-tiny", pretrain: { accumulation, ema: 0.5, eps: 1e-3 } }, { pretrain } = resolveTextRecipe(options);
    const trained = async (lengths: number[]) => {
      const p = parameters(bertParams(config), { seed: 2 }),
        objective = maskedTextObjective(config, { batchSize: B, length: T }, { kind: "spans" });
      const judged = (length: number) => {
        const { losses, random } = maskedTextObjective(config, { batchSize: B, length }, { kind: "spans" });
        return losses(p, random);
      };
      const shapes = { of: ({ tokens }: Record<string, unknown>) => (tokens as Uint32Array).length / B, largest: T, judged };
      const update = await Update.compile(device, { params: p, ...judged(T), shapes }, pretrain), batches = await loaded(lengths);
      for (let step = 0; step < batches.length / accumulation; step++) {
        const group = batches.slice(step * accumulation, (step + 1) * accumulation).map(objective.inputs);
        await update.run(group, { step, lr: 1e-2, emaDecay: 0.5 });
      }
      const means = await update.means(), weights: number[][] = [];
      for (const t of Object.values(update.weights)) weights.push([...await update.program.read(t)]);
      update.destroy();
      return { means: Object.values(means), weights: weights.flat() };
    };
    const padded = await trained([T]), short = await trained([8, 16, T]);
    const farthest = (a: number[], b: number[]) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
    expect(farthest(short.means, padded.means)).toBeLessThan(1e-4);
    expect(farthest(short.weights, padded.weights)).toBeLessThan(1e-4);
  });
}
