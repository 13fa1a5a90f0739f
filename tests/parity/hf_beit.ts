// Kinds "hf_beit_mim" and "hf_beit_cls": folders as Hugging Face transformers writes them, opened as they are.

import { join } from "node:path";
import { layerNorm } from "../../kernels/mod.ts";
import { loadBeit } from "../../src/checkpoint/beit/mod.ts";
import type { Device } from "../../src/devices/device.ts";
import { input, type Tensor } from "../../src/graph.ts";
import { beit, type Encoded } from "../../src/models/beit.ts";
import { attentionMap } from "../../src/models/beit_attention.ts";
import type { BeitConfig } from "../../src/models/beit_config.ts";
import { classLogits, features, maskedLogits } from "../../src/models/beit_heads.ts";
import { parameters } from "../../src/nn/parameters.ts";
import { compare, type Comparison } from "./beit.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";

type Params = Record<string, Tensor>;
/** What a tensor of the fixture is called, and how this project makes it. */
type Makers = Record<string, (params: Params, encoded: Encoded, config: BeitConfig) => Tensor>;

export async function hfMim(fixture: Fixture, device: Device, check: Check): Promise<void> {
  const { shapes, values } = fixture, [B, N] = shapes.get("bool_masked_pos")!;
  const every = input("every", [B * N], "u32"), mask = input("mask", [B, N]), rows = Array.from({ length: B * N }, (_, i) => i);
  const logits: Makers[string] = (params, encoded, config) => maskedLogits(params, encoded, every, config);
  const given = { every: rows, mask: values("bool_masked_pos") };
  await folder(fixture, device, check, { logits, official_logits: logits }, given, mask);
  if (shapes.has("logits_unmasked_input")) await folder(fixture, device, check, { logits_unmasked_input: logits }, { every: rows });
}

export async function hfCls(fixture: Fixture, device: Device, check: Check): Promise<void> {
  await folder(fixture, device, check, { logits: classLogits, official_logits: classLogits, pooler_output: pooled });
}

/** The mean of patches with a norm, or the class token of what the encoder has normalised: both are what the head sees. */
const pooled: Makers[string] = (params, encoded, config) => features(params, encoded, config);

/** transformers normalises inside its encoder only where the class token is pooled. */
const lastHidden: Makers[string] = (params, { blocks }, { depth, pooling, normEps }) =>
  pooling === "mean" ? blocks[depth] : layerNorm(blocks[depth], params["norm.weight"], params["norm.bias"], normEps);

/** Where the model lies: the manifest begins the description of it with the folder's name. */
export const folderOf = ({ model_dir: described, name }: Fixture["manifest"]): string => /^[^/\s]+/.exec(described ?? "")?.[0] ?? name;

async function folder(
  { directory, manifest, shapes, values }: Fixture,
  device: Device,
  check: Check,
  heads: Makers,
  given: Record<string, ArrayLike<number>> = {},
  mask?: Tensor,
): Promise<void> {
  const main = !("logits_unmasked_input" in heads), tolerance = manifest.tolerance!.forward;
  const loaded = await loadBeit(join(directory, folderOf(manifest)));
  exact(check, "fresh parameters", loaded.fresh, []);
  // Its own logits with its own eps; those of the official code with the official eps.
  for (const official of [false, true]) {
    const config = { ...loaded.config, ...official && { normEps: manifest.config.eps ?? 1e-6 } };
    const params = parameters(loaded.table), pictures = input("pictures", shapes.get("pixel_values")!);
    const encoded = beit(params, pictures, config, { mask });
    const makers: Makers = { ...heads };
    if (main && !official) {
      makers.last_hidden_state = lastHidden;
      for (let l = 0; l <= config.depth; l++) makers[`hidden_states.${l}`] = (_, { blocks }) => blocks[l];
      for (let l = 0; l < config.depth; l++) makers[`attentions.${l}`] = (p, e, c) => attentionMap(p, e, l + 1, c);
    }
    const comparisons: Comparison[] = Object.entries(makers).filter(([label]) =>
      shapes.has(label) && label.startsWith("official") === official
    )
      .map(([label, make]) => ({ label, tensor: make(params, encoded, config), want: values(label), tolerance }));
    if (comparisons.length) await compare(device, check, { ...given, pictures: values("pixel_values") }, comparisons);
  }
}
