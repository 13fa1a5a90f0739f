// What the routes with pictures or texts share: admission, decoding for a view, errors of several inputs as one, headers.

import type { Ability, AnyModelDescription, EmbedOptions, ModelDescription, View } from "../engine.ts";
import { NotFoundError, RequestError } from "../errors.ts";
import type { Item, JobName, OptionsOf, ResultOf } from "../jobs.ts";
import type { Outcome, Service, Timing } from "../service.ts";
import type { Source } from "./input.ts";

/** Runs a job over pictures. `extend` adds what else an item of the job needs. */
export async function pictureItems<Name extends JobName & Ability>(
  service: Service,
  model: ModelDescription,
  job: Name,
  options: OptionsOf<Name>,
  view: View,
  sources: Source[],
  signal: AbortSignal,
  extend: (index: number) => Partial<Item> = () => ({}),
): Promise<{ outcomes: Outcome<ResultOf<Name>>[]; timing: Timing }> {
  checkAbility(model, job);
  const { maxPixels } = service.settings;
  const leave = service.admission.enter(sources.length);
  try {
    const items = sources.map((source, index) => async (): Promise<Item> => {
      const { name } = source, bytes = await source.bytes(signal);
      return { name, pixels: await service.prepare(bytes, { name, view, maxPixels }, signal), ...extend(index) };
    });
    return await service.run(job, model, options, items, signal);
  } finally {
    leave();
  }
}

/** Runs a job over texts. */
export async function textItems<Name extends "embedTexts" | "classifyTexts">(
  service: Service,
  model: AnyModelDescription,
  job: Name,
  options: OptionsOf<Name>,
  sources: Source[],
  signal: AbortSignal,
): Promise<{ outcomes: Outcome<ResultOf<Name>>[]; timing: Timing }> {
  checkAbility(model, job === "embedTexts" ? "embed" : "classify");
  const items = sources.map(({ name, text }) => {
    if (text !== undefined && !/^data:[^,]{0,200};\s*base64,/i.test(text)) return () => Promise.resolve({ name, text });
    throw new RequestError(`${name}: is a picture, ${model.id} takes texts; send a string, or choose a model of pictures`);
  });
  const leave = service.admission.enter(items.length);
  try {
    return await service.run(job, model, options, items, signal);
  } finally {
    leave();
  }
}

/** @throws RequestError for a model of texts. */
export function ofPictures(model: AnyModelDescription): ModelDescription {
  if (model.modality === "pictures") return model;
  throw new RequestError(`${model.id}: takes texts, no pictures; choose a model of pictures`);
}

export function embedSources(service: Service, model: ModelDescription, options: EmbedOptions, sources: Source[], signal: AbortSignal) {
  return pictureItems(service, model, "embed", options, model.view, sources, signal);
}

export function checkAbility(model: AnyModelDescription, ability: Ability): void {
  if (model.abilities.includes(ability)) return;
  throw new NotFoundError(`${model.id}: it cannot ${ability}, only ${model.abilities.join(", ")}; activate a model that can`);
}

/** The results of all, or the error of the first that failed. */
export function answerAll<Result>(outcomes: Outcome<Result>[]): Result[] {
  return outcomes.map(({ result, error }) => {
    if (error) throw error;
    return result as Result;
  });
}

/** Milliseconds, as text-embeddings-inference calls them. */
export function timingHeaders({ decode, queue, inference }: Timing): Record<string, string> {
  const ms = (value: number) => Math.max(0, value).toFixed(1);
  return { "x-decode-time": ms(decode), "x-queue-time": ms(queue), "x-inference-time": ms(inference) };
}
