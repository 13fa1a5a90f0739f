// Collections of vectors: fill them with pictures, texts or vectors, search them with one of these or an item.

import { z } from "npm:zod@4.6.7";
import { DataError } from "../../errors.ts";
import { encodePng } from "../../data/encode.ts";
import { resize } from "../../data/resize.ts";
import { type Collection, exportLines, type Filter, type ItemInput, type Metadata, type Store } from "../../store/mod.ts";
import { type App, endpoint } from "../endpoint.ts";
import { failureOf, NotFoundError, RequestError, UnavailableError } from "../errors.ts";
import { embedSources, textItems, timingHeaders } from "../pictures/answer.ts";
import { PictureInput, sourceOf } from "../pictures/input.ts";
import { Id, ModelName, Truncate } from "../schema.ts";
import type { Service } from "../service.ts";
import { normalized } from "../vectors.ts";

const Name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 of A-Z a-z 0-9 _ -");
const params = z.object({ name: Name });
const itemParams = z.object({ name: Name, id: Id });
const tag = "Collections";

const MetadataSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
  .meta({ description: "flat: text, numbers, booleans, lists of text" });
const FilterSchema = z.record(z.string(), z.unknown())
  .meta({
    description: '{"label": "cat"}, {"year": {"$gte": 2000}}, {"label": {"$in": [...]}}, {"$or": [...]}, {"$and": [...]}, {"$not": {...}}',
  });
const Text = z.string().meta({ description: "for a model of texts" });
/** The store looks at the numbers, and says which of them is none. */
const Vector = z.array(z.unknown().meta({ type: "number" })).transform((values) => values as number[])
  .meta({ description: "as long as the collection's dimensions" });

const CollectionAnswer = z.object({
  name: z.string(),
  dimensions: z.int(),
  metric: z.enum(["cosine", "dot", "euclidean"]),
  fingerprint: z.string(),
  count: z.int(),
  created: z.string(),
}).meta({ id: "Collection" });
const EntrySchema = z.object({ id: z.string(), metadata: MetadataSchema, name: z.string().optional() });

const ItemSchema = z.strictObject({
  id: Id,
  picture: PictureInput.optional(),
  text: Text.optional(),
  vector: Vector.optional(),
  metadata: MetadataSchema.optional(),
  name: z.string().optional().meta({ description: "of the picture, for people" }),
}).refine(({ picture, text, vector }) => given(picture, text, vector) === 1, {
  message: "give a picture, a text or a vector, one of them",
});

const given = (...fields: unknown[]) => fields.filter((field) => field !== undefined).length;

export function collectionRoutes(app: App, service: Service): void {
  const { settings } = service;
  const store = (): Store => {
    if (service.store) return service.store;
    throw new UnavailableError("collections: this server was started without a store");
  };

  endpoint(app, service, {
    method: "get",
    path: "/v1/collections",
    tag,
    summary: "All collections",
    answers: { 200: { description: "by name", schema: z.object({ data: z.array(CollectionAnswer) }) } },
  }, async ({ context }) => context.json({ data: await store().collections() }));

  endpoint(app, service, {
    method: "put",
    path: "/v1/collections/{name}",
    tag,
    summary: "Create a collection, for a model's vectors or for vectors of your own; one that is there with the same settings stays",
    access: "control",
    params,
    body: z.strictObject({
      metric: z.enum(["cosine", "dot", "euclidean"]).default("cosine"),
      model: ModelName,
      dimensions: z.int().min(1).max(16000).optional().meta({ description: "of your own vectors; the model's where absent" }),
      fingerprint: z.string().min(1).max(200).optional().meta({
        description: "of the embedder of your own vectors; the model's where absent",
      }),
    }),
    answers: { 200: { description: "the collection", schema: CollectionAnswer } },
  }, async ({ context, params: { name }, body: { metric, model, dimensions, fingerprint } }) => {
    if ((dimensions === undefined) !== (fingerprint === undefined)) {
      throw new RequestError("body: dimensions and fingerprint belong together; give both for vectors of your own, or none");
    }
    const spec = dimensions !== undefined
      ? { dimensions, fingerprint: fingerprint! }
      : await service.models.use(model, ({ embedding, fingerprint }) =>
        Promise.resolve({ dimensions: Math.max(...embedding.dimensions), fingerprint }));
    return context.json(await store().createCollection(name, { ...spec, metric }));
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/collections/{name}",
    tag,
    summary: "One collection",
    params,
    answers: { 200: { description: "the collection", schema: CollectionAnswer } },
  }, async ({ context, params: { name } }) => context.json(await store().collection(name)));

  endpoint(app, service, {
    method: "delete",
    path: "/v1/collections/{name}",
    tag,
    summary: "Delete a collection with its items",
    access: "control",
    params,
    answers: { 204: { description: "it is gone" } },
  }, async ({ context, params: { name } }) => {
    await store().deleteCollection(name);
    return context.body(null, 204);
  });

  endpoint(app, service, {
    method: "post",
    path: "/v1/collections/{name}/items",
    tag,
    summary: "Add or replace items; once answered they survive a crash",
    access: "control",
    params,
    body: z.strictObject({
      items: z.array(ItemSchema).min(1).max(10_000),
      model: ModelName,
      truncate: Truncate,
      fingerprint: z.string().optional().meta({ description: "of the embedder, for vectors of your own" }),
      on_error: z.enum(["fail", "report"]).default("fail").meta({
        description: "a bad picture or text fails the request, or is left out and listed",
      }),
    }),
    answers: {
      200: {
        description: "what was stored",
        schema: z.object({
          added: z.int(),
          replaced: z.int(),
          errors: z.array(z.object({ id: z.string(), type: z.string(), message: z.string() })),
        }),
      },
    },
  }, async ({ context, params: { name }, body, signal }) => {
    const collection = await store().collection(name);
    const ready: ItemInput[] = [], errors: { id: string; type: string; message: string }[] = [];
    const toEmbed = body.items.filter(({ vector }) => vector === undefined);
    for (const { id, vector, metadata, name } of body.items) if (vector) ready.push({ id, vector, metadata: metadata as Metadata, name });
    const { embedded, fingerprint, headers } = toEmbed.length > 0
      ? await embedInto(collection, body, toEmbed.map(({ id, picture, text }) => ({ name: id, picture, text })), signal)
      : { embedded: [], fingerprint: undefined, headers: {} };
    for (const [i, { vector, thumbnail, error }] of embedded.entries()) {
      const { id, metadata, name } = toEmbed[i];
      if (!error) ready.push({ id, vector: vector!, thumbnail: await thumbnail?.(), metadata: metadata as Metadata, name });
      else if (body.on_error === "fail") throw error;
      else {
        const { type, message } = failureOf(error, context.get("request"));
        errors.push({ id, type, message });
      }
    }
    const embedder = fingerprint ?? body.fingerprint ?? await ownFingerprint(body.model);
    const stored = ready.length > 0 ? await store().put(name, embedder, ready) : { added: 0, replaced: 0 };
    return context.json({ ...stored, errors }, 200, headers);
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/collections/{name}/items",
    tag,
    summary: "Items in the order of their ids, page by page",
    params,
    query: z.strictObject({ after: Id.optional(), limit: z.int().min(1).max(1000).default(100) }),
    answers: { 200: { description: "a page", schema: z.object({ entries: z.array(EntrySchema), next: z.string().optional() }) } },
  }, async ({ context, params: { name }, query }) => context.json(await store().list(name, query)));

  endpoint(app, service, {
    method: "get",
    path: "/v1/collections/{name}/items/{id}",
    tag,
    summary: "One item with its vector",
    params: itemParams,
    answers: { 200: { description: "the item", schema: EntrySchema.extend({ vector: Vector }) } },
  }, async ({ context, params: { name, id } }) => {
    const { vector, thumbnail: _, ...entry } = await store().get(name, id);
    return context.json({ ...entry, vector: Array.from(vector) });
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/collections/{name}/items/{id}/thumbnail",
    tag,
    summary: "A small picture of an item that was added as a picture",
    params: itemParams,
    answers: { 200: { description: "the picture", type: "image/png" } },
  }, async ({ context, params: { name, id } }) => {
    const { thumbnail } = await store().get(name, id);
    if (!thumbnail) throw new NotFoundError(`${name}/${id}: it was added as a vector and has no picture`);
    return context.body(thumbnail, 200, { "content-type": "image/png" });
  });

  endpoint(app, service, {
    method: "delete",
    path: "/v1/collections/{name}/items/{id}",
    tag,
    summary: "Delete one item",
    access: "control",
    params: itemParams,
    answers: { 204: { description: "it is gone" } },
  }, async ({ context, params: { name, id } }) => {
    if (await store().delete(name, [id]) === 0) throw new NotFoundError(`${name}: it has no item ${id}`);
    return context.body(null, 204);
  });

  endpoint(app, service, {
    method: "post",
    path: "/v1/collections/{name}/search",
    tag,
    summary: "The nearest items to a picture, a text, a vector or an item",
    params,
    body: z.strictObject({
      picture: PictureInput.optional(),
      text: Text.optional(),
      vector: Vector.optional(),
      id: Id.optional().meta({ description: "of an item, which is not among the hits itself" }),
      k: z.int().min(1).max(1000).default(10),
      filter: FilterSchema.optional(),
      model: ModelName,
      truncate: Truncate,
      fingerprint: z.string().optional().meta({ description: "of the embedder of the vector; the model's where absent" }),
    }),
    answers: {
      200: {
        description: "nearest first",
        schema: z.object({ data: z.array(EntrySchema.extend({ score: z.number().meta({ description: "larger is nearer" }) })) }),
      },
    },
  }, async ({ context, params: { name }, body, signal }) => {
    const { picture, text, vector, id, k, filter, model, fingerprint } = body, count = given(picture, text, vector, id);
    if (count !== 1) throw new RequestError(`body: ${count} of picture, text, vector and id are given; give one of them`);
    let query, headers = {};
    if (id !== undefined) query = { id };
    else if (vector !== undefined) query = { vector, fingerprint: fingerprint ?? await ownFingerprint(model) };
    else {
      const collection = await store().collection(name);
      const asked = { name: text === undefined ? "picture" : "text", picture, text };
      const { embedded: [one], ...rest } = await embedInto(collection, body, [asked], signal);
      if (one.error) throw one.error;
      query = { vector: one.vector!, fingerprint: rest.fingerprint };
      headers = rest.headers;
    }
    return context.json({ data: await store().search(name, { query, k, filter: filter as Filter | undefined }) }, 200, headers);
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/collections/{name}/export",
    tag,
    summary: "The collection as lines of JSON: its settings, then an item a line, its vector in base64",
    params,
    answers: { 200: { description: "JSON lines", type: "application/x-ndjson" } },
  }, async ({ context, params: { name } }) => {
    await store().collection(name);
    const lines = exportLines(store(), name), encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value, done } = await lines.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: async () => void await lines.return?.(),
    });
    return context.body(body, 200, { "content-type": "application/x-ndjson" });
  });

  const ownFingerprint = (model: string) => service.models.use(model, ({ fingerprint }) => Promise.resolve(fingerprint));

  interface Embedded {
    vector?: Float32Array;
    thumbnail?: () => Promise<Uint8Array>;
    error?: Error;
  }

  /** Vectors as the collection wants them, an error for a picture or a text that has none. */
  function embedInto(
    { name, dimensions, fingerprint }: Collection,
    { model: wanted, truncate }: { model: string; truncate: boolean },
    items: { name: string; picture?: PictureInput; text?: string }[],
    signal: AbortSignal,
  ) {
    return service.models.use(wanted, async (model) => {
      const takes = model.modality === "texts" ? "text" : "picture", other = items.find((item) => item[takes] === undefined);
      if (other) throw new RequestError(`${other.name}: ${model.id} takes ${model.modality}; send a ${takes}, or choose another model`);
      // Before any work: a refusal by the store would come after all of it.
      if (model.fingerprint !== fingerprint || !model.embedding.dimensions.includes(dimensions)) {
        throw new DataError(
          `${name}: it holds vectors of ${fingerprint} with ${dimensions} values, ${model.id} is ${model.fingerprint}; activate that model again, or use another collection`,
        );
      }
      const sources = items.map(({ name, picture, text }) => sourceOf(picture ?? text!, name, settings));
      const { outcomes, timing } = model.modality === "texts"
        ? await textItems(service, model, "embedTexts", { truncate }, sources, signal)
        : await embedSources(service, model, {}, sources, signal);
      const embedded = outcomes.map(({ result, item, error }): Embedded => {
        if (error) return { error };
        const thumbnail = model.modality === "pictures" ? () => thumbnailOf(item.pixels!, model.view.size) : undefined;
        return { vector: normalized(result.vector.subarray(0, dimensions)), thumbnail };
      });
      return { embedded, fingerprint: model.fingerprint, headers: timingHeaders(timing) };
    });
  }
}

/** Pixels per side of what a page shows of an item. */
const THUMBNAIL = 96;

function thumbnailOf(pixels: Uint8Array, size: number): Promise<Uint8Array> {
  const picture = { width: size, height: size, pixels }, side = Math.min(THUMBNAIL, size);
  return encodePng(resize(picture, side, side, "box"));
}
