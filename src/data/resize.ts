// Resizing equal to Pillow to the bit.

import { DataError } from "../errors.ts";
import type { Box, Picture } from "./picture.ts";
import type { Filter } from "./resize/coefficients.ts";
import { resizePlain } from "./resize/plain.ts";
import { resizeSimd } from "./resize/simd.ts";

export type { Filter };

/**
 * `picture`, or its part `box`, resampled to `width` x `height` with antialiasing: the pixels that Pillow gives for
 * crop, then resize (not for `resize(box=)`, which looks at pixels outside the box).
 *
 * @throws {DataError} if the box is empty or leaves the picture, or a size is not a positive whole number.
 *
 * ```ts
 * import { resize } from "./resize.ts";
 *
 * const picture = { width: 2, height: 1, pixels: Uint8Array.of(0, 0, 0, 200, 100, 50) };
 * const one = resize(picture, 1, 1, "box"); // pixels 100, 50, 25
 * ```
 */
export function resize(
  picture: Picture,
  width: number,
  height: number,
  filter: Filter,
  box: Box = { left: 0, top: 0, width: picture.width, height: picture.height },
): Picture {
  const { left, top } = box;
  if (
    ![left, top, box.width, box.height, width, height].every(Number.isInteger) || left < 0 || top < 0 || box.width < 1 || box.height < 1 ||
    left + box.width > picture.width || top + box.height > picture.height || width < 1 || height < 1
  ) {
    throw new DataError(
      `resize: box ${box.width}x${box.height} at (${left}, ${top}) of a ${picture.width}x${picture.height} picture to ` +
        `${width}x${height}; give whole numbers, a box inside the picture and a size of at least 1x1`,
    );
  }
  if (box.width === width && box.height === height) return crop(picture, box);
  return resizeSimd(picture, box, width, height, filter) ?? resizePlain(picture, box, width, height, filter);
}

/** The pixels of `box`, copied. */
export function crop(picture: Picture, { left, top, width, height }: Box): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 3;
    pixels.set(picture.pixels.subarray(start, start + width * 3), y * width * 3);
  }
  return { width, height, pixels };
}
