// Scores of a large picture's pixels from windows of a model's own size: where windows overlap the mean counts.

/** Where windows begin along one side, so that the last one ends with it, as mmsegmentation places them. */
export function windowStarts(length: number, window: number, stride: number): number[] {
  const count = Math.ceil(Math.max(length - window, 0) / stride) + 1;
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(i * stride, length - window)));
}

/** Sums of scores (K, H, W) and how many windows saw each pixel. */
export class SlidingScores {
  readonly #sums: Float32Array;
  readonly #counts: Uint16Array;

  constructor(private readonly classes: number, private readonly height: number, private readonly width: number) {
    this.#sums = new Float32Array(classes * height * width);
    this.#counts = new Uint16Array(height * width);
  }

  /** Adds the scores (K, h, w) of a window whose corner lies at (top, left). */
  add(scores: Float32Array, top: number, left: number, [h, w]: readonly [number, number]): void {
    for (let k = 0; k < this.classes; k++) {
      for (let y = 0; y < h; y++) {
        const from = (k * h + y) * w, to = (k * this.height + top + y) * this.width + left;
        for (let x = 0; x < w; x++) this.#sums[to + x] += scores[from + x];
      }
    }
    for (let y = 0; y < h; y++) {
      const row = (top + y) * this.width + left;
      for (let x = 0; x < w; x++) this.#counts[row + x]++;
    }
  }

  /** The class with the largest mean score of every pixel of a picture of another size, between whose pixels the scores are bilinear. */
  labels(width: number, height: number): Uint16Array<ArrayBuffer> {
    const labels = new Uint16Array(width * height), rows = placesAlong(height, this.height), columns = placesAlong(width, this.width);
    const best = new Float32Array(width), means = new Float32Array(this.width);
    for (let y = 0; y < height; y++) {
      const [above, below, share] = rows(y);
      best.fill(-Infinity);
      for (let k = 0; k < this.classes; k++) {
        const plane = k * this.height;
        for (let x = 0; x < this.width; x++) means[x] = (1 - share) * this.#mean(plane, above, x) + share * this.#mean(plane, below, x);
        for (let x = 0; x < width; x++) {
          const [left, right, part] = columns(x), score = (1 - part) * means[left] + part * means[right];
          if (score > best[x]) {
            best[x] = score;
            labels[y * width + x] = k;
          }
        }
      }
    }
    return labels;
  }

  #mean(plane: number, y: number, x: number): number {
    return this.#sums[(plane + y) * this.width + x] / this.#counts[y * this.width + x];
  }
}

/** The two neighbours of a place of a longer or shorter line, and the share of the second; as torch's interpolate without align_corners. */
function placesAlong(to: number, from: number): (place: number) => readonly [number, number, number] {
  const all = Array.from({ length: to }, (_, i) => {
    const at = Math.max(0, (i + 0.5) * from / to - 0.5), first = Math.min(Math.floor(at), from - 1);
    return [first, Math.min(first + 1, from - 1), at - first] as const;
  });
  return (place) => all[place];
}
