// The optional decoder for what the WASM modules do not know: CMYK JPEG, GIF, animated WebP (the first frame), TIFF, AVIF. It is native
// code, so it is used where the person has installed it and never asked for otherwise.

import type { Picture } from "../picture.ts";
import type { Header, Refuse } from "./header.ts";
import type { Colour } from "./rgb.ts";

/** The part of sharp's interface that is used here (npm sharp, 0.33 to 0.35). */
export type Sharp = (bytes: Uint8Array, options: { limitInputPixels: number; failOn: "truncated" }) => SharpImage;

interface SharpImage {
  toColourspace(space: "srgb"): SharpImage;
  flatten(options: { background: { r: number; g: number; b: number } }): SharpImage;
  removeAlpha(): SharpImage;
  raw(): SharpImage;
  toBuffer(options: { resolveWithObject: true }): Promise<{ data: Uint8Array; info: { width: number; height: number; channels: number } }>;
}

let found: Promise<Sharp | null> | undefined;

/**
 * The installed sharp (in Deno: an entry `sharp` in the imports of deno.json or in package.json), or null. The name is not written into
 * the import, so that nothing fetches a package that nobody asked for.
 */
export function installedSharp(): Promise<Sharp | null> {
  const name = "sharp";
  return found ??= import(name).then((module) => module.default as Sharp, () => null);
}

export async function decodeWithSharp(
  sharp: Sharp,
  bytes: Uint8Array,
  header: Header,
  { maxPixels, background }: { maxPixels: number; background: Colour | null },
  refuse: Refuse,
): Promise<Picture> {
  try {
    const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: "truncated" }).toColourspace("srgb");
    const [r, g, b] = background ?? [0, 0, 0];
    const opaque = background ? image.flatten({ background: { r, g, b } }) : image.removeAlpha();
    const { data, info } = await opaque.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) refuse(`sharp gives ${info.channels} channels for ${header.onlySharp}; convert it to JPEG, PNG or WebP`);
    return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
  } catch (error) {
    return refuse(`sharp cannot decode ${header.onlySharp} (${(error as Error).message}); convert it to JPEG, PNG or WebP`);
  }
}
