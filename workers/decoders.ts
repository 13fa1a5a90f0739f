// Pictures decoded beside the main thread: one that kills its worker fails alone.

import type { Prepare } from "../src/inference/prepare.ts";
import type { PictureWorker } from "./pictures.ts";
import { Pool } from "./pool.ts";

/** Workers that decode pictures. */
export interface Decoders {
  prepare: Prepare;
  close(): Promise<void>;
}

/**
 * Starts `size` workers; close them at the end, in Deno a worker keeps the program alive.
 *
 * ```ts
 * import { openDecoders } from "../server.ts";
 * const decoders = openDecoders(1), answer = decoders.prepare(new Uint8Array([1, 2, 3]), { size: 32 } as never);
 * console.assert(await answer.catch((error) => error) instanceof Error); // no picture
 * await decoders.close();
 * ```
 */
export function openDecoders(size: number): Decoders {
  const spawn = () => new Worker(new URL("./pictures.ts", import.meta.url), { type: "module" });
  const pool = new Pool<PictureWorker>({ name: "decoders", size, spawn, setup: (api) => api.open(), deadline: 30_000, tries: 2 });
  return {
    prepare: (bytes, preparation, signal) => pool.run((api) => api.prepare(bytes, preparation), { signal }),
    close: () => pool.close(),
  };
}
