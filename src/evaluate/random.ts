import { philox4x32 } from "../philox.ts";

/** Numbers in [0, 1) that depend on the seed and the purpose alone. */
export function randomNumbers(seed: number, purpose: number): () => number {
  let index = 0;
  return () => philox4x32([index++, purpose, 0, 0], [seed % 2 ** 32, Math.floor(seed / 2 ** 32)])[0] / 2 ** 32;
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}
