// deno run -A bench/bert_bench.ts [--json] [--batch B] [--device native|dawn|cpu]…: tokens a second of pre-training bertMini.
// Each update is forward, backward, clipping and AdamW; 15 % of the tokens are masked, dropout is on. Padding is no token: the second row
// pays for it, the third has a program for each of four lengths. A CPU second is of all threads.

import process from "node:process";
import { parseArgs } from "node:util";
import { batchLengths, openTextLoader, type TextBatch } from "../src/data/text/text_batch.ts";
import { TextSet } from "../src/data/text/text_set.ts";
import { specialTokens, wordPieceOf } from "../src/data/text/word_piece.ts";
import { type Device, type DeviceKind, openDevice } from "../src/devices/mod.ts";
import { DeviceError } from "../src/errors.ts";
import { bertParams } from "../src/models/bert.ts";
import { bertConfig, bertMini } from "../src/models/bert_config.ts";
import { parameters } from "../src/nn/parameters.ts";
import { maskedTextObjective } from "../src/train/text/objectives.ts";
import { resolveTextRecipe } from "../src/train/text/recipe.ts";
import { Update, type Values } from "../src/train/update.ts";

const usage = `Usage: deno run -A bench/bert_bench.ts [--json] [--batch B] [--device native|dawn|cpu]…

Times pre-training of bertMini (11 million parameters, vocabulary 30522) on batches of B texts of up to 128 tokens (8 if absent).`;

const T = 128, config = bertConfig({ ...bertMini, positions: T });

/** Texts of these lengths, of words that are nowhere twice in a row. */
function textsOf(lengths: number[]): TextSet {
  const wordPiece = wordPieceOf([...specialTokens, ...Array.from({ length: config.vocab - specialTokens.length }, (_, i) => `w${i}`)]);
  const samples = lengths.map((length, n) => ({
    name: `text ${n}`,
    ids: Uint32Array.from(
      { length },
      (_, i) => i === 0 ? wordPiece.cls : i === length - 1 ? wordPiece.sep : 1000 + (n * 104729 + i * 7919) % 29_000,
    ),
    label: -1,
  }));
  return new TextSet("texts", samples, T, wordPiece);
}

interface Row {
  texts: string;
  /** Milliseconds of an update, and tokens a second. */
  ms: number;
  tokensPerSecond: number;
  /** Seconds of CPU for a thousand tokens. */
  cpuSeconds: number;
}

async function measured(device: Device, B: number): Promise<Row[]> {
  const { pretrain } = resolveTextRecipe({ preset: "bert-tiny" }), p = parameters(bertParams(config));
  const objectives = new Map(batchLengths(T).map((length) => [length, maskedTextObjective(config, { batchSize: B, length }, {})]));
  const judged = (length: number) => objectives.get(length)!.losses(p, objectives.get(length)!.random);
  const shapes = { of: ({ tokens }: Values) => (tokens as Uint32Array).length / B, largest: T, judged };
  const update = await Update.compile(device, { params: p, ...judged(T), shapes }, pretrain), { inputs } = objectives.get(T)!;
  const run = async (batch: TextBatch, step: number) => {
    await update.run([{ ...inputs(batch), random: [0, step] }], { step, lr: 1e-4, weightDecay: 0.01 });
    await device.idle();
  };
  const mixed = Array.from({ length: 8 * B }, (_, i) => 8 + (i * 7919) % 121), full = Array.from({ length: 4 * B }, () => T);
  const rows: Row[] = [];
  try {
    for (
      const [texts, lengths, programs] of [
        [`all of ${T} tokens`, full, [T]],
        [`8 to ${T} tokens, padded to ${T}`, mixed, [T]],
        [`8 to ${T} tokens, padded to their batch`, mixed, batchLengths(T)],
      ] as const
    ) {
      const state = { seed: 0, epoch: 0, position: 0 }, options = { batchSize: B, shuffle: true, last: "drop", epochs: 1, state } as const;
      const batches = await Array.fromAsync(openTextLoader(textsOf(lengths), { mask: {}, lengths: programs }, options));
      for (const length of programs) await run(batches.find(({ tokens }) => tokens.length === B * length)!, 0); // compiles
      const start = performance.now(), cpu = process.cpuUsage();
      for (const [step, batch] of batches.entries()) await run(batch, step);
      const ms = performance.now() - start, { user, system } = process.cpuUsage(cpu), tokens = lengths.reduce((a, b) => a + b, 0);
      rows.push({ texts, ms: ms / batches.length, tokensPerSecond: 1000 * tokens / ms, cpuSeconds: (user + system) / 1000 / tokens });
    }
    return rows;
  } finally {
    update.destroy();
  }
}

export async function main(args: string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        batch: { type: "string", default: "8" },
        device: { type: "string", multiple: true },
      },
    }));
  } catch (error) {
    return console.error(`bert_bench: ${(error as Error).message}\n\n${usage}`), 2;
  }
  const { json, help, batch, device: wanted } = values, B = Number(batch);
  if (help) return console.log(usage), 0;
  if (!(B >= 1 && Number.isInteger(B))) return console.error(`bert_bench: --batch is ${batch}; give a whole number from 1`), 2;
  for (const kind of wanted ?? ["native", "dawn", "cpu"]) {
    try {
      const device = await openDevice({ device: kind as DeviceKind });
      try {
        for (const row of await measured(device, B)) {
          const { texts, ms, tokensPerSecond, cpuSeconds } = row;
          if (json) console.log(JSON.stringify({ case: "pre-training bertMini", device: kind, batch: B, ...row }));
          else {
            console.log(
              `bertMini, ${B} texts, ${texts.padEnd(39)} ${kind.padEnd(7)} ${ms.toFixed(0).padStart(6)} ms ${
                tokensPerSecond.toFixed(0).padStart(7)
              } tokens/s ${cpuSeconds.toFixed(2).padStart(6)} s of CPU per 1000 tokens`,
            );
          }
        }
      } finally {
        await device.destroy();
      }
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      console.error(`bert_bench: ${error.message}`);
    }
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
