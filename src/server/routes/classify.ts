// POST /v1/classify for fine-tuned models of pictures or texts, and /v1/attention as a picture.

import { z } from "npm:zod@4.6.7";
import { encodePng } from "../../data/encode.ts";
import { heatMap, sheet } from "../../data/panels.ts";
import { type App, endpoint } from "../endpoint.ts";
import { RequestError } from "../errors.ts";
import { answerAll, ofPictures, pictureItems, textItems, timingHeaders } from "../pictures/answer.ts";
import { Input } from "../pictures/input.ts";
import { ModelName, Truncate } from "../schema.ts";
import type { Service } from "../service.ts";

const ClassesAnswer = z.object({
  object: z.literal("list"),
  data: z.array(z.object({
    object: z.literal("classes"),
    index: z.int(),
    classes: z.array(z.object({ label: z.string(), probability: z.number() })).meta({ description: "most probable first" }),
  })),
  model: z.string(),
}).meta({ id: "Classes" });

export function classifyRoutes(app: App, service: Service): void {
  endpoint(app, service, {
    method: "post",
    path: "/v1/classify",
    tag: "Classes",
    summary: "The classes of a picture or a text, by a fine-tuned model",
    body: z.strictObject({
      input: Input,
      model: ModelName,
      top: z.int().positive().max(1000).default(5).meta({ description: "classes to name" }),
      truncate: Truncate,
    }),
    pictures: true,
    answers: { 200: { description: "in the order of the input", schema: ClassesAnswer } },
  }, ({ context, body, sources, signal }) =>
    service.models.use(body.model, async (model) => {
      const { outcomes, timing } = model.modality === "texts"
        ? await textItems(service, model, "classifyTexts", { truncate: body.truncate }, sources, signal)
        : await pictureItems(service, model, "classify", {}, model.view, sources, signal);
      const data = answerAll(outcomes).map(({ classes, probabilities }, index) => ({
        object: "classes",
        index,
        classes: classes.map((label, i) => ({ label, probability: probabilities[i] }))
          .sort((a, b) => b.probability - a.probability).slice(0, body.top),
      }));
      return context.json({ object: "list", data, model: model.id }, 200, timingHeaders(timing));
    }));

  endpoint(app, service, {
    method: "post",
    path: "/v1/attention",
    tag: "Classes",
    summary: "Where the class token looks, head by head",
    body: z.strictObject({
      input: Input,
      model: ModelName,
      layer: z.int().positive().optional().meta({ description: "block, from 1; the last where absent" }),
      head: z.int().min(0).optional().meta({ description: "one head; all side by side where absent" }),
    }),
    pictures: true,
    answers: { 200: { type: "image/png", description: "a row a picture, a column a head" } },
  }, ({ context, body, sources, signal }) =>
    service.models.use(body.model, async (named) => {
      const model = ofPictures(named), { layer = model.blocks, head } = body;
      if (layer > model.blocks) throw new RequestError(`layer: ${layer}, ${model.id} has blocks 1 to ${model.blocks}; choose one of these`);
      if (head !== undefined && model.heads !== undefined && head >= model.heads) {
        throw new RequestError(`head: ${head}, ${model.id} has heads 0 to ${model.heads - 1}; choose one of these`);
      }
      const { outcomes, timing } = await pictureItems(service, model, "attention", { block: layer }, model.view, sources, signal);
      const { size } = model.view;
      const panels = answerAll(outcomes).flatMap(({ heads, grid: [rows, columns] }, i) =>
        (head === undefined ? heads : [heads[head]]).map((values) =>
          heatMap({ width: size, height: size, pixels: outcomes[i].item!.pixels! }, values, { rows, columns })
        )
      );
      const columns = panels.length / sources.length;
      return context.body(await encodePng(sheet(panels, { columns })), 200, { "content-type": "image/png", ...timingHeaders(timing) });
    }));
}
