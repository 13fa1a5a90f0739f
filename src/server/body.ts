// Reading a request's body with three limits: of one body, of all that are open, of time.

import type { Readable } from "node:stream";
import { FullError, RequestError, SlowBodyError, TooLargeError } from "./errors.ts";

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

/** Node's request, as far as its body is read. */
export type NodeBody = Pick<Readable, "readableEnded" | "on" | "off">;

export interface Body {
  bytes: Uint8Array<ArrayBuffer>;
  /** Gives the bytes back to the budget; call it when the request is answered. */
  release(): void;
}

/**
 * The bytes come from `node` where the request is one of Node's: a web stream around that would cost more than the rest of the request.
 *
 * @throws TooLargeError from the stated length already, FullError, SlowBodyError.
 */
export async function readBody(
  request: Request,
  { maxBody, timeout }: BodyLimits,
  budget: BodyBudget,
  node?: NodeBody,
): Promise<Body> {
  const stated = Number(request.headers.get("content-length") ?? 0);
  checkLength(stated, maxBody);
  budget.take(stated);
  let taken = stated, length = 0, timer: ReturnType<typeof setTimeout> | undefined;
  const parts: Uint8Array[] = [], ending = new AbortController();
  const take = (part: Uint8Array) => {
    length += part.length;
    checkLength(length, maxBody);
    if (length > taken) {
      budget.take(length - taken);
      taken = length;
    }
    parts.push(part);
  };
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new SlowBodyError(`body: it did not arrive within ${timeout / 1000} s; send it faster`)), timeout);
    });
    await Promise.race([node ? readNode(node, take, ending.signal) : readWeb(request, take, ending.signal), late]);
    return { bytes: joined(parts, length), release: () => budget.give(taken) };
  } catch (error) {
    budget.give(taken);
    ending.abort();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function readWeb(request: Request, take: (part: Uint8Array) => void, signal: AbortSignal): Promise<void> {
  const reader = request.body?.getReader();
  if (!reader) return;
  signal.addEventListener("abort", () => reader.cancel().catch(() => {})); // the rest is not wanted; that the sender has left is no news
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    take(value);
  }
}

function readNode(node: NodeBody, take: (part: Uint8Array) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const data = (part: Uint8Array) => {
      try {
        take(part);
      } catch (error) {
        reject(error);
      }
    };
    const left = () => reject(new RequestError("body: the sender left before its end; send all of it"));
    const events = { data, end: resolve, error: left, close: left };
    for (const [event, listener] of Object.entries(events)) node.on(event, listener);
    signal.addEventListener("abort", () => node.off("data", data)); // the rest is not wanted; the HTTP server reads over it
  });
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
