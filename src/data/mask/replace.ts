// What stands at a masked patch (BERT's choice): the mask token, another patch, or the patch itself.

import { RecipeError } from "../../errors.ts";
import type { NumberSource } from "./blockwise.ts";

/** Shares of the masked patches; they sum to 1. BEiT: 1, 0, 0. BERT: 0.8, 0.1, 0.1. */
export interface Shares {
  maskToken: number;
  randomPatch: number;
  unchanged: number;
}

export interface Replacement {
  /** (T) 1 where the mask token stands. */
  token: Uint8Array;
  /** (T) the patch whose content stands at each place: its own number, but where a random one of the same picture does. */
  source: Uint32Array;
}

/** Draws the choice for every masked patch of `mask` (T), each on its own. A random patch may be the patch itself, as BERT's random words may. */
export function replaceMasked(numbers: NumberSource, mask: Uint8Array, { maskToken, randomPatch, unchanged }: Shares): Replacement {
  for (const [name, share] of Object.entries({ maskToken, randomPatch, unchanged })) {
    if (!(share >= 0 && share <= 1)) throw new RecipeError(`mask: ${name} is ${share}; give a share from 0 to 1`);
  }
  const sum = maskToken + randomPatch + unchanged;
  if (Math.abs(sum - 1) > 1e-9) {
    throw new RecipeError(`mask: maskToken ${maskToken}, randomPatch ${randomPatch} and unchanged ${unchanged} sum to ${sum}; make it 1`);
  }
  const token = new Uint8Array(mask.length), source = Uint32Array.from(mask, (_, i) => i);
  for (let i = 0; i < mask.length; i++) {
    if (!mask[i]) continue;
    const u = numbers.uniform(0, 1);
    // By the share of the others, so that rounding of their sum can never replace a patch at 1, 0, 0.
    if (u >= randomPatch + unchanged) token[i] = 1;
    else if (u < randomPatch) source[i] = numbers.integer(0, mask.length - 1);
  }
  return { token, source };
}
