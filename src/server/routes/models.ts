// GET /v1/models, and POST to put another one to work without a restart.

import { z } from "npm:zod@4.6.7";
import { type App, endpoint } from "../endpoint.ts";
import type { AnyModelDescription } from "../engine.ts";
import { NotFoundError } from "../errors.ts";
import type { Service } from "../service.ts";

const ModelAnswer = z.looseObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
  default: z.boolean().meta({ description: "whether it is the one called default" }),
  modality: z.enum(["pictures", "texts"]),
  source: z.string(),
  fingerprint: z.string(),
  device: z.string(),
  abilities: z.array(z.string()),
}).meta({ id: "Model" });

const answerOf = ({ loaded, ...rest }: AnyModelDescription, isDefault: boolean) => ({
  ...rest,
  object: "model",
  created: Math.floor(loaded / 1000),
  owned_by: "zellige",
  default: isDefault,
});

export function modelRoutes(app: App, service: Service): void {
  endpoint(app, service, {
    method: "get",
    path: "/v1/models",
    tag: "Models",
    summary: "The models at work",
    answers: { 200: { description: "the default one first", schema: z.object({ object: z.literal("list"), data: z.array(ModelAnswer) }) } },
  }, async ({ context }) => {
    const models = await service.models.list();
    return context.json({ object: "list", data: models.map((model, i) => answerOf(model, i === 0)) });
  });

  endpoint(app, service, {
    method: "get",
    path: "/v1/models/{id}",
    tag: "Models",
    summary: "One model",
    params: z.object({ id: z.string() }),
    answers: { 200: { description: "the model", schema: ModelAnswer } },
  }, async ({ context, params: { id } }) => {
    const models = await service.models.list();
    const place = id === "default" ? 0 : models.findIndex((model) => model.id === id);
    if (!models[place]) throw new NotFoundError(`model: none is named ${JSON.stringify(id)}; GET /v1/models lists them`);
    return context.json(answerOf(models[place], place === 0));
  });

  endpoint(app, service, {
    method: "post",
    path: "/v1/models",
    tag: "Models",
    summary: "Activate a checkpoint; requests that are open end with the model before",
    access: "control",
    body: z.strictObject({
      source: z.string().min(1).meta({ description: "a run, a checkpoint of one, a file, a Hugging Face folder or an address" }),
    }),
    answers: { 200: { description: "the model, now the default", schema: ModelAnswer } },
  }, async ({ context, body: { source } }) => {
    const model = await service.models.activate(source);
    service.log("info", "model activated", { model: model.id, source });
    return context.json(answerOf(model, true));
  });
}
