// Which models requests may name, and when one that was replaced can be freed: after its last request.

import type { AnyModelDescription, Inference } from "./engine.ts";
import { NotFoundError, UnavailableError } from "./errors.ts";

interface Loaded {
  description: AnyModelDescription;
  users: number;
  replaced: boolean;
}

export class Models {
  readonly #engine: Inference;
  readonly #loaded = new Map<string, Loaded>();
  #default?: Loaded;
  #found?: Promise<void>;
  /** Activations, one after the other. */
  #activating: Promise<unknown> = Promise.resolve();

  constructor(engine: Inference) {
    this.#engine = engine;
  }

  /** The models there are; the first is the one named "default". */
  async list(): Promise<AnyModelDescription[]> {
    await this.#find();
    const all = [...this.#loaded.values()].sort((a, b) => Number(b === this.#default) - Number(a === this.#default));
    return all.map(({ description }) => description);
  }

  /** Runs `work` with the model of that name, which stays loaded until then. */
  async use<T>(name: string | undefined, work: (model: AnyModelDescription) => Promise<T>): Promise<T> {
    await this.#find();
    const loaded = name === undefined || name === "default" ? this.#default : this.#loaded.get(name);
    if (!loaded) {
      const names = ["default", ...this.#loaded.keys()].join(", ");
      throw this.#default
        ? new NotFoundError(`model: none is named ${JSON.stringify(name)}; there are ${names}`)
        : new UnavailableError("model: none is loaded; activate one with POST /v1/models");
    }
    loaded.users++;
    try {
      return await work(loaded.description);
    } finally {
      loaded.users--;
      await this.#free(loaded);
    }
  }

  /** Loads a model and makes it the default; requests with the one before end with that one. */
  activate(source: string): Promise<AnyModelDescription> {
    const activation = this.#activating.catch(() => {}).then(async () => {
      await this.#find();
      const description = await this.#engine.activate(source);
      const before = this.#default;
      this.#default = this.#add(description);
      if (before && before !== this.#default) {
        before.replaced = true;
        await this.#free(before);
      }
      return description;
    });
    this.#activating = activation;
    return activation;
  }

  #add(description: AnyModelDescription): Loaded {
    const loaded = this.#loaded.get(description.id) ?? { description, users: 0, replaced: false };
    loaded.replaced = false;
    this.#loaded.set(description.id, loaded);
    return loaded;
  }

  async #free(loaded: Loaded): Promise<void> {
    if (!loaded.replaced || loaded.users > 0 || !this.#loaded.delete(loaded.description.id)) return;
    await this.#engine.release(loaded.description.id);
  }

  #find(): Promise<void> {
    this.#found ??= this.#engine.models().then((descriptions) => {
      for (const description of descriptions) this.#default = this.#add(description);
    });
    this.#found.catch(() => this.#found = undefined);
    return this.#found;
  }
}
