// Training under control: start, watch, pause, resume, stop, checkpoint.

import { streamSSE } from "npm:hono@4.13.19/streaming";
import { z } from "npm:zod@4.6.7";
import { type App, endpoint } from "../endpoint.ts";
import type { RunDescription } from "../engine.ts";
import { ConflictError, NotFoundError, RequestError } from "../errors.ts";
import { Id } from "../schema.ts";
import type { Service } from "../service.ts";
import { IdempotencyKeys } from "../idempotency.ts";

/** Milliseconds between two signs of life of a stream of events. */
const HEARTBEAT = 10_000;

const RunAnswer = z.object({
  id: z.string(),
  state: z.enum(["queued", "running", "pausing", "paused", "stopping", "stopped", "done", "failed"]),
  stage: z.string().optional(),
  step: z.int(),
  steps: z.int().optional(),
  created: z.int().meta({ description: "milliseconds since 1970" }),
  error: z.string().optional(),
  recipe: z.unknown(),
}).meta({ id: "Run" });
const Files = z.object({ data: z.array(z.object({ name: z.string(), bytes: z.int(), step: z.int().optional() })) });
const FindingAnswer = z.object({
  what: z.string(),
  verdict: z.enum(["good", "normal", "watch", "wrong"]),
  says: z.string(),
  advice: z.string().optional(),
});
const params = z.object({ id: Id });
const tag = "Training";

export function runRoutes(app: App, service: Service): void {
  const { engine } = service, keys = new IdempotencyKeys<RunDescription>();
  const found = async (id: string): Promise<RunDescription> => {
    const run = await engine.run(id);
    if (!run) throw new NotFoundError(`run: none is named ${id}; GET /v1/runs lists them`);
    return run;
  };

  endpoint(app, service, {
    method: "post",
    path: "/v1/runs",
    tag,
    summary: "Start a run of a recipe, or queue it behind the one at work; the same Idempotency-Key starts it once",
    access: "control",
    body: z.looseObject({}).meta({ description: "a recipe; GET /v1/recipes/schema has its JSON Schema" }),
    answers: { 202: { description: "the run", schema: RunAnswer } },
  }, async ({ context, body }) => {
    const key = context.req.header("idempotency-key");
    if (key !== undefined && !/^[\x21-\x7e]{1,200}$/.test(key)) {
      throw new RequestError("idempotency-key: 1 to 200 printable characters, no space");
    }
    const run = await keys.once(key, JSON.stringify(body), () => engine.startRun(body));
    return context.json(run, 202);
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/recipes/schema",
    tag,
    summary: "The JSON Schema of recipes",
    query: z.strictObject({
      kind: z.enum(["pictures", "texts", "vae"]).default("pictures").meta({ description: "what the recipe trains" }),
    }),
    answers: { 200: { description: "a JSON Schema", schema: z.looseObject({}) } },
  }, async ({ context, query: { kind } }) => context.json(await engine.recipeSchema(kind) as object));

  endpoint(app, service, {
    method: "get",
    path: "/v1/runs",
    tag,
    summary: "All runs, newest first",
    answers: { 200: { description: "the runs", schema: z.object({ data: z.array(RunAnswer) }) } },
  }, async ({ context }) => context.json({ data: (await engine.runs()).sort((a, b) => b.created - a.created) }));

  endpoint(app, service, {
    method: "get",
    path: "/v1/runs/{id}",
    tag,
    summary: "One run",
    params,
    answers: { 200: { description: "the run", schema: RunAnswer } },
  }, async ({ context, params: { id } }) => context.json(await found(id)));

  for (const action of ["pause", "resume", "stop", "checkpoint"] as const) {
    endpoint(app, service, {
      method: "post",
      path: `/v1/runs/{id}/${action}`,
      tag,
      summary: summaries[action],
      access: "control",
      params,
      answers: { 202: { description: "the run, its state on the way", schema: RunAnswer } },
    }, async ({ context, params: { id } }) => {
      const { state } = await found(id);
      if (!allowed[action].includes(state)) {
        throw new ConflictError(`run ${id}: it is ${state}; ${action} is for runs that are ${allowed[action].join(", ")}`);
      }
      return context.json(await engine.controlRun(id, action), 202);
    });
  }

  endpoint(app, service, {
    method: "get",
    path: "/v1/runs/{id}/metrics",
    tag,
    summary: "Recorded metrics after a step",
    params,
    query: z.strictObject({
      after: z.int().min(-1).default(-1).meta({ description: "lines with a larger step" }),
      limit: z.int().min(1).max(10_000).default(1000),
    }),
    answers: {
      200: { description: "lines of metrics.jsonl, oldest first", schema: z.object({ data: z.array(z.looseObject({ step: z.int() })) }) },
    },
  }, async ({ context, params: { id }, query: { after, limit } }) => {
    await found(id);
    return context.json({ data: await engine.metrics(id, after, limit) });
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/runs/{id}/findings",
    tag,
    summary: "Is this normal? What the numbers of a run mean, in sentences",
    params,
    answers: { 200: { description: "what needs action first", schema: z.object({ data: z.array(FindingAnswer) }) } },
  }, async ({ context, params: { id } }) => {
    await found(id);
    return context.json({ data: await engine.findings(id) });
  });

  for (
    const [name, list] of [["checkpoints", (id: string) => engine.checkpoints(id)], [
      "images",
      (id: string) => engine.pictures(id),
    ]] as const
  ) {
    endpoint(app, service, {
      method: "get",
      path: `/v1/runs/{id}/${name}`,
      tag,
      summary: name === "images" ? "Pictures that the run has drawn" : "Checkpoints that are kept",
      params,
      answers: { 200: { description: "files", schema: Files } },
    }, async ({ context, params: { id } }) => {
      await found(id);
      return context.json({ data: await list(id) });
    });
  }

  endpoint(app, service, {
    method: "get",
    path: "/v1/runs/{id}/images/{name}",
    tag,
    summary: "One picture",
    params: params.extend({ name: Id }),
    answers: { 200: { description: "the picture", type: "image/png" } },
  }, async ({ context, params: { id, name } }) => {
    await found(id);
    const bytes = await engine.picture(id, name);
    if (!bytes) throw new NotFoundError(`run ${id}: it has no picture ${name}; GET /v1/runs/${id}/images lists them`);
    return context.body(bytes, 200, { "content-type": name.endsWith(".svg") ? "image/svg+xml" : "image/png" });
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/runs/{id}/events",
    tag,
    summary: "Events of a run as they happen (server-sent events; Last-Event-ID continues)",
    params,
    answers: { 200: { description: "a stream without end, until the run ends", type: "text/event-stream" } },
  }, async ({ context, params: { id } }) => {
    await found(id);
    let last = Number(context.req.header("last-event-id") ?? -1);
    if (!Number.isInteger(last)) throw new RequestError("last-event-id: it is no whole number; send the id of the last event that arrived");
    return streamSSE(context, async (stream) => {
      while (!stream.aborted && !service.admission.draining) {
        const run = await engine.run(id), hasEnded = !run || ended.includes(run.state);
        const events = await engine.events(id, last, hasEnded ? 0 : HEARTBEAT);
        for (const { id, type, data } of events) {
          await stream.writeSSE({ id: String(id), event: type, data: JSON.stringify(data) });
          last = id;
        }
        if (hasEnded) return await stream.writeSSE({ event: "end", data: JSON.stringify(run ?? null) });
        if (events.length === 0) await stream.write(": alive\n\n");
      }
    });
  });
}

const ended = ["stopped", "done", "failed"];
const summaries = {
  pause: "Save a checkpoint at the next step's edge, and free the device's memory",
  resume: "Go on from the last checkpoint",
  stop: "Save a checkpoint at the next step's edge, and end",
  checkpoint: "Save a checkpoint at the next step's edge, and go on",
};
const allowed = {
  pause: ["queued", "running"],
  resume: ["paused", "stopped", "failed"],
  stop: ["queued", "running", "pausing", "paused"],
  checkpoint: ["running"],
};
