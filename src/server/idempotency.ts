import { ConflictError } from "./errors.ts";

/** Keys to remember; older ones are forgotten. */
const KEPT = 1000;

/** Calls that carry a key are made once for it, also when they come at the same time; a failed one may be made again. */
export class IdempotencyKeys<Result> {
  readonly #calls = new Map<string, { body: string; result: Promise<Result> }>();

  /** @throws ConflictError where the key came with another body. */
  once(key: string | undefined, body: string, call: () => Promise<Result>): Promise<Result> {
    if (key === undefined) return call();
    const known = this.#calls.get(key);
    if (known) {
      if (known.body !== body) {
        throw new ConflictError("idempotency-key: it came with another body before; use a new key for a new request");
      }
      return known.result;
    }
    const result = call();
    this.#calls.set(key, { body, result });
    result.catch(() => this.#calls.delete(key));
    if (this.#calls.size > KEPT) this.#calls.delete(this.#calls.keys().next().value!);
    return result;
  }
}
