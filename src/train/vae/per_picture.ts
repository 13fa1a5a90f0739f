// What each picture of a batch costs, for measurements: the last batch of the held-out pictures is filled up, and what fills it must not count.

import { abs, add, exp, log, multiply, relu, square, subtract, sum } from "../../../kernels/mod.ts";
import { constant, type Tensor } from "../../graph.ts";
import type { VaeConfig, VaeLoss } from "../../models/vae.ts";

/** Reconstruction and divergence as in `vaeLoss`, and the mean standard deviation of the latents, each (B). */
export function perPicture(
  { logits, mu, logvar, pictures }: Pick<VaeLoss, "logits" | "mu" | "logvar" | "pictures">,
  target: Tensor,
  { likelihood, latents }: Pick<VaeConfig, "likelihood" | "latents">,
): Record<"reconstruction" | "kl" | "sigma", Tensor> {
  const number = (value: number) => constant(String(value), [1], [value]), half = number(0.5), one = number(1);
  const errors = likelihood === "gaussian"
    ? square(subtract(pictures, target))
    : add(subtract(relu(logits), multiply(logits, target)), log(add(exp(multiply(abs(logits), number(-1))), one)));
  const divergence = subtract(subtract(add(square(mu), exp(logvar)), logvar), one);
  return {
    reconstruction: sum(errors, [1, 2, 3]),
    kl: sum(multiply(divergence, half), [1]),
    sigma: multiply(sum(exp(multiply(logvar, half)), [1]), number(1 / latents)),
  };
}
