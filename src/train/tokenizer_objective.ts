// What a visual tokenizer is trained for (Ramesh et al. 2021, section 2.1 and A.2): the evidence lower bound under a relaxed draw of the
// codes, and a term against codes that nobody uses.

import { add, gumbelSoftmax, klUniform, log, mean, multiply, type Random, softmax } from "../../kernels/mod.ts";
import { constant, input, type Tensor } from "../graph.ts";
import type { Tokenizer } from "../models/tokenizer.ts";
import { constantSchedule, cosineSchedule, type Schedule } from "../optim/schedules.ts";

export interface TokenizerObjectiveOptions {
  /** What the decoder sees of a token: a soft draw, or a one-hot one with the gradient of the soft one. */
  relaxation?: "gumbel" | "straight-through";
  /** Whether there is a term against unused codes at all; leaving it out saves its work. */
  usage?: boolean;
}

/** What changes per step. */
export interface TokenizerStep {
  temperature: number;
  /** Weight of the divergence from the uniform distribution, of each position and (usage) of the mean over the batch. */
  kl: number;
  usage?: number;
}

export interface TokenizerObjective {
  /** All (1); loss = reconstruction + (kl weight * kl + usage weight * unevenness) * positions / values of a picture. */
  loss: Tensor;
  /** To be logged: reconstruction, a mean over all values; kl in nats, a mean over positions; unevenness in nats. */
  values: Record<"reconstruction" | "kl" | "unevenness", Tensor>;
  /** Inputs of the program at a step; the random source's are written beside them. */
  inputs(at: TokenizerStep): Record<string, number>;
}

/**
 * How much sharper than the logits the distributions of the usage term are. Tokens are the likeliest codes, and a flat distribution has
 * an even mean even where one code is always the likeliest; 4 stands near the argmax and still has a gradient.
 */
const sharpness = 4, revivingSharpness = 2;

/** Weight of the reviving half of the usage term. Measured like the sharpness: bench/tokenizer_recipes.ts, bench/RESULTS.md. */
const reviving = 0.5;

/**
 * The loss of pictures (B, 3, H, W) within 0 to 1.
 *
 * kl is the mean of KL(q(z|x) || uniform) over positions; its weight is that of the paper, whose loss is divided by the values of a
 * picture. unevenness is how far the mean of q over the batch is from uniform, 0 where all codes are used alike: like the part of kl that
 * keeps codes in use, without the part that takes information out of them.
 */
export function tokenizerObjective(
  model: Tokenizer,
  p: Record<string, Tensor>,
  pictures: Tensor,
  random: Random,
  { relaxation = "gumbel", usage = true }: TokenizerObjectiveOptions = {},
): TokenizerObjective {
  const temperature = input("temperature", [1]), klWeight = input("kl.weight", [1]), usageWeight = input("usage.weight", [1]);
  const logits = model.logits(p, pictures), [, , h, w] = logits.shape;
  const codes = gumbelSoftmax(logits, temperature, random, { hard: relaxation === "straight-through" });
  const reconstruction = model.reconstruction(p, codes, pictures).loss, kl = mean(klUniform(logits, 1));
  const even = usage ? unevenness(logits) : constant("no usage", [1], [0]);
  const perValue = constant("positions / values", [1], [h * w / (pictures.size / pictures.shape[0])]);
  const weighted = multiply(kl, klWeight), terms = usage ? add(weighted, multiply(even, usageWeight)) : weighted;
  return {
    loss: add(reconstruction, multiply(terms, perValue)),
    values: { reconstruction, kl, unevenness: even },
    inputs: (at) => ({
      [temperature.name]: at.temperature,
      [klWeight.name]: at.kl,
      ...usage && { [usageWeight.name]: at.usage ?? 0 },
    }),
  };
}

/**
 * KL(share || uniform) + reviving * KL(uniform || share), share being the mean over the batch of a sharpened softmax(logits). The first
 * spreads what is used; its gradient vanishes for a code that nobody uses, where that of the second is largest.
 */
function unevenness(logits: Tensor): Tensor {
  const scalar = (name: string, value: number) => constant(name, [1], [value]);
  const logShare = (sharpness: number) => {
    const sharp = softmax(multiply(logits, scalar("sharpness", sharpness)), 1);
    return log(add(mean(sharp, [0, 2, 3]), scalar("smallest share", 1e-8))); // so that a code that is never used has a logarithm
  };
  const spread = klUniform(logShare(sharpness)); // softmax(log(share)) is the share itself
  const unused = add(multiply(mean(logShare(revivingSharpness)), scalar("minus one", -1)), scalar("ln 1/V", -Math.log(logits.shape[1])));
  return add(spread, multiply(unused, scalar("reviving", reviving)));
}

export interface TokenizerScheduleOptions {
  /** Updates in all. */
  steps: number;
  /** From, to; then it stays. */
  temperature: readonly [number, number];
  /** Updates for that; all if absent. */
  temperatureSteps?: number;
  /** Weight at the peak. */
  kl: number;
  /** Updates in which it rises from 0; a tenth of all if absent. */
  klSteps?: number;
  usage?: number;
}

/** Temperature and weights of every step: half a cosine each, as in the paper (a straight line of the temperature diverged there). */
export function tokenizerSchedule(options: TokenizerScheduleOptions): (step: number) => Required<TokenizerStep> {
  const { steps, temperature: [from, to], temperatureSteps = steps, kl, klSteps = Math.ceil(steps / 10), usage = 0 } = options;
  const temperature = cosineSchedule({ base: from, final: to, steps: temperatureSteps });
  const weight: Schedule = kl ? cosineSchedule({ base: 0, final: kl, steps: klSteps }) : constantSchedule({ base: 0 });
  return (step) => ({ temperature: temperature(step), kl: weight(step), usage });
}
