// Pictures to visual tokens and back: /v1/tokens, /v1/decode, /v1/reconstruct.

import { z } from "npm:zod@4.6.7";
import { DataError } from "../../errors.ts";
import { encodePng } from "../../data/encode.ts";
import { drawMask } from "../../data/mask.ts";
import { sheet, withMask } from "../../data/panels.ts";
import { type App, endpoint } from "../endpoint.ts";
import type { AnyModelDescription, ModelDescription } from "../engine.ts";
import { NotFoundError, RequestError } from "../errors.ts";
import { answerAll, checkAbility, ofPictures, pictureItems, timingHeaders } from "../pictures/answer.ts";
import { Input } from "../pictures/input.ts";
import { ModelName } from "../schema.ts";
import type { Service } from "../service.ts";

const Ids = z.array(z.array(z.int().min(0))).min(1).meta({ description: "rows of token numbers" });
const Png = { type: "image/png", description: "the picture" };

const TokensAnswer = z.object({
  object: z.literal("list"),
  data: z.array(z.object({ object: z.literal("tokens"), index: z.int(), ids: Ids })),
  grid: z.tuple([z.int(), z.int()]),
  vocab: z.int(),
  model: z.string(),
  fingerprint: z.string().meta({ description: "of the tokenizer" }),
}).meta({ id: "Tokens" });

const ReconstructRequest = z.strictObject({
  input: Input,
  model: ModelName,
  mask: z.array(z.array(z.union([z.literal(0), z.literal(1)]))).optional().meta({
    description: "rows of patches, 1 where the model must guess",
  }),
  mask_ratio: z.number().gt(0).lte(1).default(0.4).meta({ description: "share of patches to mask in blocks, where no mask is given" }),
  seed: z.int().min(0).default(0).meta({ description: "of the drawn mask" }),
}).meta({ id: "ReconstructRequest" });

export function tokenRoutes(app: App, service: Service): void {
  endpoint(app, service, {
    method: "post",
    path: "/v1/tokens",
    tag: "Tokens",
    summary: "The grid of visual tokens of a picture",
    body: z.strictObject({ input: Input, model: ModelName }),
    pictures: true,
    answers: { 200: { description: "the grids, in the order of the pictures", schema: TokensAnswer } },
  }, ({ context, body, sources, signal }) =>
    service.models.use(body.model, async (model) => {
      const { view, vocab, grid, fingerprint } = tokenizerOf(model);
      const { outcomes, timing } = await pictureItems(service, ofPictures(model), "tokens", {}, view, sources, signal);
      const data = answerAll(outcomes).map(({ ids }, index) => ({
        object: "tokens",
        index,
        ids: Array.from({ length: grid[0] }, (_, y) => Array.from(ids.subarray(y * grid[1], (y + 1) * grid[1]))),
      }));
      return context.json({ object: "list", data, grid, vocab, model: model.id, fingerprint }, 200, timingHeaders(timing));
    }));

  endpoint(app, service, {
    method: "post",
    path: "/v1/decode",
    tag: "Tokens",
    summary: "The picture that a grid of visual tokens stands for",
    body: z.strictObject({ ids: Ids, model: ModelName }),
    answers: { 200: Png },
  }, ({ context, body, signal }) =>
    service.models.use(body.model, async (model) => {
      const { grid, vocab } = tokenizerOf(model);
      checkAbility(model, "decode");
      const ids = Uint32Array.from(flat("ids", body.ids, grid));
      const wrong = ids.find((id) => id >= vocab);
      if (wrong !== undefined) throw new DataError(`ids: ${wrong} is no token, the vocabulary has 0 to ${vocab - 1}`);
      const leave = service.admission.enter(1);
      try {
        const { outcomes, timing } = await service.run("decode", model, {}, [() => Promise.resolve({ name: "ids", ids })], signal);
        const [picture] = answerAll(outcomes);
        return context.body(await encodePng(picture), 200, { "content-type": "image/png", ...timingHeaders(timing) });
      } finally {
        leave();
      }
    }));

  endpoint(app, service, {
    method: "post",
    path: "/v1/reconstruct",
    tag: "Tokens",
    summary: "What the model sees of a picture, and what it guesses of the rest",
    body: ReconstructRequest,
    pictures: true,
    answers: { 200: { ...Png, description: "input, mask and prediction side by side; a row a picture" } },
  }, ({ context, body, sources, signal }) =>
    service.models.use(body.model, async (named) => {
      const model = ofPictures(named);
      checkAbility(model, "reconstruct");
      const [rows, columns] = model.grid;
      const masks = sources.map((_, index) => maskOf(model, body, index));
      const { outcomes, timing } = await pictureItems(
        service,
        model,
        "reconstruct",
        {},
        model.view,
        sources,
        signal,
        (index) => ({ mask: masks[index] }),
      );
      const panels = answerAll(outcomes).flatMap((
        { input, predicted },
        i,
      ) => [input, withMask(input, masks[i], { rows, columns }), predicted]);
      return context.body(await encodePng(sheet(panels, { columns: 3 })), 200, { "content-type": "image/png", ...timingHeaders(timing) });
    }));
}

function tokenizerOf(model: AnyModelDescription): NonNullable<ModelDescription["tokenizer"]> {
  if (model.modality === "pictures" && model.tokenizer) return model.tokenizer;
  throw new NotFoundError(`${model.id}: it has no tokenizer; activate a run that has one`);
}

/** The values of a grid, row by row. */
function flat(what: string, values: number[][], [rows, columns]: readonly [number, number]): number[] {
  if (values.length === rows && values.every((row) => row.length === columns)) return values.flat();
  throw new DataError(
    `${what}: ${values.length} rows of ${
      [...new Set(values.map((row) => row.length))].join(" or ")
    }, the model has ${rows} x ${columns}; give ${rows} lists of ${columns}`,
  );
}

function maskOf(
  model: ModelDescription,
  { mask, mask_ratio, seed }: z.infer<typeof ReconstructRequest>,
  index: number,
): Uint8Array<ArrayBuffer> {
  const [height, width] = model.grid;
  if (mask) {
    const values = Uint8Array.from(flat("mask", mask, model.grid));
    if (!values.includes(1)) throw new RequestError("mask: nothing is masked; set at least one patch to 1");
    return values;
  }
  const count = Math.max(1, Math.round(mask_ratio * height * width));
  return drawMask({ seed, epoch: 0, index }, { height, width, count }).mask as Uint8Array<ArrayBuffer>;
}
