// The few error classes of the project. Each message reads `<where>: <what is wrong, with names and both values>; <what to do>`.

/**
 * Base of every error that this project throws on purpose: its message is written for the person who reads it.
 *
 * ```ts
 * import { input, ZelligeError } from "../mod.ts";
 * try {
 *   input("x", [0]);
 * } catch (error) {
 *   console.assert(error instanceof ZelligeError && error.message.startsWith("x: "));
 * }
 * ```
 */
export class ZelligeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Shapes or dtypes that do not fit together; thrown while a graph is built.
 *
 * ```ts
 * import { add, input, ShapeError } from "../mod.ts";
 * try {
 *   add(input("x", [2]), input("y", [3]));
 * } catch (error) {
 *   console.assert(error instanceof ShapeError);
 * }
 * ```
 */
export class ShapeError extends ZelligeError {}

/**
 * Something larger than the device (or a format) allows.
 *
 * ```ts
 * import { LimitError, openStore } from "../mod.ts";
 * await using store = await openStore(":memory:");
 * await store.createCollection("photos", { dimensions: 1, metric: "cosine", fingerprint: "of the embedder" });
 * const item = { id: "a", vector: [1], thumbnail: new Uint8Array(1e6) };
 * const refused = await store.put("photos", "of the embedder", [item]).catch((error) => error);
 * console.assert(refused instanceof LimitError);
 * ```
 */
export class LimitError extends ZelligeError {}

/**
 * WGSL that does not compile: label, message, line, column and the line itself.
 *
 * ```ts
 * import { ShaderError, ZelligeError } from "../mod.ts";
 * console.assert(new ShaderError("my_op/forward: unresolved value 'y', line 3") instanceof ZelligeError);
 * ```
 */
export class ShaderError extends ZelligeError {}

/**
 * No device of the wanted kind can be opened.
 *
 * ```ts
 * import { DeviceError, openDevice } from "../mod.ts";
 * const refused = await openDevice({ device: "abacus" as "cpu" }).catch((error) => error);
 * console.assert(refused instanceof DeviceError);
 * ```
 */
export class DeviceError extends ZelligeError {}

/**
 * An open device is gone (driver reset, `destroy()`): programs on it must be rebuilt.
 *
 * ```ts
 * import { DeviceError, DeviceLostError } from "../mod.ts";
 * const rebuild = (error: unknown) => error instanceof DeviceLostError; // open a device again and compile on it; any other DeviceError is final
 * console.assert(rebuild(new DeviceLostError("gpu: the driver was reset")) && !rebuild(new DeviceError("gpu: there is none")));
 * ```
 */
export class DeviceLostError extends DeviceError {}

/**
 * A checkpoint that is damaged, foreign or does not fit the model.
 *
 * ```ts
 * import { CheckpointError, parseSafetensors } from "../mod.ts";
 * try {
 *   parseSafetensors(new Uint8Array(4), "torn.safetensors");
 * } catch (error) {
 *   console.assert(error instanceof CheckpointError && error.message.startsWith("torn.safetensors: "));
 * }
 * ```
 */
export class CheckpointError extends ZelligeError {}

/**
 * A recipe, preset or command line that contradicts itself or the schema.
 *
 * ```ts
 * import { RecipeError, resolveRecipe } from "../mod.ts";
 * try {
 *   resolveRecipe({ pretrain: { lrr: 1 } });
 * } catch (error) {
 *   console.assert(error instanceof RecipeError && error.message.includes("pretrain.lrr"));
 * }
 * ```
 */
export class RecipeError extends ZelligeError {}

/**
 * A picture, label file, shard or data set that cannot be read.
 *
 * ```ts
 * import { DataError, importLines, openStore } from "../mod.ts";
 * await using store = await openStore(":memory:");
 * console.assert(await importLines(store, "photos", ["no JSON"]).catch((error) => error) instanceof DataError);
 * ```
 */
export class DataError extends ZelligeError {}

/**
 * Too much asked at once, or a service that is closing; try again later.
 *
 * ```ts
 * import { BusyError } from "../mod.ts";
 * const later = (error: unknown) => error instanceof BusyError; // the server's 429 and 503
 * console.assert(later(new BusyError("queue: 64 pictures wait, 64 are allowed; try again later")));
 * ```
 */
export class BusyError extends ZelligeError {}

/**
 * A store that cannot do what was asked though the request is well formed: the server answers each reason with a status of its own, which
 * DataError (the request itself is wrong) has not.
 *
 * ```ts
 * import { openStore, StoreError } from "../mod.ts";
 * await using store = await openStore(":memory:");
 * const refused = await store.collection("photos").catch((error) => error);
 * console.assert(refused instanceof StoreError && refused.reason === "missing");
 * ```
 */
export class StoreError extends ZelligeError {
  /** missing: no such collection or item. conflict: it exists with other settings. damaged: its file is torn. unavailable: full disk, no access, lost server. */
  constructor(readonly reason: "missing" | "conflict" | "damaged" | "unavailable", message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
