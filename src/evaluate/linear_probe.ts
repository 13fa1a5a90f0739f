// The linear probe: multinomial logistic regression on standardised frozen features, fitted with all rows at once.
import type { Device } from "../devices/device.ts";
import { ShapeError } from "../errors.ts";
import { checkFinite, type Features } from "./features.ts";
import { accuracy } from "./knn.ts";
import { lbfgs } from "./lbfgs.ts";
import { logisticLoss } from "./logistic_loss.ts";
import { fitStandardiser, standardise, type Standardiser } from "./standardise.ts";

export interface LinearProbe {
  standardiser: Standardiser;
  classes: number;
  /** (K, C + 1): each class's weights, then its bias. */
  weights: Float64Array;
  /** Factor of the squared weights in the loss. */
  l2: number;
}

export interface ProbeOptions {
  /** K; one more than the largest label if absent. */
  classes?: number;
  /** Factors to try, strongest first; the best on the validation part is taken, of equal ones the strongest. */
  l2?: readonly number[];
  /** Most evaluations of the loss for each factor; 100 if absent. */
  evaluations?: number;
}

export interface Labelled {
  features: Features;
  labels: ArrayLike<number>;
}

/**
 * Fits a probe on `train`; `validation` chooses its regularisation. Everything but the choice of the device's kernels is float64 on the
 * host, and nothing is drawn at random, so a probe is a function of its inputs.
 *
 * @throws ShapeError when widths or labels do not fit, or a feature is not finite.
 *
 * ```ts
 * import { CpuDevice } from "../devices/cpu.ts";
 * import { features } from "./features.ts";
 * const device = await CpuDevice.open({ threads: 1 }), labels = [0, 1, 0, 1, 0, 1];
 * const table = features(Float32Array.of(-2, 2, -1, 1, -3, 3), 1);
 * const probe = await linearProbe(device, { features: table, labels }, { features: table, labels });
 * console.assert(probeClassify(probe, features(Float32Array.of(5), 1))[0] === 1);
 * await device.destroy();
 * ```
 */
export async function linearProbe(
  device: Device,
  train: Labelled,
  validation: Labelled,
  { classes = largest(train.labels, validation.labels) + 1, l2: factors = [0.1, 0.01, 0.001, 0.0001], evaluations = 100 }: ProbeOptions =
    {},
): Promise<LinearProbe> {
  checkFinite(train.features, "linearProbe, training");
  checkFinite(validation.features, "linearProbe, validation");
  const standardiser = fitStandardiser(train.features), x = standardise(train.features, standardiser), C = x.dim;
  const loss = await logisticLoss(device, x, train.labels, classes);
  try {
    let best: LinearProbe | undefined, bestAccuracy = -1, at = new Float64Array(classes * (C + 1));
    for (const l2 of factors) {
      const found = await lbfgs(
        async (weights) => {
          const { value, gradient } = await loss.evaluate(weights), full = Float64Array.from(gradient);
          let penalty = 0;
          for (let i = 0; i < weights.length; i++) {
            if (i % (C + 1) === C) continue; // biases go free
            penalty += l2 / 2 * weights[i] ** 2;
            full[i] += l2 * weights[i];
          }
          return { value: value + penalty, gradient: full };
        },
        at, // from the stronger factor's answer, which is near
        { evaluations, tolerance: 1e-4 },
      );
      at = Float64Array.from(found.at);
      const probe = { standardiser, classes, weights: at, l2 };
      const right = accuracy(probeClassify(probe, validation.features), validation.labels);
      if (right > bestAccuracy) [best, bestAccuracy] = [probe, right];
    }
    if (!best) throw new ShapeError("linearProbe: no regularisation was given; give at least one factor");
    return best;
  } finally {
    loss.destroy();
  }
}

/**
 * The most probable class of each row; of equal ones the first.
 *
 * ```ts
 * import { featureTable, linearProbe, openDevice, probeClassify } from "../../mod.ts";
 * const device = await openDevice({ device: "cpu", threads: 1 });
 * const part = { features: featureTable(Float32Array.of(-2, 2, -1, 1), 1), labels: [0, 1, 0, 1] };
 * console.assert(probeClassify(await linearProbe(device, part, part), featureTable(Float32Array.of(-9, 9), 1)).join() === "0,1");
 * await device.destroy();
 * ```
 */
export function probeClassify({ standardiser, classes, weights }: LinearProbe, features: Features): Uint32Array {
  const { rows, dim: C, values } = standardise(features, standardiser), out = new Uint32Array(rows);
  for (let r = 0; r < rows; r++) {
    let most = -Infinity;
    for (let k = 0; k < classes; k++) {
      let logit = weights[k * (C + 1) + C];
      for (let c = 0; c < C; c++) logit += weights[k * (C + 1) + c] * values[r * C + c];
      if (logit > most) [most, out[r]] = [logit, k];
    }
  }
  return out;
}

function largest(...lists: ArrayLike<number>[]): number {
  return lists.reduce((most, list) => Array.from(list).reduce((a, b) => Math.max(a, b), most), 0);
}
