// The forms in which a request may bring pictures: JSON with data URIs, base64 or addresses; multipart files; the bytes themselves.

import { z } from "npm:zod@4.6.7";
import { DataError } from "../../errors.ts";
import { MediaTypeError, RequestError, TooLargeError } from "../errors.ts";
import { check } from "../schema.ts";
import { fromTexts } from "../texts.ts";
import { bytesOfText } from "./data_uri.ts";
import { fetchPicture } from "./remote.ts";

export const PictureInput = z.union([
  z.string().meta({ description: "a data URI, or an http address where the server fetches pictures; a text for a model of texts" }),
  z.strictObject({ image: z.string().meta({ description: "a data URI or bare base64" }) }),
  z.strictObject({ url: z.string().meta({ description: "an http address; refused unless the server's settings allow its host" }) }),
]).meta({ id: "Picture" });
export type PictureInput = z.infer<typeof PictureInput>;

/** One picture or several. */
export const Input = z.union([PictureInput, z.array(PictureInput).min(1)]).meta({
  description: "one picture, or several; texts for a model of texts",
});

/** A picture whose bytes are not at hand yet; or a text, as the model will have it. */
export interface Source {
  name: string;
  /** The string that a request has as it is. */
  text?: string;
  bytes(signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

export interface InputLimits {
  maxPictures: number;
  maxPicture: number;
  remotePictures: readonly string[];
}

/** The source of one picture of a JSON body. */
export function sourceOf(input: PictureInput, name: string, { maxPicture, remotePictures }: InputLimits): Source {
  const text = typeof input === "string" ? input : "url" in input ? input.url : input.image;
  const remote = typeof input === "string" ? /^https?:/i.test(input) : "url" in input;
  return {
    name,
    ...typeof input === "string" && { text: input },
    // deno-lint-ignore require-await -- an error must be a rejection, as for an address
    bytes: async (signal) =>
      remote && !/^data:/i.test(text)
        ? fetchPicture(text, name, { hosts: remotePictures, maxBytes: maxPicture, signal })
        : bytesOfText(text, name, maxPicture),
  };
}

/**
 * The pictures and the options of a body. `schema` is that of the JSON form, with the pictures under `input`; the other forms have the
 * options as form fields or in the query.
 */
export async function readInput<Schema extends z.ZodObject>(
  body: Uint8Array<ArrayBuffer>,
  { contentType, query }: { contentType: string; query: Record<string, string> },
  schema: Schema,
  limits: InputLimits,
): Promise<{ sources: Source[]; options: Omit<z.infer<Schema>, "input"> }> {
  const type = contentType.split(";")[0].trim().toLowerCase();
  const { sources, options } = type === "application/json" || type.endsWith("+json")
    ? fromJson(body, schema, limits)
    : type === "multipart/form-data"
    ? await fromForm(body, contentType, schema, limits)
    : type.startsWith("image/") || type === "application/octet-stream"
    ? { sources: [held(body, type, limits)], options: check(optionsOf(schema), fromTexts(schema, query), "query") }
    : refuseType(type);
  if (sources.length > limits.maxPictures) {
    throw new TooLargeError(
      `input: ${sources.length} pictures or texts, the limit of one request is ${limits.maxPictures}; send them in several`,
    );
  }
  return { sources, options: options as Omit<z.infer<Schema>, "input"> };
}

/** A schema without its pictures; made once, since zod compiles it at its first use. */
const withoutInput = new WeakMap<z.ZodObject, z.ZodObject>();

function optionsOf(schema: z.ZodObject): z.ZodObject {
  let options = withoutInput.get(schema);
  if (!options) withoutInput.set(schema, options = schema.omit({ input: true }));
  return options;
}

function refuseType(type: string): never {
  throw new MediaTypeError(`body: content-type is ${type || "absent"}; send application/json, multipart/form-data or image/*`);
}

/** The value of a JSON body. */
export function parseJson(body: Uint8Array): unknown {
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return JSON.parse(text);
  } catch (error) {
    if (/[[:,]\s*-?(NaN|Infinity)\b/.test(text)) {
      throw new DataError("body: it has NaN or Infinity, which JSON has not; send finite numbers");
    }
    throw new RequestError(`body: it is no JSON (${(error as Error).message}); check what is sent`);
  }
}

function fromJson(body: Uint8Array, schema: z.ZodObject, limits: InputLimits) {
  const { input, ...options } = check(schema, parseJson(body), "body") as { input: PictureInput | PictureInput[] };
  const sources = Array.isArray(input) ? input.map((one, i) => sourceOf(one, `input[${i}]`, limits)) : [sourceOf(input, "input", limits)];
  return { sources, options };
}

async function fromForm(body: Uint8Array<ArrayBuffer>, contentType: string, schema: z.ZodObject, limits: InputLimits) {
  const form = await new Response(body, { headers: { "content-type": contentType } }).formData().catch((error) => {
    throw new RequestError(`body: it is no multipart form (${error.message}); check its boundary`);
  });
  const sources: Source[] = [], texts: Record<string, string> = Object.create(null); // a field may be called __proto__
  for (const [name, value] of form) {
    if (typeof value === "string") texts[name] = value;
    else sources.push(held(new Uint8Array(await value.arrayBuffer()), (value.name || name).slice(0, 100), limits));
  }
  if (sources.length === 0) throw new RequestError("body: the form holds no file; send at least one picture as a file");
  return { sources, options: check(optionsOf(schema), fromTexts(schema, texts), "form") };
}

function held(bytes: Uint8Array<ArrayBuffer>, name: string, { maxPicture }: InputLimits): Source {
  return {
    name,
    bytes() {
      if (bytes.length === 0) return Promise.reject(new DataError(`${name}: it is empty; send a picture`));
      if (bytes.length <= maxPicture) return Promise.resolve(bytes);
      return Promise.reject(new TooLargeError(`${name}: ${bytes.length} bytes, the limit of one picture is ${maxPicture}; shrink it`));
    },
  };
}
