// Classes of the pixels of whole pictures, of any size.

import { imageTensor } from "../../../kernels/mod.ts";
import { crop, resize } from "../../data/resize.ts";
import { type Device, openDevice, type OpenOptions } from "../../devices/mod.ts";
import { RecipeError } from "../../errors.ts";
import { input } from "../../graph.ts";
import { beit } from "../../models/beit.ts";
import { windowOf } from "../../models/beit_config.ts";
import { pixelScores } from "../../models/segmentation.ts";
import { segment } from "../../models/segmentation_head.ts";
import { statistics } from "../../nn/conv_norm.ts";
import { parameters } from "../../nn/parameters.ts";
import { compile, type Program } from "../../program.ts";
import { type PictureInput, pictureOf } from "../picture_input.ts";
import { loadSegmentationParts, type SegmentationParts } from "./load.ts";
import { SlidingScores, windowStarts } from "./sliding_scores.ts";

/** The class of every pixel of a picture. */
export interface Segments {
  width: number;
  height: number;
  /** (height, width): a number of `classes` for each pixel. */
  labels: Uint16Array<ArrayBuffer>;
}

/** A model for segmentation that `loadSegmenter` put on a device. Close it, or `await using` it. */
export class Segmenter implements AsyncDisposable {
  /** Names of the classes; their numbers where the file does not say them. */
  readonly classes: string[];
  /** [height, width] of the pictures that the model itself sees. */
  readonly window: readonly [number, number];
  #last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly parts: SegmentationParts, private readonly program: Program, private readonly own?: Device) {
    const { labels, head: { classes }, config } = parts, [rows, columns] = windowOf(config);
    this.classes = labels.length ? labels : Array.from({ length: classes }, (_, i) => String(i));
    this.window = [rows * config.patchSize, columns * config.patchSize];
  }

  static async load(source: string, { device }: { device?: Device | OpenOptions } = {}): Promise<Segmenter> {
    const parts = await loadSegmentationParts(source), { config, head, mean, std } = parts;
    const own = device && "kind" in device ? undefined : await openDevice(device);
    const p = { ...parameters(parts.table), ...statistics(parts.statistics) };
    const [h, w] = windowOf(config).map((side) => side * config.patchSize);
    const pictures = imageTensor(input("pictures", [1, h, w, 3], "u8"), mean, std);
    const scores = pixelScores(segment(p, beit(p, pictures, config), head).logits, [h, w]);
    return new Segmenter(parts, await compile(own ?? device as Device, { scores }), own);
  }

  /**
   * The class of every pixel. The picture's shorter side is brought to the model's, windows of the model's size slide over the longer one
   * `stride` pixels apart (two thirds of a window if absent, as in the published evaluation), and their scores are averaged and brought to
   * the picture's own size. The host holds the scores: 4 bytes for each class and pixel at the model's resolution.
   *
   * @throws DataError for a picture that cannot be read, RecipeError for a stride that leaves gaps.
   */
  async segment(input: PictureInput, { stride }: { stride?: number } = {}): Promise<Segments> {
    const [h, w] = this.window, step = stride ?? Math.floor(Math.min(h, w) * 2 / 3);
    if (!Number.isInteger(step) || step < 1 || step > Math.min(h, w)) {
      throw new RecipeError(
        `segment: stride is ${stride}, windows have ${h} x ${w} pixels; give a whole number from 1 to ${Math.min(h, w)}`,
      );
    }
    const picture = await pictureOf(input, "picture"), { width, height } = picture, scale = Math.max(h / height, w / width);
    const [H, W] = [Math.max(h, Math.round(height * scale)), Math.max(w, Math.round(width * scale))];
    const seen = resize(picture, W, H, this.parts.filter), scores = new SlidingScores(this.parts.head.classes, H, W);
    const turn = this.#last.catch(() => {}).then(async () => { // the program has one set of inputs
      for (const top of windowStarts(H, h, step)) {
        for (const left of windowStarts(W, w, step)) {
          this.program.write({ pictures: crop(seen, { left, top, width: w, height: h }).pixels });
          this.program.run();
          scores.add(await this.program.read("scores") as Float32Array, top, left, this.window);
        }
      }
    });
    this.#last = turn;
    await turn;
    return { width, height, labels: scores.labels(width, height) };
  }

  /** Frees the weights, and the device if `loadSegmenter` opened it. */
  async close(): Promise<void> {
    await this.#last.catch(() => {});
    this.program.destroy();
    await this.own?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
