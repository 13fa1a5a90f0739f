// Masks as fields of a batch, and a batch as the inputs of masked image modeling.

import type { Batch, Field } from "../../data/loader.ts";
import { drawMask, type SampleMask } from "../../data/mask.ts";
import type { DrawKey } from "../../data/random.ts";
import type { Recipe } from "../recipe.ts";
import { maskedPatches } from "../recipe/rules.ts";
import type { Values } from "../update.ts";

/** Masks drawn by (seed, epoch, index) where a batch is put together: the same for any number of workers, and after a resume. */
export function maskFields(recipe: Recipe): Record<string, Field> {
  const { pretrain: { mask: kind, minBlock, replace: shares }, encoder } = recipe,
    side = encoder.imageSize / encoder.patchSize,
    count = maskedPatches(recipe);
  // The loader asks for one field of a whole batch after the other.
  const open = new Map<string, SampleMask>();
  const drawn = (key: DrawKey): SampleMask => {
    const name = `${key.epoch} ${key.index}`, known = open.get(name);
    if (known) return known;
    const mask = drawMask(key, { kind, height: side, width: side, count, minBlock: Math.min(minBlock, count), shares });
    open.set(name, mask);
    return mask;
  };
  const last = (key: DrawKey): SampleMask => {
    const mask = drawn(key);
    open.delete(`${key.epoch} ${key.index}`);
    return mask;
  };
  return {
    token: (key) => Float32Array.from(drawn(key).token),
    ...replacesPatches(recipe) && { source: (key) => drawn(key).source },
    positions: (key) => drawn(key).positions,
    masked: (key) => last(key).weights,
  };
}

/** Whether some masked patches show another patch in place of the mask token. */
export const replacesPatches = ({ pretrain: { replace } }: Recipe): boolean => replace.randomPatch > 0;

/** Inputs of a batch of pictures with N patches, M of them masked; rows of a batch are numbered b * N + n. */
export function maskedInputs({ views, fields }: Batch, N: number, M: number): Values {
  const rows = Uint32Array.from(fields.positions, (position, i) => Math.floor(i / M) * N + position);
  return {
    pictures: views[0].pixels,
    ...views[1] && { "tokenizer pictures": views[1].pixels },
    mask: fields.token,
    ...fields.source && { source: Uint32Array.from(fields.source, (patch, i) => Math.floor(i / N) * N + patch) },
    rows,
    weights: fields.masked,
    ...fields.tokens && { labels: Uint32Array.from(rows, (row) => fields.tokens[row]) },
  };
}
