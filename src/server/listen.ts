// The server on a port, the same in Deno and Bun: Node's HTTP server, which closes slow clients on time where the runtimes' own do not.

import { serve } from "npm:@hono/node-server@2.1.8";
import { createServer, type Server as NodeServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RecipeError } from "../errors.ts";
import type { Server } from "./app.ts";

/** Where a server listens, and how long it waits. */
export interface ListenOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Milliseconds. */
  headersTimeout: number;
  requestTimeout: number;
  drain: number;
}

/** A server on a port. */
export interface Listening {
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, answers what is open for up to `drain` milliseconds, then closes what is left. */
  close(): Promise<void>;
}

/**
 * Puts a server on a port, in Deno and Bun through Node's HTTP server.
 *
 * @throws RecipeError where the address cannot be listened at.
 *
 * ```ts
 * import { listen } from "../../server.ts";
 * const app = { fetch: () => new Response("here"), document: {} as never, drain: () => Promise.resolve() }; // createApp() makes a real one
 * const { url, close } = await listen(app, { host: "127.0.0.1", port: 0, headersTimeout: 5000, requestTimeout: 5000, drain: 1000 });
 * console.assert(await (await fetch(url)).text() === "here");
 * await close();
 * ```
 */
export async function listen(app: Server, { host, port, headersTimeout, requestTimeout, drain }: ListenOptions): Promise<Listening> {
  const server = await new Promise<NodeServer>((resolve, reject) => {
    const serverOptions = { headersTimeout, requestTimeout, connectionsCheckingInterval: Math.min(1000, headersTimeout, requestTimeout) };
    const fetch = (request: Request, env: unknown) => app.fetch(request, env as Parameters<Server["fetch"]>[1]);
    // A Response that is not the runtime's own would break what asks "instanceof Response" of a fetch, as WASM loaders do.
    const unchanged = { overrideGlobalObjects: false };
    const listening = serve(
      { fetch, hostname: host, port, createServer, serverOptions, ...unchanged },
      () => resolve(listening as NodeServer),
    );
    listening.on("error", (error: Error & { code?: string }) => {
      reject(
        new RecipeError(`serve: ${host}:${port} cannot be listened at (${error.code ?? error.message}); choose another --host or --port`),
      );
    });
  });
  const address = server.address() as AddressInfo;
  const shown = address.address.includes(":") ? `[${address.address}]` : address.address;
  return {
    url: `http://${shown}:${address.port}`,
    port: address.port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      let timer;
      await Promise.race([app.drain(), new Promise((resolve) => timer = setTimeout(resolve, drain))]);
      clearTimeout(timer);
      // An answer may still be on its way out, and a stream without end stays open by itself.
      await Promise.race([closed, new Promise((resolve) => timer = setTimeout(resolve, 250))]);
      clearTimeout(timer);
      server.closeAllConnections();
      await closed;
    },
  };
}
