// POST /v1/embeddings in the OpenAI shape, and /v1/embeddings/dense: a vector a patch.

import { z } from "npm:zod@4.6.7";
import { type App, endpoint } from "../endpoint.ts";
import type { AnyModelDescription, EmbedOptions } from "../engine.ts";
import { failureOf, RequestError } from "../errors.ts";
import { answerAll, embedSources, ofPictures, pictureItems, textItems, timingHeaders } from "../pictures/answer.ts";
import { Input } from "../pictures/input.ts";
import { ModelName, Truncate } from "../schema.ts";
import type { Outcome, Service } from "../service.ts";
import { EmbeddingType, encodeVector, EncodingFormat, normalized } from "../vectors.ts";

const Layer = z.int().min(0).optional().meta({
  description: "block that the vectors are taken after, 0 the embeddings; the model's own choice where absent",
});
const Embedding = z.union([z.array(z.number()), z.string()]).meta({ description: "as encoding_format says" });

const EmbeddingsRequest = z.strictObject({
  input: Input,
  model: ModelName,
  encoding_format: EncodingFormat,
  embedding_type: EmbeddingType,
  dimensions: z.int().positive().optional().meta({ description: "one of the model's embedding.dimensions; all of them where absent" }),
  layer: Layer,
  pool: z.enum(["class-token", "mean", "both"]).optional().meta({
    description: "how tokens become one vector; the model's own choice where absent",
  }),
  normalize: z.boolean().default(true).meta({ description: "to length 1" }),
  on_error: z.enum(["fail", "report"]).default("fail").meta({
    description: "a bad picture or text fails the request, or has its error in its place",
  }),
  truncate: Truncate,
  user: z.string().optional().meta({ description: "taken for OpenAI's sake, and not used" }),
}).meta({ id: "EmbeddingsRequest" });

const Usage = z.object({ prompt_tokens: z.int(), total_tokens: z.int() }).meta({ description: "patches, or tokens of texts" });
const EmbeddingsAnswer = z.object({
  object: z.literal("list"),
  data: z.array(z.union([
    z.object({ object: z.literal("embedding"), index: z.int(), embedding: Embedding, scale: z.number().optional() }),
    z.object({ object: z.literal("error"), index: z.int(), error: z.object({ type: z.string(), message: z.string() }) }),
  ])),
  model: z.string(),
  fingerprint: z.string().meta({ description: "vectors of two fingerprints must not be compared" }),
  usage: Usage,
}).meta({ id: "Embeddings" });

const DenseRequest = z.strictObject({
  input: Input,
  model: ModelName,
  encoding_format: EncodingFormat,
  embedding_type: z.enum(["f32", "f16"]).default("f32"),
  layer: Layer,
  normalize: z.boolean().default(false).meta({ description: "each patch's vector to length 1" }),
}).meta({ id: "DenseRequest" });

const DenseAnswer = z.object({
  object: z.literal("list"),
  data: z.array(z.object({
    object: z.literal("dense_embedding"),
    index: z.int(),
    embedding: Embedding.meta({ description: "rows x columns x dimensions values, row by row" }),
  })),
  grid: z.tuple([z.int(), z.int()]),
  dimensions: z.int(),
  model: z.string(),
  usage: Usage,
}).meta({ id: "DenseEmbeddings" });

export function embeddingRoutes(app: App, service: Service): void {
  endpoint(app, service, {
    method: "post",
    path: "/v1/embeddings",
    tag: "Embeddings",
    summary: "A vector a picture, or a text where the model is one of texts",
    body: EmbeddingsRequest,
    pictures: true,
    answers: { 200: { description: "the vectors, in the order of the input", schema: EmbeddingsAnswer } },
  }, ({ context, body, sources, signal }) =>
    service.models.use(body.model, async (model) => {
      const choice = choiceOf(model, body);
      const { outcomes, timing } = model.modality === "texts"
        ? await textItems(service, model, "embedTexts", { ...choice.options, truncate: body.truncate }, sources, signal)
        : await embedSources(service, model, choice.options, sources, signal);
      if (body.on_error === "fail") answerAll(outcomes);
      const data = outcomes.map(({ result, error }, index) => {
        if (error) {
          const { type, message } = failureOf(error, context.get("request"));
          return { object: "error", index, error: { type, message } };
        }
        const cut = result.vector.subarray(0, choice.dimensions);
        const vector = body.normalize ? normalized(cut) : cut;
        return { object: "embedding", index, ...encodeVector(vector.slice(), body.embedding_type, body.encoding_format) };
      });
      const answer = { object: "list", data, model: model.id, fingerprint: choice.fingerprint, usage: usage(model, outcomes) };
      return context.json(answer, 200, timingHeaders(timing));
    }));

  endpoint(app, service, {
    method: "post",
    path: "/v1/embeddings/dense",
    tag: "Embeddings",
    summary: "A vector a patch",
    body: DenseRequest,
    pictures: true,
    answers: { 200: { description: "the grids of vectors, in the order of the pictures", schema: DenseAnswer } },
  }, ({ context, body, sources, signal }) =>
    service.models.use(body.model, async (named) => {
      const model = ofPictures(named);
      const options = { block: checkBlock(model, body.layer) };
      const { outcomes, timing } = await pictureItems(service, model, "dense", options, model.view, sources, signal);
      const results = answerAll(outcomes), [{ grid, dimensions }] = results;
      const data = results.map(({ vectors }, index) => {
        const values = body.normalize ? normalizedRows(vectors, dimensions) : vectors.slice();
        return { object: "dense_embedding", index, ...encodeVector(values, body.embedding_type, body.encoding_format) };
      });
      const answer = { object: "list", data, grid, dimensions, model: model.id, usage: usage(model, outcomes) };
      return context.json(answer, 200, timingHeaders(timing));
    }));
}

/** Block, pool and length of the vectors, and what they may be compared with. */
function choiceOf(
  model: AnyModelDescription,
  { layer, pool, dimensions }: { layer?: number; pool?: EmbedOptions["pool"]; dimensions?: number },
) {
  if (pool === "both" && model.modality === "texts") {
    throw new RequestError(`pool: a model of texts has no both; choose class-token or mean`);
  }
  const options: EmbedOptions = { block: checkBlock(model, layer), pool };
  const own = layer === undefined && pool === undefined, { embedding } = model;
  if (dimensions !== undefined && !(own && embedding.dimensions.includes(dimensions))) {
    throw new RequestError(
      own
        ? `dimensions: ${dimensions} is not fitted for ${model.id}; choose ${embedding.dimensions.join(", ")}`
        : "dimensions: they are fitted for the model's own layer and pool only; leave out dimensions, or layer and pool",
    );
  }
  const choice = `${layer ?? embedding.block}:${pool ?? embedding.pool}`;
  return { options, dimensions, fingerprint: own ? model.fingerprint : `${model.fingerprint}:${choice}` };
}

function checkBlock(model: AnyModelDescription, layer: number | undefined): number | undefined {
  if (layer === undefined || layer <= model.blocks) return layer;
  throw new RequestError(`layer: ${layer}, ${model.id} has blocks 0 to ${model.blocks}; choose one of these`);
}

function normalizedRows(vectors: Float32Array, dimensions: number): Float32Array {
  const all = new Float32Array(vectors.length);
  for (let at = 0; at < vectors.length; at += dimensions) all.set(normalized(vectors.subarray(at, at + dimensions)), at);
  return all;
}

function usage(model: AnyModelDescription, outcomes: Outcome<object>[]) {
  const patches = model.modality === "pictures" ? model.grid[0] * model.grid[1] : 0;
  const tokens = outcomes.reduce((sum, { result }) => sum + (result && "tokens" in result ? Number(result.tokens) : patches), 0);
  return { prompt_tokens: tokens, total_tokens: tokens };
}
