// How often one caller may ask: a bucket of requests that fills again evenly over a minute.

import ipaddr from "npm:ipaddr.js@2.5.0";
import { RateError } from "./errors.ts";

/** Callers that are remembered; those whose buckets are full again need not be. */
const KEPT = 10_000;

export class RateLimit {
  readonly #buckets = new Map<string, { left: number; at: number }>();

  /** `perMinute` requests of one address, all of them at once if it likes. */
  constructor(readonly perMinute: number) {}

  /** @throws RateError where the caller must wait. */
  take(address: string | undefined, now: number = performance.now()): void {
    const caller = callerOf(address), { left, at } = this.#buckets.get(caller) ?? { left: this.perMinute, at: now };
    const filled = Math.min(this.perMinute, left + (now - at) / 60_000 * this.perMinute);
    if (filled < 1) {
      const seconds = Math.ceil((1 - filled) / this.perMinute * 60);
      throw new RateError(`rate: ${this.perMinute} requests a minute are taken from one address; ask again in ${seconds} s`, seconds);
    }
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { left: filled - 1, at: now });
    if (this.#buckets.size > KEPT) this.#buckets.delete(this.#buckets.keys().next().value!); // who has not asked for longest
  }
}

/** One caller has all of an IPv6 network of 64 bits. */
function callerOf(address = "unknown"): string {
  if (!ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(":") : parsed.toString();
}
