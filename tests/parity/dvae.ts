// Kind "dvae": DALL-E's discrete VAE. Logits, tokens, decodings, the paper's loss and its squared-error form with their gradients, and the
// straight-through estimate. Kind "dvae_customized": the small form.

import {
  add,
  argmax,
  gumbelSoftmax,
  klUniform,
  l2Loss,
  logitLaplace,
  mapPixels,
  mean,
  multiply,
  sigmoid,
  slice,
  sum,
  unmapPixels,
} from "../../kernels/mod.ts";
import type { Device } from "../../src/devices/device.ts";
import { gradients } from "../../src/gradients.ts";
import { constant, input, type Tensor } from "../../src/graph.ts";
import { dvaeConfig, dvaeDecode, dvaeDecodeIds, dvaeLogits, dvaeParams } from "../../src/models/dvae.ts";
import {
  dvaeCustomizedConfig,
  dvaeCustomizedDecode,
  dvaeCustomizedDecodeIds,
  dvaeCustomizedLogits,
  dvaeCustomizedParams,
} from "../../src/models/dvae_customized.ts";
import { parameters, type ParamSpec } from "../../src/nn/parameters.ts";
import { compile } from "../../src/program.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";

export async function dvae(fixture: Fixture, device: Device, check: Check): Promise<void> {
  const { manifest: { config: c, tolerance }, shapes, values } = fixture, { forward, loss, grad } = tolerance!;
  const config = dvaeConfig({ hidden: c.n_hid, initial: c.n_init, vocab: c.vocab_size, groups: c.group_count, blocks: c.n_blk_per_group });
  const p = given(fixture, dvaeParams(config));
  const pictures = input("image01", shapes.get("image01")!), gumbel = input("gumbel", shapes.get("gumbel")!);
  const x = mapPixels(pictures), logits = dvaeLogits(p, x, config), ids = argmax(logits, 1), hard = dvaeDecodeIds(p, ids, config);
  const pixels = (statistics: Tensor) => sigmoid(slice(statistics, 1, 0, 3));
  const compared: Compared = {
    ...{ image_mapped: [x, forward], enc_logits: [logits, forward] },
    ...{ dec_stats_hard: [hard, forward], recon_hard: [unmapPixels(pixels(hard)), forward] },
  };
  const positions = logits.shape[2] * logits.shape[3];
  const weighted = (a: Tensor, b: Tensor, weight: number) => add(a, multiply(b, constant("weight", [1], [weight])));
  const graded = (name: string, of: Tensor) => {
    const names = [...shapes.keys()].filter((key) => key.startsWith(`${name}.grad.`));
    const wanted = names.map((key) => p[key.slice(`${name}.grad.`.length).replace(/^enc\./, "encoder.").replace(/^dec\./, "decoder.")]);
    if (names.length) gradients(of, wanted).forEach((d, i) => compared[names[i]] = [d, grad]);
  };
  for (const key of shapes.keys()) {
    const [, tau, temperature] = /^(tau([\d.]+))\.soft_onehot$/.exec(key) ?? [];
    if (!tau) continue;
    const t = constant(tau, [1], [Number(temperature)]),
      codes = gumbelSoftmax(logits, t, gumbel),
      statistics = dvaeDecode(p, codes, config);
    const nll = logitLaplace(slice(statistics, 1, 0, 3), slice(statistics, 1, 3, 6), x), mse = l2Loss(pixels(statistics), x);
    const kl = mean(klUniform(logits, 1)), image = mean(sum(klUniform(logits, 1), [1, 2]));
    const [, , H, W] = x.shape, lossLL = weighted(nll, kl, c.beta_ll * positions / (3 * H * W)), lossMse = weighted(mse, kl, c.beta_mse);
    compared[key] = [codes, forward];
    compared[`${tau}.dec_stats`] = [statistics, forward];
    [nll, image, lossLL, mse, kl, lossMse].forEach((t, i) => compared[`${tau}.losses ${i}`] = [t, loss]);
    const through = l2Loss(pixels(dvaeDecode(p, gumbelSoftmax(logits, t, gumbel, { hard: true }), config)), x);
    compared[`${tau}.straight_through.mse`] = [through, loss];
    graded(`${tau}.ll`, lossLL);
    graded(`${tau}.mse`, lossMse);
    graded(`${tau}.straight_through`, through);
  }
  await compare(fixture, device, check, compared, { image01: values("image01"), gumbel: values("gumbel") }, ids);
}

export async function dvaeCustomized(fixture: Fixture, device: Device, check: Check): Promise<void> {
  const { manifest: { config: c, tolerance }, shapes, values } = fixture, { forward, loss, grad } = tolerance!;
  const config = dvaeCustomizedConfig({
    form: "customized",
    ...{ vocab: c.num_tokens, codebookDim: c.codebook_dim, layers: c.num_layers, hidden: c.hidden_dim },
  });
  const p = given(fixture, dvaeCustomizedParams(config));
  const x = input("image", shapes.get("image")!), gumbel = input("gumbel", shapes.get("gumbel")!);
  const logits = dvaeCustomizedLogits(p, x, config), ids = argmax(logits, 1);
  const codes = gumbelSoftmax(logits, constant("tau", [1], [c.temperature]), gumbel), recon = dvaeCustomizedDecode(p, codes, config);
  const mse = l2Loss(recon, x);
  const compared: Compared = {
    ...{ logits: [logits, forward], soft_onehot: [codes, forward], recon: [recon, forward], mse: [mse, loss] },
    // Divided by the side of the uniform distribution's tensor, which is 1, and not by the batch.
    ...{ kl_lucidrains: [sum(klUniform(logits, 1)), loss], decode_hard: [dvaeCustomizedDecodeIds(p, ids, config), forward] },
  };
  const names = [...shapes.keys()].filter((key) => key.startsWith("grad."));
  gradients(mse, names.map((key) => p[key.slice("grad.".length)])).forEach((d, i) => compared[names[i]] = [d, grad]);
  await compare(fixture, device, check, compared, { image: values("image"), gumbel: values("gumbel") }, ids);
}

/** Tensors by the name of the fixture's values; a number after a space is the place within them. */
type Compared = Record<string, [Tensor, { rtol: number; atol: number }]>;

function given({ values }: Fixture, table: Record<string, ParamSpec>): Record<string, Tensor> {
  return parameters(Object.fromEntries(Object.entries(table).map(([name, { shape }]) => [name, { shape, init: values(name) }])));
}

async function compare(
  { shapes, values }: Fixture,
  device: Device,
  check: Check,
  compared: Compared,
  inputs: Record<string, ArrayLike<number>>,
  ids: Tensor,
) {
  const program = await compile(device, { ids, ...Object.fromEntries(Object.entries(compared).map(([name, [t]]) => [name, t])) });
  try {
    program.write(inputs);
    program.run();
    for (const [name, [, tolerance]] of Object.entries(compared)) {
      const [key, place] = name.split(" "), want = values(key);
      check.close(name, await program.read(name), place ? [want[Number(place)]] : want, tolerance);
    }
    // Two tokens that are nearly equal may change places in float32.
    const margin = shapes.has("argmax_margin") ? values("argmax_margin") : undefined,
      got = await program.read("ids"),
      want = values("tokens");
    const clear = Array.from(want, (_, i) => i).filter((i) => !margin || margin[i] >= 1e-4);
    exact(check, "tokens", clear.map((i) => got[i]), clear.map((i) => want[i]));
  } finally {
    program.destroy();
  }
}
