// Compiled programs of one set of weights, made when they are first needed, the least used let go.

import type { Device } from "../devices/device.ts";
import type { Tensor } from "../graph.ts";
import { compile, type Program } from "../program.ts";

/** Programs that are kept; each has the activations of its batch size. */
const KEPT = 16;

export class Programs {
  readonly #device: Device;
  readonly #kept = new Map<string, Promise<Program>>();
  /** Its states are the weights: it stays, so that they do. */
  #first?: Promise<Program>;

  constructor(device: Device) {
    this.#device = device;
  }

  /** The program of that name, compiled from what `build` gives if it is not there. */
  async get(name: string, build: () => Record<string, Tensor>): Promise<Program> {
    const known = this.#kept.get(name);
    if (known) {
      this.#kept.delete(name);
      this.#kept.set(name, known); // the last one is the last to be let go
      return await known;
    }
    const share = await this.#first, made = compile(this.#device, build(), { share });
    this.#first ??= made;
    this.#kept.set(name, made);
    made.catch(() => {
      this.#kept.delete(name);
      if (this.#first === made) this.#first = undefined;
    });
    await this.#letGo();
    return await made;
  }

  async #letGo(): Promise<void> {
    for (const [name, program] of this.#kept) {
      if (this.#kept.size <= KEPT) return;
      if (program === this.#first) continue;
      this.#kept.delete(name);
      (await program).destroy();
    }
  }

  async destroy(): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    for (const program of all) await program.then((one) => one.destroy(), () => {});
  }
}
