// /livez: the process answers. /readyz: the device answers, too, and the server is not closing. /metrics.

import { z } from "npm:zod@4.6.7";
import { type App, endpoint } from "../endpoint.ts";
import { UnavailableError } from "../errors.ts";
import type { Service } from "../service.ts";

/** Milliseconds for which a pass through the device counts: probes must not crowd out requests. */
const FRESH = 5000;

export function healthRoutes(app: App, service: Service): void {
  const status = z.object({ status: z.string() });

  endpoint(app, service, {
    method: "get",
    path: "/livez",
    tag: "Operation",
    summary: "Whether the process answers; a full queue or a lost device does not change it",
    access: "open",
    answers: { 200: { description: "it does", schema: status } },
  }, ({ context }) => context.json({ status: "alive" }));

  let checked = -Infinity, checking: Promise<unknown> | undefined;
  endpoint(app, service, {
    method: "get",
    path: "/readyz",
    tag: "Operation",
    summary: "Whether requests should come here: a model is loaded, the device passes a test, the server is not closing",
    access: "open",
    answers: { 200: { description: "they should", schema: status } },
  }, async ({ context }) => {
    if (service.admission.draining) throw new UnavailableError("server: it is closing");
    if (performance.now() - checked > FRESH) {
      checking ??= service.models.use(undefined, () => service.engine.check()).then(() => checked = performance.now()).finally(() =>
        checking = undefined
      );
      await checking;
    }
    return context.json({ status: "ready" });
  });

  endpoint(app, service, {
    method: "get",
    path: "/metrics",
    tag: "Operation",
    summary: "Prometheus metrics",
    answers: { 200: { description: "in Prometheus text format", type: "text/plain" } },
  }, ({ context }) => context.body(service.metrics.text(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }));
}
