// The training loop: one batch ahead of the device, which it waits for only when it logs. It knows neither the model nor HTTP; `on` is how
// others take part.

import process from "node:process";
import type { Batch as AnyBatch, PlacedData } from "../data/loader.ts";
import { ZelligeError } from "../errors.ts";
import type { LoaderState } from "../data/order.ts";
import type { MetricLine } from "./run/metrics.ts";
import type { Learning } from "./stage.ts";

type Batch = AnyBatch<PlacedData>;

/** Where a training stands between two updates: all that a checkpoint adds to the states on the device. */
export interface LoopState {
  /** Updates done. */
  step: number;
  loader: LoaderState;
  /** Pictures left out so far. */
  skipped: number;
}

export interface LoopOptions {
  learning: Learning<PlacedData>;
  from: LoopState;
  seed: number;
  logEvery: number;
  on: {
    /** Called every `logEvery` updates and at the end. */
    log(line: Required<Pick<MetricLine, "train" | "schedule" | "speed" | "memory">>, state: LoopState): void;
    /** Called after every update: "stop" leaves the loop. What it waits for, the loop waits for. */
    edge(state: LoopState): Promise<"go on" | "stop">;
    /** The loss is no number: the batches since it last was one, by update. */
    lost(batches: { step: number; names: string[]; indices: number[]; epoch: number }[]): void;
  };
}

/** A loss scale below which it is not the scale that makes gradients infinite. */
const leastLossScale = 2 ** -24;

/**
 * Trains up to the learning's last update, or until an edge says stop; gives where it stands then.
 *
 * @throws ZelligeError when the loss is not a number any more.
 */
export async function loop({ learning, from, seed, logEvery, on }: LoopOptions): Promise<LoopState> {
  const { facts: { steps }, training: { accumulation, ema, weightDecay }, update } = learning;
  if (from.step >= steps) return from;
  const loader = learning.batches(from.loader), batches = loader[Symbol.asyncIterator]();
  let state = from, next = take(batches, accumulation), seen: Batch[][] = [], waited = 0, pictures = 0, since = performance.now();
  try {
    while (state.step < steps) {
      const asked = performance.now(), group = await next, { step } = state;
      waited += performance.now() - asked;
      if (step + 1 < steps) next = take(batches, accumulation);
      next.catch(() => {}); // seen when its turn comes

      const { lr, ...schedule } = learning.schedule(step);
      const random = (part: number) => ({ random: [seed, step * accumulation + part] });
      const inputs = group.map((batch, part) => ({ ...random(part), ...schedule, ...learning.inputs(batch, { step, part }) }));
      await update.run(inputs, { step, lr, weightDecay, emaDecay: ema ?? undefined });
      state = { step: step + 1, loader: group.at(-1)!.next, skipped: from.skipped + loader.skipped };
      seen.push(group);
      pictures += group.reduce((sum, { weights }) => sum + weights.reduce((a, b) => a + b, 0), 0);

      if (state.step % logEvery === 0 || state.step === steps) {
        const train = await update.means(), time = performance.now() - since;
        if (train.lossScale < leastLossScale) {
          throw new ZelligeError(
            `train: gradients leave the range of f16 near step ${step} though the loss scale fell to ${train.lossScale}; set precision to f32`,
          );
        }
        if (!Number.isFinite(train.loss)) {
          on.lost(seen.flatMap((group, i) => group.map((batch) => replay(batch, state.step - seen.length + i))));
          throw new ZelligeError(`train: the loss is ${train.loss} near step ${step}, learning rate ${lr}; lower the rate or clip harder`);
        }
        const speed = { dataWait: waited / time, picturesPerSecond: 1000 * pictures / time, epoch: group[0].epoch, skipped: state.skipped };
        const memory = { planned: update.bytes, resident: 1024 * process.resourceUsage().maxRSS };
        on.log({ train, schedule: { lr, ...schedule }, speed, memory }, state);
        [seen, waited, pictures, since] = [[], 0, 0, performance.now()];
      }
      await macrotask(); // a pause or a stop may be waiting
      if (await on.edge(state) === "stop") break;
    }
    return state;
  } finally {
    await batches.return?.().catch(() => {});
    await loader.close();
  }
}

/** The micro-batches of one update. */
async function take(batches: AsyncIterator<Batch>, count: number): Promise<Batch[]> {
  const group: Batch[] = [];
  while (group.length < count) {
    const { value, done } = await batches.next();
    if (done) throw new ZelligeError("train: the data ended before the training; give more epochs of it");
    group.push(value);
  }
  return group;
}

const replay = ({ names, indices, epoch }: Batch, step: number) => ({ step, epoch, names, indices: [...indices] });

const macrotask = () => new Promise<void>((resolve) => setImmediate(resolve));
