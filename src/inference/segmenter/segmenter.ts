// Classes of the pixels of whole pictures, of any size.

import { imageTensor } from "../../../kernels/mod.ts";
import { crop, type Filter, resize } from "../../data/resize.ts";
import { type Device, openDevice, type OpenOptions } from "../../devices/mod.ts";
import { RecipeError } from "../../errors.ts";
import { input } from "../../graph.ts";
import { beit } from "../../models/beit.ts";
import { type BeitConfig, windowOf } from "../../models/beit_config.ts";
import { pixelScores } from "../../models/segmentation.ts";
import { segment } from "../../models/segmentation_head.ts";
import { statistics } from "../../nn/conv_norm.ts";
import { parameters } from "../../nn/parameters.ts";
import type { Program } from "../../program.ts";
import { type PictureInput, pictureOf } from "../picture_input.ts";
import { Programs } from "../programs.ts";
import { loadSegmentationParts, type SegmentationParts } from "./load.ts";
import { SlidingScores, windowStarts } from "./sliding_scores.ts";

/** The classes of the pixels of one picture, in its own size. */
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
  readonly #filter: Filter;
  readonly #programs: Programs;
  readonly #program: Program;
  readonly #own?: Device;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    { labels, head: { classes }, config, filter }: SegmentationParts,
    programs: Programs,
    program: Program,
    own?: Device,
  ) {
    this.classes = labels.length === classes ? labels : Array.from({ length: classes }, (_, i) => String(i));
    this.window = pixelsOf(config);
    this.#filter = filter;
    this.#programs = programs;
    this.#program = program;
    this.#own = own;
  }

  static async load(source: string, { device }: { device?: Device | OpenOptions } = {}): Promise<Segmenter> {
    const parts = await loadSegmentationParts(source), { config, head, mean, std } = parts, [h, w] = pixelsOf(config);
    const own = device && "kind" in device ? undefined : await openDevice(device);
    const p = { ...parameters(parts.table), ...statistics(parts.statistics) }, programs = new Programs(own ?? device as Device, p);
    const program = await programs.get("scores", () => {
      const pictures = imageTensor(input("pictures", [1, h, w, 3], "u8"), mean, std);
      return { scores: pixelScores(segment(p, beit(p, pictures, config), head).logits, [h, w]) };
    }).catch(async (error) => {
      await own?.destroy();
      throw error;
    });
    return new Segmenter(parts, programs, program, own);
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
    const seen = resize(picture, W, H, this.#filter), scores = new SlidingScores(this.classes.length, H, W);
    const turn = this.#last.catch(() => {}).then(async () => { // the program has one set of inputs
      for (const top of windowStarts(H, h, step)) {
        for (const left of windowStarts(W, w, step)) {
          this.#program.write({ pictures: crop(seen, { left, top, width: w, height: h }).pixels });
          this.#program.run();
          scores.add(await this.#program.read("scores") as Float32Array, top, left, this.window);
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
    await this.#programs.destroy();
    await this.#own?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** [height, width] of the pictures that a model sees. */
function pixelsOf(config: BeitConfig): [number, number] {
  const [rows, columns] = windowOf(config);
  return [rows * config.patchSize, columns * config.patchSize];
}
