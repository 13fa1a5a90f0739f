/**
 * Fields of a tokenizer's stage that keep its codes in use on small data and in few updates: no divergence of single places from the
 * uniform distribution, but that of the batch's mean. Measured: docs/tokenizers.md, with bench/tokenizer_recipes.ts.
 */
export const evenUsage = { kl: 0, usage: 1, temperature: [1, 0.5] as [number, number] };
