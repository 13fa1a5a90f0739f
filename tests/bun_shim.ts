// `bun:test` for Deno: the import map of deno.json points the name here.
import { expect } from "npm:expect@30.5.2";
export { expect };

type Body = () => void | Promise<void>;

/** Registers a test; `.skip` and `.skipIf` as in Bun. `timeout` is ignored: Deno has none. */
export function test(name: string, fn: Body, _timeout?: number): void {
  Deno.test({ name, fn: async () => void (await fn()), sanitizeOps: false, sanitizeResources: false });
}
