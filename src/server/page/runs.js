// Training: a form that starts runs, the list of runs with their controls, and one run watched live.

import { ask, attempt, background, events } from "./api.js";
import { Curves } from "./curves.js";
import { element } from "./element.js";
import { filled, showFields } from "./form.js";

const by = (id) => document.getElementById(id);
const path = (id, rest = "") => `v1/runs/${encodeURIComponent(id)}${rest}`;

/** What may be asked of a run in each state. */
const controls = {
  queued: ["stop"],
  running: ["pause", "checkpoint", "stop"],
  pausing: ["stop"],
  paused: ["resume", "stop"],
  stopped: ["resume"],
  failed: ["resume"],
};

let watched; // { id, stop, curves } of the run that is shown
let known = [];

export async function startTraining() {
  const schema = await background(() => ask("v1/recipes/schema"));
  if (schema) {
    const { preset, stage } = schema.properties;
    by("preset").replaceChildren(...(preset.enum ?? [preset.default]).map((name) => element("option", {}, name)));
    if (preset.default) by("preset").value = preset.default;
    by("stage").replaceChildren(...stage.enum.map((name) => element("option", {}, name)));
    by("stage").value = stage.default ?? "all";
    showFields(by("fields"), schema, ["preset", "stage"]);
  }
  by("start").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const body = { ...filled(by("fields")), preset: by("preset").value, stage: by("stage").value };
      const run = await ask("v1/runs", { method: "POST", body, headers: { "idempotency-key": crypto.randomUUID() } });
      await refresh();
      watch(run.id);
    });
  });
  document.addEventListener("theme", () => watched?.curves.redraw());
  await refresh();
  if (known.length) watch((known.find(({ state }) => state === "running") ?? known[0]).id);
  setInterval(() => document.hidden || refresh(), 5000);
}

async function refresh() {
  const answer = await background(() => ask("v1/runs"));
  if (!answer) return;
  known = answer.data;
  const focused = document.activeElement?.dataset?.key;
  by("runs").replaceChildren(
    ...known.length ? known.map(row) : [element("tr", {}, element("td", { colspan: "4" }, "No runs yet."))],
  );
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  const shown = known.find(({ id }) => id === watched?.id);
  if (shown) describe(shown);
}

function row(run) {
  const { id, state, stage, step, steps } = run;
  const open = element("button", { type: "button", "data-key": `open ${id}`, onclick: () => watch(id) }, id);
  const buttons = (controls[state] ?? []).map((action) =>
    element("button", {
      type: "button",
      "data-key": `${action} ${id}`,
      "aria-label": `${action} ${id}`,
      onclick: () => attempt(() => ask(path(id, `/${action}`), { method: "POST" })).then(refresh),
    }, action)
  );
  return element(
    "tr",
    { "aria-selected": String(id === watched?.id) },
    element("td", {}, open),
    element("td", { "data-state": state }, stage && state === "running" ? `${state}, ${stage}` : state),
    element("td", {}, steps ? `${step} of ${steps}` : String(step)),
    element("td", {}, ...buttons),
  );
}

/** Shows a run, and follows it. */
function watch(id) {
  if (watched?.id === id) return;
  watched?.stop.abort();
  const stop = new AbortController(), curves = new Curves(by("curves"));
  watched = { id, stop, curves };
  by("run").hidden = false;
  by("run-title").textContent = id;
  by("run-line").textContent = "";
  by("pictures").replaceChildren(element("p", { class: "hint" }, "None yet."));
  by("normal-list").replaceChildren();
  const shown = known.find((run) => run.id === id);
  if (shown) describe(shown);
  background(() => follow(id, curves, stop.signal));
}

async function follow(id, curves, signal) {
  let after = -1;
  const lines = async () => {
    const { data } = await ask(path(id, `/metrics?after=${after}`), { signal });
    if (!data.length) return;
    after = data.at(-1).step;
    curves.add(data);
    say(data.findLast(({ train, measured }) => train ?? measured));
  };
  const look = async () => {
    const [{ data: pictures }, findings] = await Promise.all([
      ask(path(id, "/images"), { signal }),
      ask(path(id, "/findings"), { signal }),
    ]);
    await showPictures(id, pictures, signal);
    showFindings(findings.data);
  };
  await lines();
  await look();
  for await (const { type } of events(path(id, "/events"), signal)) {
    if (type === "metrics") await lines();
    else await refresh();
    if (type === "end") return await look();
    if (type === "checkpoint" || type === "job" || type === "pictures") await look();
  }
}

function describe({ state, step, steps, error }) {
  by("progress").max = steps || 1;
  by("progress").value = steps ? step : 0;
  by("run-title").textContent = `${watched.id}: ${state}${error ? `, ${error}` : ""}`;
}

/** The newest line of the record in words. */
function say(line) {
  if (!line) return;
  const { step, job, train = {}, measured = {}, speed } = line;
  const numbers = Object.entries({ ...train, ...measured }).map(([name, value]) => [name, Number(value).toPrecision(4)]);
  const rate = speed ? [["pictures/s", speed.picturesPerSecond.toFixed(0)]] : [];
  by("run-line").replaceChildren(
    ...[[job, `update ${step}`], ...numbers, ...rate].map(([name, value]) => element("span", {}, element("small", {}, name), ` ${value}`)),
  );
  by("progress").value = Math.max(by("progress").value, step);
}

function showFindings(findings) {
  by("normal-list").replaceChildren(
    ...findings.map(({ what, verdict, says, advice }) =>
      element(
        "li",
        { "data-verdict": verdict === "good" || verdict === "normal" ? "good" : "odd" },
        element("strong", {}, `${what}: `),
        says,
        ...advice ? [element("em", {}, ` ${advice}`)] : [],
      )
    ),
  );
  if (!findings.length) by("normal-list").replaceChildren(element("li", { class: "hint" }, "Nothing to judge yet."));
}

const drawn = new Map(); // "run name bytes" → object URL

async function showPictures(id, files, signal) {
  if (!files.length) return;
  const figures = await Promise.all(files.map(async ({ name, bytes }) => {
    const key = `${id} ${name} ${bytes}`;
    // Fetched, not linked: an address cannot carry a token.
    if (!drawn.has(key)) {
      drawn.set(key, URL.createObjectURL(await ask(path(id, `/images/${encodeURIComponent(name)}`), { as: "blob", signal })));
    }
    const title = name.replace(/\.\w+$/, "").replaceAll(/[-_]/g, " ");
    return element("figure", {}, element("img", { src: drawn.get(key), alt: title }), element("figcaption", {}, title));
  }));
  by("pictures").replaceChildren(...figures);
}
