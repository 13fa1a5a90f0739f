import { type Features, features } from "./features.ts";
import { randomNumbers } from "./random.ts";

/** Normal draws, the same in every runtime up to the last bit of Math.log and Math.cos. */
export function normals(count: number, seed: number): Float32Array {
  const random = randomNumbers(seed, 77);
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

/** Rows around one centre a class: the wider apart, the easier. */
export function blobs(rows: number, dim: number, classes: number, apart: number, seed: number): { features: Features; labels: number[] } {
  const centres = normals(classes * dim, 1000),
    noise = normals(rows * dim, seed),
    labels = Array.from({ length: rows }, (_, r) => r % classes);
  const values = noise.map((v, i) => v + apart * centres[labels[Math.floor(i / dim)] * dim + i % dim]);
  return { features: features(values, dim), labels };
}
