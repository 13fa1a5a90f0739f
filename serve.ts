// deno run -A serve.ts: embeddings, search, visual tokens and the control of training over HTTP, in Deno and in Bun.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ZelligeError } from "./src/errors.ts";
import { createApp } from "./src/server/app.ts";
import { listen } from "./src/server/listen.ts";
import { createLog, type Log } from "./src/server/log.ts";
import { describe, help, readSettings, type Settings } from "./src/server/settings.ts";
import { openTracing } from "./src/server/tracing.ts";
import { openStore } from "./src/store/mod.ts";
import { Run } from "./src/train/run.ts";
import { openDecoders } from "./workers/decoders.ts";
import { openEngine } from "./workers/open_engine.ts";

/** The tiny model that travels with the program. */
const shipped = new URL("./models/tiny/", import.meta.url);

/** What is served: the model of the settings, else the newest run that has weights, else the one that ships. */
function chooseModel({ model, runs }: Settings, log: Log): string | undefined {
  if (model !== undefined) return model;
  const trained = Run.list(runs).find((run) => run.checkpoints().some(({ stage }) => stage !== "probe"));
  if (trained) return log("info", "no model is named: the newest run is served", { run: trained.name }), trained.path;
  if (shipped.protocol !== "file:" || existsSync(shipped)) {
    log("info", "no model is named and nothing is trained: the tiny model that ships is served");
    return shipped.protocol === "file:" ? fileURLToPath(shipped) : shipped.href;
  }
  log("warn", "no model is named and nothing is trained: start a run, or activate a model with POST /v1/models");
  return undefined;
}

/** Serves until SIGTERM or SIGINT; gives the exit code. */
async function serve(settings: Settings): Promise<number> {
  const log = createLog(settings.logLevel);
  log("info", "settings", describe(settings));
  if (!/^:memory:$|:\/\//.test(settings.store)) mkdirSync(dirname(settings.store), { recursive: true });
  const store = await openStore(settings.store, settings.index === undefined ? {} : { indexed: settings.index }),
    decoders = settings.decoders > 0 ? openDecoders(settings.decoders) : undefined;
  const engine = openEngine({
    device: settings.device,
    threads: settings.threads,
    model: chooseModel(settings, log),
    runs: settings.runs,
    workers: settings.loaders,
    roots: settings.roots,
    log: (line) => log("info", line),
  });
  try {
    const tracing = settings.telemetry ? await openTracing() : undefined;
    const app = createApp({ engine, store, prepare: decoders?.prepare, settings, log, tracing });
    // Listening begins at once, so that probes are answered while a large model loads.
    const server = await listen(app, settings);
    try {
      log("info", "listening", { url: server.url });
      const ended = new Promise<string>((resolve) => {
        let asked = false;
        const end = (signal: string) => {
          if (asked) process.exit(1); // whoever asks twice does not want to wait
          asked = true;
          resolve(signal);
        };
        for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => end(signal));
      });
      await engine.ready;
      log("info", "ready", { models: (await engine.models()).map(({ id }) => id) });
      log("info", "closing", { signal: await ended });
    } finally {
      await server.close();
    }
    return 0;
  } finally {
    await Promise.all([engine.close(), decoders?.close(), store.close()]);
  }
}

async function main(): Promise<number> {
  try {
    const settings = readSettings({ args: process.argv.slice(2), env: process.env, readFile: (path) => readFileSync(path, "utf8") });
    if (settings === "help") return console.log(help()), 0;
    return await serve(settings);
  } catch (error) {
    if ((error as Error).name === "NotCapable") {
      console.error(`serve: ${(error as Error).message}; deno.json's permissions are for the project's folder, its runs/ and data/`);
      return 1;
    }
    if (!(error instanceof ZelligeError)) throw error;
    console.error(error.message);
    return error.name === "RecipeError" ? 2 : 1;
  }
}

process.exit(await main());
