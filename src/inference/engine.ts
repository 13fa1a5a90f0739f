// Models on one device: loaded beside each other, freed when nobody uses them, and loaded again when the device is lost.

import type { Device } from "../devices/mod.ts";
import { CheckpointError, DeviceLostError, ShapeError } from "../errors.ts";
import type { AnyModelDescription, EmbedOptions, Inference, Pixels, TextOptions } from "./types.ts";
import { loadParts } from "./load.ts";
import { loadTextParts } from "./load_text.ts";
import { Model } from "./model.ts";
import { Texts } from "./texts.ts";

export interface InferenceOptions {
  /** Opens the device, also after a loss. */
  open: () => Promise<Device>;
  log?: (line: string) => void;
  /** Whether `activate` may read this source. @throws CheckpointError where it may not. */
  permit?: (source: string) => void;
}

interface Loaded {
  model: Model | Texts;
  source: string;
}

export class InferenceEngine implements Inference {
  readonly #options: Required<InferenceOptions>;
  readonly #loaded = new Map<string, Loaded>();
  #device?: Promise<Device>;
  /** Of a device that is being opened again with its models. */
  #recovery?: Promise<void>;

  constructor(options: InferenceOptions) {
    this.#options = { log: () => {}, permit: () => {}, ...options };
  }

  /** The device, opened by the first who asks. */
  device(): Promise<Device> {
    this.#device ??= this.#options.open().then((device) => {
      void device.lost.then((reason) => this.#lost(device, reason));
      return device;
    });
    this.#device.catch(() => this.#device = undefined);
    return this.#device;
  }

  /** Loads a model whatever its source: for settings, not for requests. */
  async load(source: string): Promise<AnyModelDescription> {
    const make = await read(source), device = await this.device(), id = nameOf(source, make(device, "").description.fingerprint);
    const known = this.#loaded.get(id);
    if (known) return known.model.description;
    const model = make(device, id);
    try {
      await model.check(); // compiles what most requests need
    } catch (error) {
      await model.destroy();
      throw error;
    }
    this.#loaded.set(id, { model, source });
    this.#options.log(`model: ${id} from ${source}, it can ${model.description.abilities.join(", ")}`);
    return model.description;
  }

  models(): Promise<AnyModelDescription[]> {
    return Promise.resolve([...this.#loaded.values()].map(({ model }) => model.description));
  }

  activate(source: string): Promise<AnyModelDescription> {
    this.#options.permit(source);
    return this.load(source);
  }

  async release(id: string): Promise<void> {
    const loaded = this.#loaded.get(id);
    this.#loaded.delete(id);
    await loaded?.model.destroy();
  }

  async check(): Promise<{ ms: number }> {
    const [first] = this.#loaded.values();
    if (first) return { ms: (await first.model.check()).ms };
    const started = performance.now();
    await (await this.device()).idle();
    return { ms: performance.now() - started };
  }

  embed = (id: string, pixels: Pixels, options: Parameters<Model["embed"]>[1]) => this.#model(id).embed(pixels, options);
  dense = (id: string, pixels: Pixels, options: { block?: number }) => this.#model(id).dense(pixels, options);
  tokens = (id: string, pixels: Pixels) => this.#model(id).tokens(pixels);
  decode = (id: string, ids: Uint32Array<ArrayBuffer>) => this.#model(id).decode(ids);
  reconstruct = (id: string, pixels: Pixels, masks: Uint8Array<ArrayBuffer>) => this.#model(id).reconstruct(pixels, masks);
  classify = (id: string, pixels: Pixels) => this.#model(id).classify(pixels);
  attention = (id: string, pixels: Pixels, options: { block?: number }) => this.#model(id).attention(pixels, options);
  embedTexts = (id: string, texts: string[], options: EmbedOptions & TextOptions) => this.#texts(id).embed(texts, options);
  classifyTexts = (id: string, texts: string[], options: TextOptions) => this.#texts(id).classify(texts, options);

  async close(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    for (const id of [...this.#loaded.keys()]) await this.release(id);
    await device?.then((open) => open.destroy(), () => {});
  }

  #model(id: string): Model {
    const model = this.#at(id);
    if (model instanceof Model) return model;
    throw new ShapeError(`${id}: takes texts, no pictures; use a model of pictures`);
  }

  #texts(id: string): Texts {
    const model = this.#at(id);
    if (model instanceof Texts) return model;
    throw new ShapeError(`${id}: takes pictures, no texts; use a model of texts`);
  }

  #at(id: string): Model | Texts {
    if (this.#recovery) throw new DeviceLostError("device: it was lost and is being opened again; try again soon");
    const loaded = this.#loaded.get(id);
    if (!loaded) throw new CheckpointError(`model: none is loaded as ${id}; activate one`);
    return loaded.model;
  }

  #lost(device: Device, reason: DeviceLostError): void {
    if (this.#device === undefined) return; // closed
    this.#options.log(`${reason.message}; opening another (${device.description} is gone)`);
    this.#device = undefined;
    this.#recovery ??= this.#recover().finally(() => this.#recovery = undefined);
  }

  /** Ids stay, since requests hold them: the same weights have the same. */
  async #recover(): Promise<void> {
    const device = await this.device();
    for (const [id, { source }] of [...this.#loaded]) {
      try {
        this.#loaded.set(id, { model: (await read(source))(device, id), source });
      } catch (error) {
        this.#loaded.delete(id);
        this.#options.log(`model: ${id} cannot be loaded again (${(error as Error).message})`);
      }
    }
  }
}

/** Everything of a model but its device. */
async function read(source: string): Promise<(device: Device, id: string) => Model | Texts> {
  const texts = await loadTextParts(source);
  if (texts) return (device, id) => new Texts(device, texts, id);
  const parts = await loadParts(source);
  return (device, id) => new Model(device, parts, id);
}

/** Says where it is from and changes with the weights. */
function nameOf(source: string, fingerprint: string): string {
  const last = source.split(/[/\\]/).findLast((part) => part !== "") ?? "model";
  return `${last.replace(/\.(safetensors|pth|bin|pkl)$/, "").replace(/[^\w.-]+/g, "-").slice(0, 80)}-${fingerprint.slice(0, 8)}`;
}
