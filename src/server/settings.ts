// One schema for flags, environment, file, help and the listing at start.

import { parseArgs } from "node:util";
import { z } from "npm:zod@4.6.7";
import { RecipeError } from "../errors.ts";
import { parseWith } from "../schema.ts";
import { fromTexts } from "./texts.ts";

const MB = 2 ** 20;

const whole = (least = 0) => z.int().min(least);
const list = z.array(z.string().min(1));

type Meta = {
  description: string;
  /** Never printed. */
  secret?: boolean;
};
const say = (description: string): Meta => ({ description });

export const Settings = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").meta(say("address to listen at; 0.0.0.0 for all of the machine's")),
  port: z.int().min(0).max(65535).default(8000).meta(say("0 takes a free one")),
  model: z.string().min(1).optional().meta(
    say("run folder, checkpoint, Hugging Face folder or URL; without it the newest run, else the model that ships"),
  ),
  runs: z.string().min(1).default("runs").meta(say("folder of training runs")),
  store: z.string().min(1).default("data/collections.sqlite").meta(say("file of the collections, or postgres://...")),
  index: z.boolean().optional().meta(
    say(
      "whether searches go through an index of likely neighbours (HNSW): of SQLite through the npm package usearch; on for Postgres, else off",
    ),
  ),
  device: z.enum(["auto", "webgpu", "native", "dawn", "cpu"]).default("auto").meta(say("auto takes the fastest")),
  threads: whole(1).optional().meta(say("of the CPU device; all of the machine's where absent")),
  roots: list.default([]).meta(
    say("folders, and beginnings of addresses, that requests may name data and checkpoints from, beside the runs"),
  ),
  loaders: whole().default(2).meta(say("workers that make the batches of a training run")),
  decoders: whole().default(2).meta(say("workers that decode pictures; 0 decodes on the main thread")),
  window: z.number().min(0).max(1000).default(3).meta(say("milliseconds that a batch waits for pictures that are being decoded")),
  queue: whole(1).default(256).meta(say("pictures that may wait or be worked on; more are refused with 429")),
  maxPictures: whole(1).default(128).meta(say("of one request")),
  maxBody: whole(1).default(64 * MB).meta(say("bytes of one request")),
  maxBodies: whole(1).default(512 * MB).meta(say("bytes of all requests that are open")),
  maxPicture: whole(1).default(20 * MB).meta(say("bytes of one picture, encoded")),
  maxPixels: whole(1).default(16_000_000).meta(say("of one picture")),
  remotePictures: list.default([]).meta(say("hosts that pictures may be fetched from by URL, * for any public one; none by default")),
  readToken: z.string().min(8).optional().meta({
    ...say("bearer token for everything but control; without it reading is open"),
    secret: true,
  }),
  controlToken: z.string().min(8).optional().meta({
    ...say("bearer token for control (runs, models, changes of collections); without it only this machine may"),
    secret: true,
  }),
  cors: list.default([]).meta(say("origins of pages that may call this server, * for any")),
  rate: whole(1).optional().meta(
    say("requests a minute of one address, more are refused with 429; behind a proxy all callers are one; none"),
  ),
  headersTimeout: whole(1).default(10_000).meta(say("milliseconds for a request's headers to arrive")),
  requestTimeout: whole(1).default(60_000).meta(say("milliseconds for a whole request to arrive")),
  drain: whole().default(20_000).meta(say("milliseconds for open requests to end after SIGTERM")),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("info").meta(say("of the log, one JSON object a line")),
  telemetry: z.boolean().default(false).meta(say("OpenTelemetry spans through the process's global provider (in Deno: OTEL_DENO=true)")),
});
/** Everything that a server can be told, defaults filled in. */
export type Settings = z.infer<typeof Settings>;

const names = Object.keys(Settings.shape) as (keyof Settings)[];
const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variableOf = (name: string) => `ZELLIGE_${flagOf(name).replaceAll("-", "_").toUpperCase()}`;
const metaOf = (name: keyof Settings) => Settings.shape[name].meta() as Meta;

export interface Given {
  args?: string[];
  env?: Record<string, string | undefined>;
  /** The text of a file that `--config` or ZELLIGE_CONFIG names. */
  readFile?: (path: string) => string;
}

/**
 * The settings of a command line, then the environment, then the file, then the defaults; "help" where that was asked for.
 *
 * @throws RecipeError naming every fault as its source spells it.
 *
 * ```ts
 * import { readSettings } from "../../server.ts";
 * const settings = readSettings({ args: ["--port", "9000"], env: { ZELLIGE_HOST: "0.0.0.0", ZELLIGE_PORT: "1" } });
 * console.assert(settings !== "help" && settings.port === 9000 && settings.host === "0.0.0.0");
 * ```
 */
export function readSettings({ args = [], env = {}, readFile }: Given): Settings | "help" {
  const options = Object.fromEntries([...names.map(flagOf), "config"].map((name) => [name, { type: "string" as const }]));
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({ args, options: { ...options, help: { type: "boolean", short: "h" } } }));
  } catch (error) {
    throw new RecipeError(`serve: ${(error as Error).message}; --help lists the flags`);
  }
  if (values.help) return "help";
  const path = values.config as string | undefined ?? env.ZELLIGE_CONFIG;
  const texts: Record<string, string> = {};
  for (const name of names) {
    const given = values[flagOf(name)] ?? env[variableOf(name)];
    if (given !== undefined) texts[name] = given as string;
  }
  const given = { ...path === undefined ? {} : fromFile(path, readFile), ...fromTexts(Settings, texts) };
  return parseWith(Settings, given, (faults) => new RecipeError(`serve: ${faults}`), () => names);
}

function fromFile(path: string, readFile: Given["readFile"]): Record<string, unknown> {
  try {
    const parsed = JSON.parse(readFile!(path));
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("it holds no JSON object");
    return parsed;
  } catch (error) {
    throw new RecipeError(`serve: the file of settings ${path} cannot be read (${(error as Error).message}); give a JSON object`);
  }
}

/** What `--help` prints. */
export function help(): string {
  const defaults = Settings.parse({});
  const lines = names.map((name) => {
    const { enum: choices } = z.toJSONSchema(Settings.shape[name], { io: "input", unrepresentable: "any" });
    const standard = String(defaults[name] ?? "");
    return `  --${flagOf(name).padEnd(18)} ${metaOf(name).description}${choices ? ` (${choices.join(", ")})` : ""}${
      standard && ` [${standard}]`
    }`;
  });
  return `Usage: serve.ts [--FLAG VALUE ...]

Serves embeddings, visual tokens, collections and the control of training over HTTP. Pictures are turned as their EXIF orientation says,
in training and here.

${lines.join("\n")}
  --config             JSON file of the same names, for example {"port": 8000, "maxPictures": 64}

The environment has the same: ${variableOf("maxPictures")}, ${
    variableOf("host")
  }, ... A flag wins over the environment, that over the file.`;
}

/** One line a setting, secrets hidden. */
export function describe(settings: Settings): Record<string, unknown> {
  const shown = (name: keyof Settings) => {
    const value = settings[name];
    if (value !== undefined && metaOf(name).secret) return "(hidden)";
    return typeof value === "string" ? value.replace(/(:\/\/)[^/@]*@/, "$1(hidden)@") : value; // a database's password
  };
  return Object.fromEntries(names.map((name) => [name, shown(name)]));
}
