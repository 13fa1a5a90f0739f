// A decoder module that is loaded on first use and replaced after a failure: the JPEG module leaks stack at each libjpeg error and after
// 96 of them fails on good files too; the PNG module leaks what it held when it gave up.
//
// The .wasm files are found by the packages themselves, with new URL("….wasm", import.meta.url) beside their own .js and fetch(): a file:
// URL in node_modules or in Deno's npm cache, an https: URL in the browser, where bundlers and CDNs follow that expression.

/** A module whose memory has grown past this many pixels is let go after use, because the memory of WASM never shrinks. */
const LARGE_PIXELS = 1 << 24;

export class Codec<Module> {
  readonly #load: () => Promise<Module>;
  #module?: Promise<Module>;

  constructor(load: () => Promise<Module>) {
    this.#load = load;
  }

  /** Runs `work`, which must not wait, on the module. */
  async use<T>(pixels: number, work: (module: Module) => T): Promise<T> {
    const current = this.#module ??= this.#load();
    let keep = false;
    try {
      const result = work(await current);
      keep = pixels <= LARGE_PIXELS;
      return result;
    } finally {
      if (!keep && this.#module === current) this.#module = undefined;
    }
  }
}
