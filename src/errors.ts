// The few error classes of the project. Each message reads `<where>: <what is wrong, with names and both values>; <what to do>`.

/** Base of every error that this project throws on purpose: its message is written for the person who reads it. */
export class ZelligeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Shapes or dtypes that do not fit together; thrown while a graph is built. */
export class ShapeError extends ZelligeError {}

/** Something larger than the device (or a format) allows. */
export class LimitError extends ZelligeError {}

/** WGSL that does not compile: label, message, line, column and the line itself. */
export class ShaderError extends ZelligeError {}

/** No device of the wanted kind can be opened. */
export class DeviceError extends ZelligeError {}

/** An open device is gone (driver reset, `destroy()`): programs on it must be rebuilt. */
export class DeviceLostError extends DeviceError {}

/** A checkpoint that is damaged, foreign or does not fit the model. */
export class CheckpointError extends ZelligeError {}

/** A recipe, preset or command line that contradicts itself or the schema. */
export class RecipeError extends ZelligeError {}

/** A picture, label file, shard or data set that cannot be read. */
export class DataError extends ZelligeError {}

/** Too much asked at once, or a service that is closing; try again later. */
export class BusyError extends ZelligeError {}

/**
 * A store that cannot do what was asked though the request is well formed: the server answers each reason with a status of its own, which
 * DataError (the request itself is wrong) has not.
 */
export class StoreError extends ZelligeError {
  /** missing: no such collection or item. conflict: it exists with other settings. damaged: its file is torn. unavailable: full disk, no access, lost server. */
  constructor(readonly reason: "missing" | "conflict" | "damaged" | "unavailable", message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
