// deno run -A bench/bert_bench.ts [--json] [--batch B] [--device native|dawn|cpu]…: tokens a second of pre-training bertMini.
// Each update is forward, backward, clipping and AdamW; 15 % of the tokens are masked, dropout is on. In the second row half of the
// batch's texts are padding throughout: shapes are static, so only attention and loss can save anything there.

import process from "node:process";
import { parseArgs } from "node:util";
import { mostPredictions } from "../src/data/text/mask_text.ts";
import type { MaskedTokens, TextBatch } from "../src/data/text/text_batch.ts";
import { type Device, type DeviceKind, openDevice } from "../src/devices/mod.ts";
import { DeviceError } from "../src/errors.ts";
import { gradients } from "../src/gradients.ts";
import { bertParams } from "../src/models/bert.ts";
import { bertConfig, bertMini } from "../src/models/bert_config.ts";
import { parameters } from "../src/nn/parameters.ts";
import { adamw } from "../src/optim/adamw.ts";
import { compile } from "../src/program.ts";
import { maskedTextObjective } from "../src/train/text/objectives.ts";
import { measure } from "./measure.ts";

const usage = `Usage: deno run -A bench/bert_bench.ts [--json] [--batch B] [--device native|dawn|cpu]…

Times pre-training of bertMini (11 million parameters, vocabulary 30522) on batches of B texts of 128 tokens (8 if absent).`;

const T = 128, config = bertConfig({ ...bertMini, positions: T });

/** B texts of T tokens, of which the last `empty` are padding. */
function batchOf(B: number, empty: number): TextBatch {
  const P = mostPredictions(T), M = B * P, full = B - empty;
  const keys = new Float32Array(B * T).fill(1, 0, full * T), weights = new Float32Array(M).fill(1, 0, full * P);
  const spread = (size: number, of: number, first = 0) => new Uint32Array(size).map((_, i) => first + (i * 7919) % of);
  const rows = new Uint32Array(M).map((_, i) => weights[i] ? Math.floor(i / P) * T + 1 + (i % P) * 6 : 0), none = new Uint32Array(M);
  const masked: MaskedTokens = { rows, weights, targets: spread(M, 29_000, 1000), left: none, right: none, offset: none, bounded: weights };
  const tokens = spread(B * T, 29_000, 1000).map((token, i) => keys[i] ? token : 0);
  return {
    tokens,
    keys,
    masked,
    labels: new Int32Array(B).fill(-1),
    weights: new Float32Array(B).fill(1, 0, full),
    names: new Array(B).fill(""),
    skipped: [],
  };
}

async function tokensPerSecond(device: Device, B: number): Promise<{ texts: string; ms: number; tokensPerSecond: number }[]> {
  const table = bertParams(config), p = parameters(table), objective = maskedTextObjective(config, { batchSize: B, length: T }, {});
  const { loss } = objective.losses(p, objective.random), optimizer = adamw(p, gradients(loss, Object.values(p)), { table, clip: 1 });
  const program = await compile(device, { loss }, { updates: optimizer.updates });
  try {
    const rows = [];
    for (const [texts, empty] of [["all full", 0], ["half of them padding", B / 2]] as const) {
      program.write({ ...objective.inputs(batchOf(B, empty)), random: [0, 0], ...optimizer.values({ step: 0, lr: 1e-4 }) });
      const { ms } = await measure(program, { rounds: 3 });
      rows.push({ texts, ms, tokensPerSecond: 1000 * (B - empty) * T / ms });
    }
    return rows;
  } finally {
    program.destroy();
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
  if (!(B >= 2 && B % 2 === 0)) return console.error(`bert_bench: --batch is ${batch}; give an even number from 2`), 2;
  for (const kind of wanted ?? ["native", "dawn", "cpu"]) {
    try {
      const device = await openDevice({ device: kind as DeviceKind });
      try {
        for (const row of await tokensPerSecond(device, B)) {
          if (json) console.log(JSON.stringify({ case: "pre-training bertMini", device: kind, batch: B, ...row }));
          else {
            console.log(
              `bertMini, ${B} texts of ${T}, ${row.texts.padEnd(20)} ${kind.padEnd(7)} ${row.ms.toFixed(0).padStart(6)} ms ${
                row.tokensPerSecond.toFixed(0).padStart(7)
              } tokens/s`,
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
