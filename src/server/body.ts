// Reading a request's body with three limits: of one body, of all that are open, of time.

import { FullError, SlowBodyError, TooLargeError } from "./errors.ts";

/** Bytes that all open requests together may hold. */
export class BodyBudget {
  #open = 0;

  constructor(readonly limit: number) {}

  get open(): number {
    return this.#open;
  }

  take(bytes: number): void {
    if (this.#open + bytes > this.limit) {
      throw new FullError(
        `bodies: ${this.#open} bytes of requests are open, ${bytes} more pass the limit of ${this.limit}; try again later`,
      );
    }
    this.#open += bytes;
  }

  give(bytes: number): void {
    this.#open -= bytes;
  }
}

export interface BodyLimits {
  maxBody: number;
  /** Milliseconds. */
  timeout: number;
}

export interface Body {
  bytes: Uint8Array<ArrayBuffer>;
  /** Gives the bytes back to the budget; call it when the request is answered. */
  release(): void;
}

/** @throws TooLargeError from the stated length already, FullError, SlowBodyError. */
export async function readBody(request: Request, { maxBody, timeout }: BodyLimits, budget: BodyBudget): Promise<Body> {
  const stated = Number(request.headers.get("content-length") ?? 0);
  checkLength(stated, maxBody);
  budget.take(stated);
  let taken = stated, timer: ReturnType<typeof setTimeout> | undefined;
  const reader = request.body?.getReader();
  try {
    if (!reader) return { bytes: new Uint8Array(0), release: () => budget.give(taken) };
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new SlowBodyError(`body: it did not arrive within ${timeout / 1000} s; send it faster`)), timeout);
    });
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { value, done } = await Promise.race([reader.read(), late]);
      if (done) break;
      length += value.length;
      checkLength(length, maxBody);
      if (length > taken) {
        budget.take(length - taken);
        taken = length;
      }
      parts.push(value);
    }
    return { bytes: joined(parts, length), release: () => budget.give(taken) };
  } catch (error) {
    budget.give(taken);
    reader?.cancel().catch(() => {}); // the rest is not wanted; that the sender has left is no news
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function checkLength(length: number, maxBody: number): void {
  if (length > maxBody) throw new TooLargeError(`body: ${length} bytes, the limit is ${maxBody}; send fewer or smaller pictures`);
}

function joined(parts: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
