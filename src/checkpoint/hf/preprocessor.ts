// Hugging Face's preprocessor_config.json, both ways: what happens to a picture before the model sees it.

import { CheckpointError } from "../../errors.ts";
import { JsonFields } from "./json_fields.ts";

/** Numbers of Pillow's filters, by their place. */
const filters = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"] as const;

/** Sizes are [height, width] in pixels; the steps happen in this order. */
export interface Preprocessing {
  /** Null: the picture keeps its size. */
  resize: [number, number] | null;
  filter: typeof filters[number];
  /** From the centre; null: nothing is cut off. */
  crop: [number, number] | null;
  /** (value from 0 to 1 - mean) / std, by channel. */
  mean: number[];
  std: number[];
}

/**
 * The steps that a preprocessor_config.json (its text, or parsed) asks for; where it is silent, the defaults of transformers 4.27.
 * Throws CheckpointError for a field of another kind, and for a scale of the values other than 1/255.
 */
export function readPreprocessor(json: unknown, file = "preprocessor_config.json"): Preprocessing {
  const fields = new JsonFields(json, file);
  const filter = filters[fields.number("resample", 3)];
  if (!filter) fields.fail("resample", `one of Pillow's filters, 0 to ${filters.length - 1}`);
  const factor = fields.number("rescale_factor", 1 / 255);
  if (!fields.boolean("do_rescale", true) || Math.abs(factor * 255 - 1) > 1e-6) {
    throw new CheckpointError(
      `${file}: values are to be scaled by ${factor} (do_rescale ${fields.get("do_rescale")}); only 1/255 is known`,
    );
  }
  const normalize = fields.boolean("do_normalize", true);
  const mean = normalize ? fields.numbers("image_mean", [0.5, 0.5, 0.5]) : [0, 0, 0];
  const std = normalize ? fields.numbers("image_std", [0.5, 0.5, 0.5]) : [1, 1, 1];
  if (mean.length !== std.length) fields.fail("image_std", `of the ${mean.length} channels of image_mean`);
  if (!std.every((s) => s > 0)) fields.fail("image_std", "positive");
  return {
    resize: fields.boolean("do_resize", true) ? fields.size("size", [256, 256]) : null,
    filter,
    crop: fields.boolean("do_center_crop", false) ? fields.size("crop_size", [224, 224]) : null,
    mean,
    std,
  };
}

/** A preprocessor_config.json with the field names of old and new versions of transformers. */
export function preprocessorConfig({ resize, filter, crop, mean, std }: Preprocessing): Record<string, unknown> {
  const size = ([height, width]: [number, number]) => height === width ? height : { height, width };
  return {
    crop_size: size(crop ?? resize ?? [224, 224]),
    do_center_crop: crop !== null,
    do_normalize: true,
    do_rescale: true,
    do_resize: resize !== null,
    feature_extractor_type: "BeitFeatureExtractor",
    image_mean: mean,
    image_processor_type: "BeitImageProcessor",
    image_std: std,
    resample: filters.indexOf(filter),
    rescale_factor: 1 / 255,
    size: size(resize ?? [224, 224]),
  };
}
