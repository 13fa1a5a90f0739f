// The server as a plain fetch handler: middleware, routes, and the one place where errors become answers.

import { OpenAPIHono } from "npm:@hono/zod-openapi@1.6.3";
import { cors } from "npm:hono@4.13.19/cors";
import { secureHeaders } from "npm:hono@4.13.19/secure-headers";
import { docsPage, type Document } from "./docs.ts";
import type { App, Env } from "./endpoint.ts";
import { failureOf, MethodError, NotFoundError, RateError } from "./errors.ts";
import { createLog, type Log } from "./log.ts";
import { classifyRoutes } from "./routes/classify.ts";
import { collectionRoutes } from "./routes/collections.ts";
import { embeddingRoutes } from "./routes/embeddings.ts";
import { healthRoutes } from "./routes/health.ts";
import { modelRoutes } from "./routes/models.ts";
import { pageRoutes } from "./routes/page.ts";
import { runRoutes } from "./routes/runs.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { Service, type ServiceOptions } from "./service.ts";
import { Settings } from "./settings.ts";

/** What the server serves, and how. */
export interface AppOptions extends Omit<ServiceOptions, "settings" | "log"> {
  settings?: Partial<Settings>;
  log?: Log;
}

/** A server that listens to nothing: a fetch handler, its document, and its end. */
export interface Server {
  /** Answers a request; `env.incoming` is the Node request, whose socket tells whether a caller is on this machine. */
  fetch(request: Request, env?: Env["Bindings"]): Response | Promise<Response>;
  /** The OpenAPI document. */
  readonly document: Document;
  /** Refuses new work from now on; resolves when what is inside is answered. */
  drain(): Promise<void>;
}

/**
 * The server over an engine, to mount wherever fetch handlers go. It listens to nothing and starts nothing.
 *
 * Without a caller's address (`env.incoming`) control needs a token: `settings.controlToken`.
 *
 * ```ts
 * import { createApp, openEngine, openStore } from "../../server.ts";
 * const engine = openEngine({ device: "cpu", threads: 1, runs: await Deno.makeTempDir(), workers: 0, roots: [] });
 * await using store = await openStore(":memory:");
 * const app = createApp({ engine, store, settings: { logLevel: "silent" } });
 * console.assert("/v1/embeddings" in app.document.paths!);
 * await app.drain();
 * await engine.close();
 * ```
 */
export function createApp({ settings, log, ...options }: AppOptions): Server {
  const complete = Settings.parse({ ...settings });
  const service = new Service({ ...options, settings: complete, log: log ?? createLog(complete.logLevel) });
  const app: App = new OpenAPIHono<Env>();

  record(app, service);
  app.use(secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      imgSrc: ["'self'", "data:", "blob:"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      objectSrc: ["'none'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
  }));
  if (complete.cors.length > 0) app.use(cors({ origin: complete.cors.includes("*") ? "*" : complete.cors, exposeHeaders: exposed }));

  for (const routes of [embeddingRoutes, tokenRoutes, classifyRoutes, modelRoutes, collectionRoutes, runRoutes, healthRoutes]) {
    routes(app, service);
  }
  pageRoutes(app);
  for (const [name, description] of [["read", "for everything but control"], ["control", "for runs, models and changes of collections"]]) {
    app.openAPIRegistry.registerComponent("securitySchemes", name, { type: "http", scheme: "bearer", description });
  }
  const info = {
    title: "Zellige",
    version: "1",
    description: "Embeddings, visual tokens, collections of vectors, and the control of training.",
  };
  const document = app.getOpenAPI31Document({ openapi: "3.1.0", info, servers: [{ url: "/" }] });
  app.get("/openapi.json", (context) => context.json(document));
  app.get("/docs", (context) => context.html(docsPage(document as unknown as Document)));

  app.notFound((context) => {
    const { path } = context.req, known = service.routes.find((route) => matches(route, path));
    if (known) context.header("allow", Object.keys(document.paths![known]!).map((method) => method.toUpperCase()).join(", "));
    throw known
      ? new MethodError(`${context.req.method} ${path}: this path takes other methods; see /docs`)
      : new NotFoundError(`${path}: there is nothing; see /docs`);
  });

  return {
    fetch: (request, env) => app.fetch(request, env),
    document: document as unknown as Document,
    drain: () => service.admission.drain(),
  };
}

const exposed = ["x-request-id", "x-queue-time", "x-decode-time", "x-inference-time", "retry-after"];

/** Request ids, the log, the count, and errors as answers. */
function record(app: App, service: Service): void {
  const { log, metrics, tracing } = service;
  app.use(async (context, next) => {
    const started = performance.now(), { method } = context.req;
    const given = context.req.header("x-request-id");
    const request = given && /^[\w.-]{1,64}$/.test(given) ? given : crypto.randomUUID();
    context.set("request", request);
    context.header("x-request-id", request);
    await tracing("request", () => next());
    const { status } = context.res, ms = Math.round(10 * (performance.now() - started)) / 10, route = context.get("route") ?? "other";
    metrics.requests.add({ method, route, status: `${Math.floor(status / 100)}xx` });
    metrics.requestSeconds.observe(ms / 1000, { route });
    log(status >= 500 ? "error" : "info", "request", { request, method, path: context.req.path, status, ms });
  });
  app.onError((error, context) => {
    const request = context.get("request");
    if (context.req.raw.signal.aborted && error.name === "AbortError") return context.body(null, 499 as never);
    const { status, type, message } = failureOf(error, request);
    if (status === 500) log("error", "failure", { request, error: String(error.stack ?? error) });
    if (status === 429 || status === 503) {
      metrics.refused.add({ reason: status === 429 ? "overloaded" : "unavailable" });
      context.header("retry-after", String(error instanceof RateError ? error.seconds : service.retryAfter));
    }
    if (status === 401) context.header("www-authenticate", "Bearer");
    return context.json({ error: { type, message } }, status as 500);
  });
}

function matches(route: string, path: string): boolean {
  const parts = route.split("/"), given = path.split("/");
  return parts.length === given.length && parts.every((part, i) => part.startsWith("{") || part === given[i]);
}
