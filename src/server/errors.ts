// What a caller is told when something fails: one table from class to status. Whatever is not in it is a fault of ours, and told as such.

import {
  BusyError,
  CheckpointError,
  DataError,
  DeviceError,
  LimitError,
  RecipeError,
  ShapeError,
  StoreError,
  ZelligeError,
} from "../errors.ts";

/** A request whose JSON, query or headers do not fit the schema. */
export class RequestError extends ZelligeError {}
/** No token, or a wrong one. */
export class AuthError extends ZelligeError {}
/** A token that is good, or none is needed, but not for this. */
export class ForbiddenError extends ZelligeError {}
/** A name that nothing has. */
export class NotFoundError extends ZelligeError {}
/** A method that the path does not take. */
export class MethodError extends ZelligeError {}
/** A request that contradicts what is there. */
export class ConflictError extends ZelligeError {}
/** A body, or a count of pictures, over the limit. */
export class TooLargeError extends ZelligeError {}
/** A content type that the route does not read. */
export class MediaTypeError extends ZelligeError {}
/** A body that did not arrive in time. */
export class SlowBodyError extends ZelligeError {}
/** The queue is full. */
export class FullError extends BusyError {}
/** One caller asks too often; `seconds` until it may again. */
export class RateError extends FullError {
  constructor(message: string, readonly seconds: number) {
    super(message);
  }
}
/** The server closes, or has no device. */
export class UnavailableError extends BusyError {}

/** A class, its status, and the `type` that callers may rely on; the first that fits. */
const table: [new (message: string) => Error, number, string][] = [
  [RequestError, 400, "invalid_request"],
  [RecipeError, 400, "invalid_recipe"],
  [AuthError, 401, "unauthorized"],
  [ForbiddenError, 403, "forbidden"],
  [NotFoundError, 404, "not_found"],
  [MethodError, 405, "method_not_allowed"],
  [SlowBodyError, 408, "slow_body"],
  [ConflictError, 409, "conflict"],
  [TooLargeError, 413, "too_large"],
  [LimitError, 413, "too_large"],
  [MediaTypeError, 415, "unsupported_media_type"],
  [DataError, 422, "bad_data"],
  [ShapeError, 422, "bad_shape"],
  [CheckpointError, 422, "bad_checkpoint"],
  [FullError, 429, "overloaded"],
  [UnavailableError, 503, "unavailable"],
  [BusyError, 503, "unavailable"],
  [DeviceError, 503, "device_lost"],
];

const storeFailures: Record<StoreError["reason"], { status: number; type: string }> = {
  missing: { status: 404, type: "not_found" },
  conflict: { status: 409, type: "conflict" },
  damaged: { status: 500, type: "store_damaged" },
  unavailable: { status: 503, type: "unavailable" },
};

export interface Failure {
  status: number;
  type: string;
  message: string;
}

/** `request` is the id under which the log has what a caller is not told. */
export function failureOf(error: unknown, request: string): Failure {
  if (error instanceof StoreError) return { ...storeFailures[error.reason], message: error.message };
  for (const [kind, status, type] of table) {
    if (error instanceof kind) return { status, type, message: error.message };
  }
  return { status: 500, type: "internal", message: `the server failed; its log has the reason under request ${request}` };
}
