// deno run -A bench/data_bench.ts [--json]: what one thread does to a photo on its way into a batch, beside PIL where python3 has it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { augment, drawPlan, fineTuning, pretraining } from "../src/data/augment.ts";
import { viewsByStep, viewsSimd } from "../src/data/augment/views.ts";
import { decode } from "../src/data/decode.ts";
import { brokenPictures, tinyJpeg } from "../src/data/decode/tiny_pictures.ts";
import type { Picture } from "../src/data/picture.ts";
import { resizePlain } from "../src/data/resize/plain.ts";
import { resizeSimd } from "../src/data/resize/simd.ts";
import { pilMilliseconds } from "./pil.ts";

const photos = fileURLToPath(
  new URL("../../shared/data/imagenet-photos/images/", import.meta.url),
);
const PHOTOS = 400, ROUNDS = 3;

interface Row {
  case: string;
  /** Milliseconds of CPU a picture, median of the rounds: other programs on the machine disturb it less than the clock. */
  ms: number;
  note?: string;
}

/** Milliseconds of CPU that this process has used. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Median over the rounds of the mean time of one of `n` works. */
async function time(
  n: number,
  work: (i: number, round: number) => unknown,
): Promise<number> {
  const times: number[] = [];
  for (let round = -1; round < ROUNDS; round++) { // round -1 warms up
    const start = cpu();
    for (let i = 0; i < n; i++) await work(i, round);
    if (round >= 0) times.push((cpu() - start) / n);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

const perSecond = (ms: number) => `${(1000 / ms).toFixed(0)} pictures/s`;

async function photoRows(
  files: Uint8Array[],
  peer: number | null,
): Promise<Row[]> {
  const pictures: Picture[] = [];
  for (const [i, file] of files.entries()) {
    pictures.push(await decode(file, { name: `photo ${i}` }));
  }
  const key = (index: number, round: number) => ({
    seed: 1,
    epoch: round + 1,
    index,
  });
  const whole = async (i: number, round: number) => {
    const picture = await decode(files[i], { name: `photo ${i}` });
    augment(
      picture,
      drawPlan(picture, pretraining, key(i, round)),
      pretraining,
    );
  };
  const staged = (settings: typeof pretraining) => (i: number, round: number) =>
    augment(
      pictures[i],
      drawPlan(pictures[i], settings, key(i, round)),
      settings,
    );

  const n = files.length, all = await time(n, whole);
  const rows = [
    {
      case: "decode, jitter, two views",
      ms: all,
      note: perSecond(all) + (peer ? `, ${(peer / all).toFixed(2)} x PIL` : ""),
    },
    {
      case: "  decode",
      ms: await time(n, (i) => decode(files[i], { name: "" })),
    },
    { case: "  jitter, two views", ms: await time(n, staged(pretraining)) },
    {
      case: "  two views",
      ms: await time(n, staged({ ...pretraining, jitter: 0 })),
    },
    { case: "fine-tuning view", ms: await time(n, staged(fineTuning)) },
  ];
  return peer
    ? [...rows, {
      case: "PIL: decode, jitter, two views",
      ms: peer,
      note: perSecond(peer),
    }]
    : rows;
}

async function kernelRows(): Promise<Row[]> {
  const [width, height] = [500, 375], box = { left: 0, top: 0, width, height };
  const picture: Picture = {
    width,
    height,
    pixels: Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => (i * 7919) >> 3,
    ),
  };
  const jitter = (["contrast", "saturation", "brightness"] as const).map((quality) => ({ quality, factor: 1.2 }));
  const plan = { jitter, flip: true, crop: { left: 70, top: 50, width: 370, height: 280 } };
  const { views } = pretraining, into = views.map(({ size }) => new Uint8Array(size * size * 3));
  const pairs: [string, () => unknown, () => unknown][] = [
    [
      "500x375 to 224, bicubic",
      () => resizePlain(picture, box, 224, 224, "bicubic"),
      () => resizeSimd(picture, box, 224, 224, "bicubic"),
    ],
    [
      "500x375 to 112, lanczos",
      () => resizePlain(picture, box, 112, 112, "lanczos"),
      () => resizeSimd(picture, box, 112, 112, "lanczos"),
    ],
    [
      "500x375 jitter, crop, two views",
      () => viewsByStep(picture, plan, views, into),
      () => viewsSimd(picture, plan, views, into),
    ],
  ];
  const rows: Row[] = [];
  for (const [name, plain, simd] of pairs) {
    const slow = await time(15, plain), fast = await time(15, simd);
    rows.push({ case: `${name}, plain`, ms: slow }, {
      case: `${name}, WASM SIMD`,
      ms: fast,
      note: `${(slow / fast).toFixed(1)} x plain`,
    });
  }
  return rows;
}

/** A thousand files that break the decoder, then three thousand good ones: all must decode, and memory must not grow. */
async function enduranceRow(): Promise<Row> {
  const memory = () => process.memoryUsage().rss / 2 ** 20,
    [broken] = brokenPictures();
  let refused = 0, before = 0;
  for (let i = 0; i < 1000; i++) {
    await decode(broken, { name: "broken" }).catch(() => refused++);
    if (i === 99) before = memory();
  }
  const start = cpu();
  for (let i = 0; i < 3000; i++) await decode(tinyJpeg, { name: "good" });
  return {
    case: "3000 tiny JPEGs after 1000 broken",
    ms: (cpu() - start) / 3000,
    note: `${refused} refused, memory ${before.toFixed(0)} MB after 100, ${memory().toFixed(0)} MB at the end`,
  };
}

export async function main(args: string[]): Promise<number> {
  const rows: Row[] = [];
  if (existsSync(photos)) {
    const files = readdirSync(photos).sort().slice(0, PHOTOS).map((name) => readFileSync(photos + name));
    const peer = pilMilliseconds(photos, { photos: PHOTOS, rounds: ROUNDS });
    if (peer === null) {
      console.log("data: python3 has no PIL, so the peer is left out");
    }
    rows.push(...await photoRows(files, peer));
  } else {console.log(
      "data: no ../shared/data/imagenet-photos, so the rows over photos are left out",
    );}
  rows.push(...await kernelRows(), await enduranceRow());
  for (const row of rows) {
    console.log(
      args.includes("--json") ? JSON.stringify(row) : `${row.case.padEnd(36)} ${row.ms.toFixed(3).padStart(9)} ms  ${row.note ?? ""}`,
    );
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
