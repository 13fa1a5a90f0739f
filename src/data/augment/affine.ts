import type { Picture } from "../picture.ts";

/** From the middle of an output pixel to a point of the input: x' = a x + b y + c, y' = d x + e y + f. */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

type Colour = readonly [number, number, number];

/** The picture seen through `matrix`, bicubic with a = -1 as in Pillow's Geometry.c (bit-equal); `fill` where the input ends. */
export function affine({ width: W, height: H, pixels }: Picture, [a, b, c, d, e, f]: Matrix, fill: Colour): Picture {
  const out = new Uint8ClampedArray(pixels.length);
  const at = (x: number, limit: number) => x < 0 ? 0 : x < limit ? x : limit - 1;
  for (let y = 0, o = 0; y < H; y++) {
    for (let x = 0; x < W; x++, o += 3) {
      const u = a * (x + 0.5) + b * (y + 0.5) + c, v = d * (x + 0.5) + e * (y + 0.5) + f;
      if (u < 0 || u >= W || v < 0 || v >= H) {
        out[o] = fill[0];
        out[o + 1] = fill[1];
        out[o + 2] = fill[2];
        continue;
      }
      const left = Math.floor(u - 0.5), top = Math.floor(v - 0.5), du = u - 0.5 - left, dv = v - 0.5 - top;
      const x0 = 3 * at(left - 1, W), x1 = 3 * at(left, W), x2 = 3 * at(left + 1, W), x3 = 3 * at(left + 2, W);
      const y0 = 3 * W * at(top - 1, H), y1 = 3 * W * at(top, H), y2 = 3 * W * at(top + 1, H), y3 = 3 * W * at(top + 2, H);
      for (let ch = 0; ch < 3; ch++) {
        const v0 = cubic(pixels[y0 + x0 + ch], pixels[y0 + x1 + ch], pixels[y0 + x2 + ch], pixels[y0 + x3 + ch], du);
        const v1 = cubic(pixels[y1 + x0 + ch], pixels[y1 + x1 + ch], pixels[y1 + x2 + ch], pixels[y1 + x3 + ch], du);
        const v2 = cubic(pixels[y2 + x0 + ch], pixels[y2 + x1 + ch], pixels[y2 + x2 + ch], pixels[y2 + x3 + ch], du);
        const v3 = cubic(pixels[y3 + x0 + ch], pixels[y3 + x1 + ch], pixels[y3 + x2 + ch], pixels[y3 + x3 + ch], du);
        out[o + ch] = Math.floor(cubic(v0, v1, v2, v3, dv)); // the array clips, Pillow cuts the fraction off
      }
    }
  }
  return { width: W, height: H, pixels: new Uint8Array(out.buffer) };
}

function cubic(v1: number, v2: number, v3: number, v4: number, d: number): number {
  return v2 + d * (-v1 + v3 + d * (2 * (v1 - v2) + v3 - v4 + d * (-v1 + v2 - v3 + v4)));
}

/** Turns about the middle, counter-clockwise, as PIL's rotate() (whose matrix is rounded to 15 digits). */
export function rotation({ width, height }: Picture, degrees: number): Matrix {
  const angle = -(((degrees % 360) + 360) % 360) * (Math.PI / 180);
  const round = (x: number) => Number(x.toFixed(15));
  const cos = round(Math.cos(angle)), sin = round(Math.sin(angle)), minusSin = round(-Math.sin(angle));
  const x = width / 2, y = height / 2;
  return [cos, sin, cos * -x + sin * -y + 0 + x, minusSin, cos, minusSin * -x + cos * -y + 0 + y];
}
