// One way for all routes: what is declared here is checked, and is the OpenAPI document.

import type { OpenAPIHono } from "npm:@hono/zod-openapi@1.6.3";
import type { Context } from "npm:hono@4.13.19";
import { z } from "npm:zod@4.6.7";
import { checkAccess } from "./access.ts";
import { type NodeBody, readBody } from "./body.ts";
import { MediaTypeError, RequestError } from "./errors.ts";
import { parseJson, readInput, type Source } from "./pictures/input.ts";
import { check, Failed } from "./schema.ts";
import type { Service } from "./service.ts";
import { fromTexts } from "./texts.ts";

/** What middleware tells handlers; `incoming` is @hono/node-server's. */
export interface Env {
  Variables: { request: string; route: string };
  Bindings: { incoming?: Partial<NodeBody> & { socket?: { remoteAddress?: string } } };
}
export type App = OpenAPIHono<Env>;

interface Answer {
  description: string;
  /** Of JSON; a media type for anything else. */
  schema?: z.ZodType;
  type?: string;
}

const None = z.strictObject({});

interface Declaration<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject> {
  method: "get" | "post" | "put" | "delete";
  /** As OpenAPI writes it: /v1/runs/{id}. */
  path: string;
  tag: string;
  summary: string;
  /** open: for everyone; read, by default; control: with the token for control. */
  access?: "open" | "read" | "control";
  params?: Params;
  query?: Query;
  body?: Body;
  /** The body may also be a form of files or a picture itself; its schema has `input`. */
  pictures?: boolean;
  answers: Record<number, Answer>;
}

export interface Request<Params, Query, Body> {
  context: Context<Env>;
  params: Params;
  query: Query;
  body: Body;
  /** Of `pictures`. */
  sources: Source[];
  signal: AbortSignal;
}

/** Declares a route and puts it into the app. */
export function endpoint<
  Params extends z.ZodObject = typeof None,
  Query extends z.ZodObject = typeof None,
  Body extends z.ZodObject = typeof None,
>(
  app: App,
  service: Service,
  declared: Declaration<Params, Query, Body>,
  handle: (request: Request<z.infer<Params>, z.infer<Query>, z.infer<Body>>) => Promise<Response> | Response,
): void {
  const { method, path, access = "read", params, query, body: schema, pictures } = declared;
  describe(app, declared);
  service.routes.push(path);
  app.on(method, path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
    context.set("route", path);
    const { req } = context, { settings } = service;
    if (access !== "open") {
      const address = context.env?.incoming?.socket?.remoteAddress;
      service.rate?.take(address); // before the token: whoever guesses must wait, too
      checkAccess({ headers: req.raw.headers, address }, access === "control", settings);
    }
    const texts = req.query(), twice = Object.entries(req.queries()).find(([, values]) => values.length > 1);
    if (twice) throw new RequestError(`query: ${twice[0].slice(0, 100)} is given ${twice[1].length} times; give it once`);
    const request = {
      context,
      params: check(params ?? None, req.param(), "path"),
      query: pictures ? {} : check(query ?? None, fromTexts(query ?? None, texts), "query"),
      body: {},
      sources: [] as Source[],
      signal: req.raw.signal,
    };
    if (!schema) return await handle(request as never);

    const packed = req.header("content-encoding");
    if (packed !== undefined && packed !== "identity") {
      throw new MediaTypeError(`body: content-encoding is ${packed.slice(0, 100)}; send it as it is, pictures are packed already`);
    }
    if (pictures) service.admission.checkRoom();
    const limits = { maxBody: settings.maxBody, timeout: settings.requestTimeout }, { incoming } = context.env ?? {};
    const { bytes, release } = await readBody(req.raw, limits, service.bodies, nodeBody(incoming));
    try {
      const contentType = req.header("content-type") ?? "";
      if (pictures) {
        const limits = { maxPictures: settings.maxPictures, maxPicture: settings.maxPicture, remotePictures: settings.remotePictures };
        const { sources, options } = await readInput(bytes, { contentType, query: texts }, schema, limits);
        Object.assign(request, { sources, body: options });
      } else {
        if (bytes.length > 0 && !/^application\/([\w.-]+\+)?json\b/i.test(contentType)) {
          throw new MediaTypeError(`body: content-type is ${contentType || "absent"}; send application/json`);
        }
        request.body = check(schema, bytes.length === 0 ? {} : parseJson(bytes), "body");
      }
      return await handle(request as never);
    } finally {
      release();
    }
  });
}

/** The body of Node's request, unless something in front of this server has read it. */
const nodeBody = (incoming?: Partial<NodeBody>): NodeBody | undefined =>
  incoming?.on && incoming.off && incoming.readableEnded === false ? incoming as NodeBody : undefined;

const files = z.object({ input: z.any().meta({ type: "string", format: "binary", description: "one file or several" }) });
const picture = z.any().meta({ type: "string", format: "binary", description: "one picture; options go into the query" });

function describe(
  app: App,
  { method, path, tag, summary, access = "read", params, query, body, pictures, answers }: Declaration<
    z.ZodObject,
    z.ZodObject,
    z.ZodObject
  >,
): void {
  const contentOf = ({ schema, type }: Answer) =>
    schema || type ? { [type ?? "application/json"]: { schema: schema ?? z.any() } } : undefined;
  const forms = body && pictures &&
    { "multipart/form-data": { schema: files.extend(body.omit({ input: true }).shape) }, "image/*": { schema: picture } };
  app.openAPIRegistry.registerPath({
    method,
    path,
    tags: [tag],
    summary,
    security: access === "open" ? [] : [{ [access]: [] }],
    request: {
      params,
      query,
      ...body && { body: { content: { "application/json": { schema: body }, ...forms }, required: true } },
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, { description: answer.description, content: contentOf(answer) }]),
      ),
      default: { description: "a failure; error.type says which", content: { "application/json": { schema: Failed } } },
    },
  });
}
