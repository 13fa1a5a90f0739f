// From the bytes of a file to the square of pixels that a model takes.

import { evaluationView } from "../data/augment/evaluation.ts";
import { decode } from "../data/decode.ts";
import type { View } from "./types.ts";

/** What a decoder is asked for. Plain data: it may be done in a worker. */
export interface Preparation {
  /** What errors call the picture. */
  name: string;
  view: View;
  maxPixels: number;
}

/** (size, size, 3) bytes. @throws DataError naming the picture and the reason. */
export type Prepare = (bytes: Uint8Array<ArrayBuffer>, preparation: Preparation, signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;

/** Decodes on this thread; serve.ts gives workers instead. */
export const prepareHere: Prepare = async (bytes, { name, view: { size, filter, share }, maxPixels }) => {
  const picture = await decode(bytes, { name, maxPixels, orientation: "exif" });
  return evaluationView(picture, size, filter, share).pixels as Uint8Array<ArrayBuffer>;
};
