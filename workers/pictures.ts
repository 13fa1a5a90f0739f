// The worker that makes squares of pixels of the files that requests bring.

import { expose, transfer } from "npm:comlink@4.4.2";
import { type Preparation, prepareHere } from "../src/inference/prepare.ts";

const api = {
  /** Answers once the module is there. */
  open: () => true,
  async prepare(bytes: Uint8Array<ArrayBuffer>, preparation: Preparation) {
    const pixels = await prepareHere(bytes, preparation);
    return transfer(pixels, [pixels.buffer]);
  },
};

export type PictureWorker = typeof api;

expose(api);
