// Kind "vae": the Gaussian VAE with dense layers; both reconstructions, and gradients at the parameters and at mu, logvar and z.

import type { Device } from "../../src/devices/device.ts";
import { gradients } from "../../src/gradients.ts";
import { input, type Tensor } from "../../src/graph.ts";
import { vaeConfig, vaeLoss, type VaeOptions, vaeParams } from "../../src/models/vae.ts";
import { parameters } from "../../src/nn/parameters.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import type { Fixture, Tolerance } from "./fixture.ts";

export async function vae({ manifest: { config: c, tolerance }, shapes, values }: Fixture, device: Device, check: Check): Promise<void> {
  const { forward, loss, grad } = tolerance!;
  // The fixture's pictures are rows of numbers.
  const base: VaeOptions = { imageSize: [1, c.d_in], channels: 1, latents: c.d_z, hidden: c.d_hidden, activation: "tanh" };
  const x = input("x", shapes.get("x")!), eps = input("eps", shapes.get("eps")!);
  for (const [likelihood, name] of [["gaussian", "loss"], ["bernoulli", "loss_bce"]] as const) {
    const config = vaeConfig({ ...base, likelihood });
    const table = Object.entries(vaeParams(config)).map(([key, { shape }]) => [key, { shape, init: values(`w.${key}`) }]);
    const p = parameters(Object.fromEntries(table)), made = vaeLoss(p, x, config, eps);
    const compared: Record<string, [Tensor, Tolerance]> = {
      ...{ mu: [made.mu, forward], logvar: [made.logvar, forward], z: [made.z, forward], recon: [made.pictures, forward] },
      [name]: [made.loss, loss],
    };
    const prefix = likelihood === "gaussian" ? "grad." : "grad_bce.";
    for (const key of shapes.keys()) {
      if (!key.startsWith(prefix)) continue;
      const at = key.slice(prefix.length), node = { "@mu": made.mu, "@logvar": made.logvar, "@z": made.z }[at];
      compared[key] = [gradients(made.loss, [node ?? p[at]])[0], grad];
    }
    const program = await compile(
      device,
      Object.fromEntries(Object.entries({ ...compared, means: [made.reconstruction], kls: [made.kl] }).map(([key, [t]]) => [key, t])),
    );
    try {
      program.write({ x: values("x"), eps: values("eps") });
      program.run();
      for (const [key, [, allowed]] of Object.entries(compared)) check.close(key, await program.read(key), values(key), allowed);
      const mean = (key: string) => [values(key).reduce((a, b) => a + b) / values(key).length];
      check.close("mean kl_per_sample", await program.read("kls"), mean("kl_per_sample"), loss);
      const parts = likelihood === "gaussian" ? "recon_sse" : "recon_bce";
      check.close(`mean ${parts}`, await program.read("means"), mean(parts), loss);
    } finally {
      program.destroy();
    }
  }
}
