// deno task train [DATA]: trains a small network on an IDX file, an image folder or pictures drawn by the program.

import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type DataSet, type DataSource, openDataSet } from "../data/datasets/mod.ts";
import { decode } from "../data/decode.ts";
import { epochOrder } from "../data/order.ts";
import { openDevice, type OpenOptions } from "../devices/mod.ts";
import { DataError, RecipeError, ZelligeError } from "../errors.ts";
import { vitTiny } from "../models/vit.ts";
import { type LabelledBatch, trainClassifier } from "../train/classifier.ts";
import { resize } from "../data/resize.ts";

const usage =
  `Usage: deno task train [DATA] [--steps 300] [--batch 32] [--lr 0.003] [--size PIXELS] [--seed 0] [--device auto|webgpu|native|dawn|cpu]

Trains a small vision transformer classifier and ends with its accuracy on held-out pictures. DATA is a folder of IDX files
under MNIST's names (or its file of training pictures), or a folder with train/ and val/, each with one folder per class.
Without DATA, the program draws mosaics and learns their motifs.`;

interface Sets {
  train: DataSet;
  heldOut: DataSet;
  /** Pixels a side. */
  size: number;
}

async function main(args: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        steps: { type: "string", default: "300" },
        batch: { type: "string", default: "32" },
        lr: { type: "string", default: "0.003" },
        size: { type: "string" },
        seed: { type: "string", default: "0" },
        device: { type: "string", default: "auto" },
      },
    });
  } catch (error) {
    console.error(`train: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const { values, positionals: [path, ...more] } = parsed;
  if (values.help) return console.log(usage), 0;
  try {
    if (more.length) throw new RecipeError(`train: one DATA is expected, ${more.length + 1} were given`);
    const number = (name: "steps" | "batch" | "lr" | "seed", least: number) => {
      const value = Number(values[name]);
      if (!(value >= least) || (name !== "lr" && !Number.isInteger(value))) {
        throw new RecipeError(
          `train: --${name} is ${values[name]}; give a ${name === "lr" ? "number above 0" : `whole number from ${least}`}`,
        );
      }
      return value;
    };
    await train(await openSets(path, values.size), {
      steps: number("steps", 1),
      batchSize: number("batch", 1),
      lr: number("lr", Number.MIN_VALUE),
      seed: number("seed", 0),
      device: values.device as OpenOptions["device"],
    });
    return 0;
  } catch (error) {
    if (!(error instanceof ZelligeError)) throw error;
    console.error(error.message);
    return error instanceof RecipeError ? 2 : 1;
  }
}

async function openSets(path: string | undefined, given?: string): Promise<Sets> {
  const size = (natural: number) => {
    const side = given === undefined ? natural : Number(given);
    if (!Number.isInteger(side) || side < vitTiny.patchSize || side % vitTiny.patchSize) {
      throw new RecipeError(`train: --size is ${given}; give a multiple of ${vitTiny.patchSize}`);
    }
    return side;
  };
  const open = async (train: DataSource, heldOut: DataSource, natural: number): Promise<Sets> => ({
    train: await openDataSet(train),
    heldOut: await openDataSet(heldOut),
    size: size(natural),
  });
  if (!path) {
    const side = size(32);
    return await open({ kind: "mosaics", size: side, length: 20_000, split: "train" }, {
      kind: "mosaics",
      size: side,
      length: 500,
      split: "test",
    }, side);
  }
  if (!existsSync(path)) throw new RecipeError(`train: ${path} does not exist; give a folder of IDX files or of pictures`);
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  if (["", ".gz"].some((end) => existsSync(`${folder}/train-images-idx3-ubyte${end}`))) {
    return await open({ kind: "idx", path: folder, split: "train" }, { kind: "idx", path: folder, split: "test" }, 28);
  }
  const held = ["val", "test"].find((name) => existsSync(`${path}/${name}`));
  if (!existsSync(`${path}/train`) || !held) {
    throw new RecipeError(
      `train: ${path} holds neither train-images-idx3-ubyte(.gz) nor train/ with val/ or test/; give a folder that does`,
    );
  }
  return await open({ kind: "image_folder", path: `${path}/train` }, { kind: "image_folder", path: `${path}/${held}` }, 32);
}

async function train(
  { train, heldOut, size }: Sets,
  { steps, batchSize, lr, seed, device: wanted }: {
    steps: number;
    batchSize: number;
    lr: number;
    seed: number;
    device: OpenOptions["device"];
  },
) {
  const classes = train.classes?.length ?? 10;
  const device = await openDevice({ device: wanted, log: console.log });
  try {
    console.log(
      `data: ${train.name}, ${train.length} pictures to train on, ${heldOut.length} held out, ${classes} classes, ${size} x ${size}`,
    );
    const started = performance.now();
    const result = await trainClassifier(device, {
      model: { ...vitTiny, imageSize: size, classes },
      batchSize,
      steps,
      lr,
      seed,
      logEvery: Math.max(1, Math.floor(steps / 20)),
      log({ step, loss, accuracy, gradNorm }) {
        const perStep = (performance.now() - started) / (step + 1);
        console.log(
          `step ${String(step + 1).padStart(String(steps).length)}/${steps}  loss ${loss.toFixed(4)}  accuracy ${
            (accuracy * 100).toFixed(0).padStart(3)
          } %  gradient norm ${gradNorm.toFixed(2)}  ${(batchSize * 1000 / perStep).toFixed(0)} pictures/s  ${
            (perStep * (steps - step - 1) / 1000).toFixed(0)
          } s left`,
        );
      },
      train: (step) => readBatch(train, trainingIndices(train.length, batchSize, step, seed), size),
      heldOut: async function* () {
        const most = Math.min(heldOut.length, 2000);
        for (let from = 0; from < most; from += batchSize) {
          yield await readBatch(heldOut, Array.from({ length: Math.min(batchSize, most - from) }, (_, i) => from + i), size);
        }
      },
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `held-out accuracy ${(result.accuracy * 100).toFixed(1)} % of ${result.heldOut} pictures (chance ${
        (100 / classes).toFixed(1)
      } %), loss ${result.loss.toFixed(4)}, ${seconds} s in all`,
    );
  } finally {
    await device.destroy();
  }
}

/** Every picture once per epoch, in an order that (seed, epoch) fixes. */
function trainingIndices(length: number, batchSize: number, step: number, seed: number): number[] {
  const perEpoch = Math.max(1, Math.floor(length / batchSize)), epoch = Math.floor(step / perEpoch);
  if (orders.at(-1)?.epoch !== epoch) orders.splice(0, orders.length, { epoch, order: epochOrder(length, { seed, epoch, shuffle: true }) });
  const { order } = orders[0];
  return Array.from({ length: batchSize }, (_, i) => order[((step % perEpoch) * batchSize + i) % length]);
}

const orders: { epoch: number; order: Uint32Array }[] = [];

async function readBatch(set: DataSet, indices: readonly number[], size: number): Promise<LabelledBatch> {
  const batch = { pictures: new Uint8Array(indices.length * size * size * 3), labels: new Uint32Array(indices.length) };
  for (const [i, index] of indices.entries()) {
    const { name, bytes, picture, label } = await set.read(index);
    const whole = picture ?? await decode(bytes!, { name });
    const fitted = whole.width === size && whole.height === size ? whole : resize(whole, size, size, "bilinear");
    batch.pictures.set(fitted.pixels, i * size * size * 3);
    if (label === undefined) throw new DataError(`${name}: has no label; a classifier needs one for every picture`);
    batch.labels[i] = label;
  }
  return batch;
}

process.exitCode = await main(process.argv.slice(2));
