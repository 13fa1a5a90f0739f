import { ema } from "../../kernels/accumulate/accumulate.ts";
import { adamwRun, adamwStep } from "../../kernels/adamw/adamw.ts";
import { globalNorm } from "../../kernels/global_norm/global_norm.ts";
import { lossScale } from "../../kernels/loss_scale/loss_scale.ts";
import { ShapeError } from "../errors.ts";
import { constant, input, part, state, storage, type Tensor } from "../graph.ts";
import type { ParamSpec } from "../nn/parameters.ts";
import { type GradientPack, packGradients } from "./gradient_packs.ts";

/** What of AdamW does not change from step to step. */
export interface AdamwOptions {
  betas?: readonly [number, number];
  eps?: number;
  /** Largest global norm of the gradient; no clipping if absent. */
  clip?: number;
  /** Whether decay acts on a parameter, and its factor of the learning rate, by the parameter's name. */
  table?: Readonly<Record<string, Pick<ParamSpec, "decay" | "lrScale">>>;
  /** By what the loss was multiplied before its gradients were taken. Where they are not finite, the update is left out. */
  lossScale?: LossScale;
  /** Keeps an exponential moving average of the parameters too. */
  ema?: boolean;
  /** Begins the names of inputs and states; two optimizers in one program need different ones. */
  name?: string;
  /** Makes the states. What gives one state for one name lets several programs move the same moments. */
  makeState?: typeof state;
}

/** States of a dynamic loss scale. */
export interface LossScale {
  /** The factor (1) of the loss. */
  scale: Tensor;
  /** Updates (1) since it changed. */
  streak: Tensor;
}

/**
 * A loss scale that begins at 2^16, as torch's GradScaler: multiply the loss by `scale` for `gradients()`, and give it to `adamw()`.
 *
 * ```ts
 * import { adamw, compile, gradients, multiply, newLossScale, openDevice, parameters, sum } from "../../mod.ts";
 * const p = parameters({ w: { shape: [3], init: 1 } }), lossScale = newLossScale();
 * const loss = sum(multiply(p.w, p.w)), grads = gradients(multiply(loss, lossScale.scale), [p.w]);
 * const { updates, gradNorm, values } = adamw(p, grads, { lossScale });
 * const device = await openDevice({ device: "cpu", threads: 1 }), program = await compile(device, { gradNorm }, { updates });
 * program.write(values({ step: 0, lr: 0.1 }));
 * program.run();
 * console.assert(Math.abs(await program.readNumber("gradNorm") - Math.hypot(2, 2, 2)) < 1e-5);
 * program.destroy();
 * await device.destroy();
 * ```
 */
export function newLossScale(makeState = state): LossScale {
  return { scale: makeState("loss_scale", [1], () => [65536]), streak: makeState("loss_scale.streak", [1]) };
}

/** What changes per step. */
export interface AdamwStep {
  /** Counted from 0. */
  step: number;
  lr: number;
  weightDecay?: number;
  /** Needed where an average is kept. */
  emaDecay?: number;
}

/** An optimizer as tensors: what a program updates, and what is written before each run. */
export interface Adamw {
  /** For the `updates` of compile(). */
  updates: Tensor[];
  /** Global norm (1) of the gradient before clipping; 0 where the update was left out. */
  gradNorm: Tensor;
  /** With a loss scale: 1, or 0 where the update was left out (1). */
  taken?: Tensor;
  /** Values of the optimizer's inputs at a step, for program.write(). */
  values(at: AdamwStep): Record<string, number[]>;
  /** First and second moment of each parameter, for checkpoints. */
  moments: Record<string, { m: Tensor; v: Tensor }>;
  /** The average of each parameter, where `ema` asks for it: the same shapes, for a model to evaluate. */
  average: Record<string, Tensor>;
}

/**
 * AdamW with decoupled decay, global-norm clipping and a moving average over parameters made by `parameters()`.
 *
 * `grads` are the gradients of `params` in their order, or packs of `accumulateGradients()`. A parameter that is not among `params`
 * stays as it is, also where it shares a pack with one that is. Without a table, parameters of more than one axis decay.
 *
 * @example
 * ```ts
 * import { adamw, compile, gradients, multiply, openDevice, parameters, sum } from "../../mod.ts";
 * const p = parameters({ w: { shape: [3], init: 1 } });
 * const loss = sum(multiply(p.w, p.w));
 * const optimizer = adamw(p, gradients(loss, [p.w]), { clip: 3 });
 * const program = await compile(await openDevice({ device: "cpu" }), { loss, gradNorm: optimizer.gradNorm }, { updates: optimizer.updates });
 * for (let step = 0; step < 10; step++) {
 *   program.write(optimizer.values({ step, lr: 0.1, weightDecay: 0.05 }));
 *   program.run();
 * }
 * console.log(await program.readNumber("loss") < 0.1); // true
 * program.destroy();
 * ```
 */
export function adamw(
  params: Readonly<Record<string, Tensor>>,
  grads: readonly Tensor[] | readonly GradientPack[],
  {
    betas: [beta1, beta2] = [0.9, 0.999],
    eps = 1e-8,
    clip,
    table,
    lossScale: scaling,
    ema: averaged = false,
    name = "adamw",
    makeState = state,
  }: AdamwOptions = {},
): Adamw {
  const packs = arePacks(grads) ? grads : packGradients(params, grads);
  const scalars = input(`${name}.scalars`, [4]), decay = input(`${name}.ema_decay`, [1]);
  const whole = globalNorm(packs.map(({ gradient }) => gradient), scaling ? 0 : clip);
  const scaled = scaling && lossScale({ norm: whole.norm, ...scaling }, { clip }), { norm, coefficient } = scaled ?? whole;
  const updates = scaled?.updates ?? [], moments: Adamw["moments"] = {}, average: Adamw["average"] = {};
  for (const { parameters: p, gradient: g } of packs) {
    const members = Object.entries(params).filter(([, t]) => storage(t).root === p);
    const m = makeState(`${name}.m ${p.name}`, p.shape), v = makeState(`${name}.v ${p.name}`, p.shape);
    const factors = constant(`${name}.table ${p.name}`, [p.size / adamwRun, 2], factorsOf(p, members, table));
    const [nextP, nextM, nextV] = adamwStep({ p, m, v, g, table: factors, scalars, coefficient }, { beta1, beta2, eps });
    updates.push(nextP, nextM, nextV);
    const like = (pack: Tensor, kind: string, [key, t]: [string, Tensor]) =>
      part(pack, storage(t).offset, t.shape, `${name}.${kind} ${key}`);
    for (const member of members) moments[member[0]] = { m: like(m, "m", member), v: like(v, "v", member) };
    if (!averaged) continue;
    const e = makeState(`${name}.ema ${p.name}`, p.shape, p.leaf!.init);
    updates.push(ema(e, nextP, decay));
    for (const member of members) average[member[0]] = like(e, "ema", member);
  }
  return {
    updates,
    gradNorm: norm,
    ...scaled && { taken: scaled.taken },
    values({ step, lr, weightDecay = 0, emaDecay }) {
      const values = { [scalars.name]: [lr, weightDecay, 1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)] };
      return averaged ? { ...values, [decay.name]: [emaDecay ?? 1] } : values;
    },
    moments,
    average,
  };
}

function arePacks(grads: readonly Tensor[] | readonly GradientPack[]): grads is readonly GradientPack[] {
  return grads.length > 0 && "gradient" in grads[0];
}

/** Factors of learning rate and decay for each run of a pack; 0 for runs of parameters that the optimizer does not own. */
function factorsOf(pack: Tensor, members: readonly [string, Tensor][], table: AdamwOptions["table"]): Float32Array {
  if (pack.size % adamwRun) {
    throw new ShapeError(`adamw: ${pack} does not hold a multiple of ${adamwRun} values; make it with parameters()`);
  }
  const factors = new Float32Array(pack.size / adamwRun * 2);
  for (const [name, t] of members) {
    const { decay = t.shape.length > 1, lrScale = 1 } = table?.[name] ?? {};
    const first = storage(t).offset / adamwRun;
    for (let run = first; run < first + t.size / adamwRun; run++) factors.set([lrScale, decay ? 1 : 0], 2 * run);
  }
  return factors;
}
