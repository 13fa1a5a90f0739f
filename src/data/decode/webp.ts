import libwebp from "npm:@jsquash/webp@1.5.0/codec/dec/webp_dec.js";
import { Codec } from "./codec.ts";
import type { Header, Refuse } from "./header.ts";

interface Decoder {
  decode(bytes: Uint8Array): { width: number; height: number; data: Uint8ClampedArray } | null;
}

const codec = new Codec<Decoder>(() => libwebp({ noInitialRun: true, printErr: () => {} }));

/** → (H, W, 4) */
export function decodeWebp(bytes: Uint8Array, { width, height }: Header, refuse: Refuse): Promise<Uint8ClampedArray> {
  return codec.use(width * height, (decoder) => {
    let picture: ReturnType<Decoder["decode"]> = null;
    try {
      picture = decoder.decode(bytes);
    } catch { /* the same as null, which libwebp answers without a reason */ }
    if (picture?.width !== width || picture.height !== height) {
      return refuse("the WebP cannot be decoded, its data is damaged; replace the file");
    }
    return picture.data;
  });
}
