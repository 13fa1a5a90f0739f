// Compiled programs of one set of weights, made when they are first needed, the least used let go.

import type { Device } from "../devices/device.ts";
import { storage, type Tensor } from "../graph.ts";
import { compile, type Program } from "../program.ts";

/** Programs that are kept; each has the activations of its batch size. */
const KEPT = 16;

export class Programs {
  readonly #device: Device;
  readonly #kept = new Map<string, Promise<Program>>();
  readonly #weights: Readonly<Record<string, Tensor>>;
  /** Its states are all the weights: it stays, so that they do. */
  #holder?: Promise<Program>;

  /** `weights` are made for these programs alone: once they are on the device the host's copy is let go. */
  constructor(device: Device, weights: Readonly<Record<string, Tensor>>) {
    this.#device = device;
    this.#weights = weights;
  }

  /** The program of that name, compiled from what `build` gives if it is not there. */
  async get(name: string, build: () => Record<string, Tensor>): Promise<Program> {
    const known = this.#kept.get(name);
    if (known) {
      this.#kept.delete(name);
      this.#kept.set(name, known); // the last one is the last to be let go
      return await known;
    }
    const made = this.#hold().then((share) => compile(this.#device, build(), { share }));
    this.#kept.set(name, made);
    made.catch(() => this.#kept.delete(name));
    await this.#letGo();
    return await made;
  }

  #hold(): Promise<Program> {
    this.#holder ??= compile(this.#device, this.#weights).then((program) => {
      for (const t of Object.values(this.#weights)) delete storage(t).root.leaf!.init;
      return program;
    });
    this.#holder.catch(() => this.#holder = undefined);
    return this.#holder;
  }

  async #letGo(): Promise<void> {
    for (const [name, program] of this.#kept) {
      if (this.#kept.size <= KEPT) return;
      this.#kept.delete(name);
      (await program).destroy();
    }
  }

  async destroy(): Promise<void> {
    const all = [...this.#kept.values(), ...this.#holder ? [this.#holder] : []];
    this.#kept.clear();
    for (const program of all) await program.then((one) => one.destroy(), () => {});
  }
}
