import { ShapeError } from "../../src/errors.ts";
import { defineOp, type Tensor } from "../../src/graph.ts";
import normalWgsl from "../common/draw_normal.wgsl" with { type: "text" };
import exponentialWgsl from "../common/exponential.wgsl" with { type: "text" };
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import philoxWgsl from "../common/philox.wgsl" with { type: "text" };
import { Random } from "../random/source.ts";
import { drawNormal, drawValues } from "../random/words.ts";
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import blocksWgsl from "./blocks.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };
import noiseDrawnWgsl from "./noise_drawn.wgsl" with { type: "text" };
import noiseGivenWgsl from "./noise_given.wgsl" with { type: "text" };

/**
 * A draw z = mu + exp(logvar / 2) * eps of a Gaussian with the gradient of its parameters (Kingma and Welling 2014).
 * mu, logvar (…) → z (…). eps is a tensor of the same shape, or drawn from a random source: then backward draws it again.
 *
 * ```ts
 * import { constant, interpret, reparameterize } from "../../mod.ts";
 * const [y] = interpret([reparameterize(constant("mu", [2], [1, 2]), constant("logvar", [2], [0, 0]), constant("noise", [2], [0.5, -1]))]);
 * console.assert(y.join() === "1.5,1");
 * ```
 */
export function reparameterize(mu: Tensor, logvar: Tensor, noise: Tensor | Random): Tensor {
  return noise instanceof Random
    ? forward({ mu, logvar, random: noise.state }, { stream: noise.next() }).z
    : forward({ mu, logvar, noise }, { stream: 0 }).z;
}

type Noise = { noise?: Tensor; random?: Tensor };

const forward = defineOp<{ mu: Tensor; logvar: Tensor } & Noise, "z", { stream: number }>({
  name: "reparameterize",
  f16: ["z"],
  outputs({ mu, logvar, noise }) {
    for (const t of [logvar, noise]) {
      if (t && t.shape.join() !== mu.shape.join()) {
        throw new ShapeError(`reparameterize: ${t} does not have the shape of ${mu}; mean, log variance and noise must agree`);
      }
    }
    return { z: mu.shape };
  },
  launches: ({ z, noise }, { stream }) => [launch("forward", forwardWgsl, z.size, noise, stream)],
  backward({ logvar, noise, random }, { dz }, attributes) {
    return { mu: dz, logvar: backward({ logvar, noise, random, dz: dz! }, attributes).dlogvar };
  },
  reference({ mu, logvar, noise, random }, { z }, { stream }) {
    const eps = noise ?? drawValues(drawNormal, random, stream, z.size);
    return { z: Float64Array.from(mu, (m: number, i) => m + Math.exp(logvar[i] / 2) * eps[i]) };
  },
});

const backward = defineOp<{ logvar: Tensor; dz: Tensor } & Noise, "dlogvar", { stream: number }>({
  name: "reparameterize_backward",
  f16: ["dlogvar"],
  outputs: ({ logvar }) => ({ dlogvar: logvar.shape }),
  launches: ({ dz, noise }, { stream }) => [launch("backward", backwardWgsl, dz.size, noise, stream)],
  backward: null,
  reference({ logvar, dz, noise, random }, { logvar: t }, { stream }) {
    const eps = noise ?? drawValues(drawNormal, random, stream, t.size);
    return { dlogvar: Float64Array.from(dz, (d: number, i) => d * Math.exp(logvar[i] / 2) * eps[i] / 2) };
  },
});

function launch(name: string, wgsl: string, N: number, noise: Tensor | undefined, stream: number) {
  const chunks = noise ? noiseGivenWgsl : philoxWgsl + exponentialWgsl + normalWgsl + noiseDrawnWgsl;
  return {
    label: `reparameterize/${name}`,
    wgsl: flatIndex + chunks + wgsl + blocksWgsl,
    dims: { N, stream },
    workgroups: Math.ceil(N / 256),
  };
}
