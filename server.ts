/**
 * The server as a part of another program: `createApp` gives a plain fetch handler, to mount wherever these go. It is an entry of its own
 * since it needs packages (Hono, OpenAPI) that nothing in `mod.ts` does. Importing it opens nothing; `serve.ts` is the whole program.
 *
 * ```ts
 * import { createApp, openEngine, openStore } from "./server.ts";
 *
 * const engine = openEngine({ device: "cpu", threads: 1, runs: await Deno.makeTempDir(), workers: 0, roots: [] });
 * await using store = await openStore(":memory:");
 * const app = createApp({ engine, store, settings: { controlToken: "a long secret", logLevel: "silent" } });
 * await engine.ready;
 *
 * const answer = await app.fetch(new Request("http://localhost/v1/models")); // or Deno.serve(app.fetch), Bun.serve({ fetch: app.fetch })
 * console.assert(answer.status === 200);
 * await app.drain();
 * await engine.close();
 * ```
 *
 * @module
 */

export { type AppOptions, createApp, type Server } from "./src/server/app.ts";
export { listen } from "./src/server/listen.ts";
export { readSettings, type Settings } from "./src/server/settings.ts";
export type { Engine, Inference, RunControl } from "./src/server/engine.ts";
export { type OpenedEngine, openEngine, type OpenEngineOptions } from "./workers/open_engine.ts";
export { type Decoders, openDecoders } from "./workers/decoders.ts";
export { openStore, type Store } from "./src/store/mod.ts";
