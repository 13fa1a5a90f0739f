// What a Gaussian VAE draws: pictures again, draws of the prior, the way from one picture to another, and the plane of two latents.

import { imageTensor, randomSource } from "../../../kernels/mod.ts";
import type { Batch } from "../../data/loader.ts";
import type { Device } from "../../devices/device.ts";
import { input, type Tensor } from "../../graph.ts";
import { type VaeConfig, vaeDecode, vaeEncode, vaeInterpolate, vaePixels, vaeSample } from "../../models/vae.ts";
import { compile, type Program } from "../../program.ts";
import { fromPlanes, savePictures } from "../pictures.ts";
import { recordEvaluation } from "../report/inputs.ts";
import type { Run } from "../run.ts";
import type { VaeObjective } from "./recipe.ts";
import { inChannels } from "./mean_picture.ts";

export interface VaeDrawing {
  device: Device;
  run: Run;
  config: VaeConfig;
  weights: Readonly<Record<string, Tensor>>;
  /** The program whose states the weights are. */
  share: Program;
  objective: VaeObjective;
}

/** Pictures of a row, draws of the prior, steps from picture to picture, pairs of them, and points a side of the plane. */
const SHOWN = 8, DRAWN = 64, STEPS = 10, PAIRS = 4, SIDE = 15;

const words = {
  reconstructions: "held-out pictures, and what the decoder makes of the mean of their z.",
  samples: "what z drawn from N(0, I) decodes to.",
  interpolation: "from the z of one held-out picture to that of another in a straight line.",
  latents: "what the plane of the two latents decodes to, each cell equally likely under N(0, I).",
};

/** Draws the first pictures of a batch anew and what z alone decodes to, as files of the run named after the objective. */
export async function drawVae(
  { views: [{ pixels }], weights: held }: Pick<Batch, "views" | "weights">,
  { device, run, config, weights: p, share, objective }: VaeDrawing,
): Promise<void> {
  const { channels, latents, imageSize } = config, size = [imageSize].flat()[0], bytes = 3 * size * size;
  const count = held.filter((weight) => weight > 0).length, shown = Math.min(SHOWN, count);
  const given = (name: string, n: number) => inChannels(imageTensor(input(name, [n, size, size, 3], "u8")), channels);
  const picture = (n: number) => pixels.subarray(n * bytes, (n + 1) * bytes);
  const seen = given("shown", shown);
  const program = await compile(device, {
    seen,
    drawn: vaePixels(vaeDecode(p, vaeEncode(p, seen, config).mu, config)),
    samples: vaeSample(p, DRAWN, config, randomSource()),
    between: vaeInterpolate(p, given("a", 1), given("b", 1), config, STEPS),
    ...latents === 2 && { plane: vaePixels(vaeDecode(p, input("z", [SIDE * SIDE, 2]), config)) },
  }, { share });
  try {
    const pictures = async (output: string, n: number) => fromPlanes(await program.read(output), size, n, channels), ways = [];
    for (let pair = 0; pair < Math.max(1, Math.min(PAIRS, count >> 1)); pair++) {
      const [a, b] = [picture(2 * pair), picture((2 * pair + 1) % count)];
      program.write({ shown: pixels.subarray(0, shown * bytes), a, b, random: [2, 0] });
      if (latents === 2) program.write({ z: plane() });
      program.run();
      ways.push(...await pictures("between", STEPS));
    }
    const rows = [...await pictures("seen", shown), ...await pictures("drawn", shown)];
    await savePictures(run, `reconstructions-${objective}`, rows, shown);
    await savePictures(run, `samples-${objective}`, await pictures("samples", DRAWN), 16);
    await savePictures(run, `interpolation-${objective}`, ways, STEPS);
    if (latents === 2) await savePictures(run, `latents-${objective}`, await pictures("plane", SIDE * SIDE), SIDE);
    const captions = Object.entries(words).map(([kind, text]) => [`${kind}-${objective}.png`, `Trained for ${objective}: ${text}`]);
    recordEvaluation(run.path, { captions: Object.fromEntries(captions) });
  } finally {
    program.destroy();
  }
}

/** z at the middles of SIDE x SIDE cells that are equally likely under N(0, I), the second latent upwards. */
function plane(): Float32Array {
  const z = new Float32Array(2 * SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      z.set([quantile((column + 0.5) / SIDE), quantile(1 - (row + 0.5) / SIDE)], 2 * (row * SIDE + column));
    }
  }
  return z;
}

/** Of the standard normal distribution, by halving: Phi by the series of its error function. */
export function quantile(share: number): number {
  let low = -6, high = 6;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (cumulative(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Phi(x) = 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 * 5) + ...). */
function cumulative(x: number): number {
  let term = x, sum = x;
  for (let i = 3; Math.abs(term) > 1e-12; i += 2) sum += term *= x * x / i;
  return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}
