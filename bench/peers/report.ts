// The section "Peers" of bench/RESULTS.md: between two comments, so that the command writes it again and leaves the rest alone.

import { cpus, loadavg } from "node:os";
import process from "node:process";
import { type Contestant, contestants } from "./contestants.ts";
import type { Job } from "./jobs.ts";
import type { Row } from "./process_rows.ts";
import type { Session } from "./session.ts";

const begin = "<!-- peers: written by `deno task bench peers` -->",
  end = "<!-- end of peers -->";

/** `text` with the section put in the place of the one that is there, or at its end. */
export function replaced(text: string, section: string): string {
  const from = text.indexOf(begin),
    to = text.indexOf(end),
    whole = `${begin}\n\n${section.trim()}\n\n${end}`;
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${whole}\n`;
  return text.slice(0, from) + whole + text.slice(to + end.length);
}

export const shown = (ms: number) => ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);

/** The machine, its load when the session began and now, and the runtime, in one line that says so where the machine was busy. */
export function machine(load: number): string {
  const cores = cpus(), [{ model }] = cores, [now] = loadavg(), { deno, bun } = process.versions as Record<string, string | undefined>;
  const busy = load > 0.5 * cores.length ? ", **machine busy: only ratios mean something, and they are noisy**" : "";
  return `${cores.length} x ${model.trim()}, load ${load.toFixed(1)} when it began, ${now.toFixed(1)} when it ended, ${
    deno ? `Deno ${deno}` : `Bun ${bun}`
  }${busy}`;
}

/** What stands in the place of a number: `[1]` for the first reason, listed below the table. */
class Notes {
  readonly #reasons: string[] = [];

  mark(reason: string): string {
    const at = this.#reasons.indexOf(reason);
    return `[${at < 0 ? this.#reasons.push(reason) : at + 1}]`;
  }

  lines(): string[] {
    return this.#reasons.map((reason, i) => `- [${i + 1}] ${reason}`);
  }
}

/** `taking` in the order of the rows, `rows` of whole processes. */
export function section(taking: readonly Contestant[], chosen: readonly Job[], session: Session, rows: Row[], about: string): string {
  const [first] = contestants, notes = new Notes();
  const cell = ({ name }: Contestant, { id }: Job) => {
    const ms = session.median(id, name), reason = session.found(id, name)?.reason;
    if (ms === undefined) return reason ? notes.mark(reason) : "";
    return shown(ms) + (name === first.name ? "" : ` (${session.ratio(id, name)!.toFixed(2)})`);
  };
  const lines = [
    "## Peers",
    "",
    `\`deno task bench peers\`, ${
      new Date().toISOString().slice(0, 10)
    }: ${about}. Medians in milliseconds. In brackets the time as a multiple`,
    `of that of ${first.name}, which takes turns with each of the others: the median of the rounds, so it need not be the quotient of two medians.`,
    "Results agreed with its own before any time was taken.",
    "",
    ...table(
      ["", ...chosen.map(({ title }) => title)],
      taking.map((contestant) => [contestant.name, ...chosen.map((job) => cell(contestant, job))]),
    ),
    ...processTable(rows, notes),
    ...notes.lines(),
    "",
    "Versions and devices:",
    "",
  ];
  for (const [name, description] of session.descriptions) lines.push(`- ${name}: ${description}`);
  return lines.join("\n");
}

function table(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`.replaceAll("  ", " ");
  return [line(head), `| --- |${" ---: |".repeat(head.length - 1)}`, ...rows.map(line), ""];
}

/** A row per name, a column per kind of process and runtime. */
function processTable(rows: Row[], notes: Notes): string[] {
  if (!rows.length) return [];
  const columns = new Set<string>(), names = new Map<string, Map<string, string>>();
  for (const { what, who, ms, reason } of rows) {
    const [, name, runtime] = /^(.*?)(?:, (Deno|Bun))?$/.exec(who)!, column = [what, runtime].filter(Boolean).join(", ");
    columns.add(column);
    names.set(name, (names.get(name) ?? new Map()).set(column, ms === undefined ? notes.mark(reason!) : shown(ms)));
  }
  const heads = [...columns];
  return [
    ...table(["whole processes, ms", ...heads], [...names].map(([name, cells]) => [name, ...heads.map((head) => cells.get(head) ?? "")])),
    "import: of the module, without the runtime's start. cold start: from the start of the process to the first logits of ViT-Tiny/16, batch 1. image pipeline: one",
    "photo decoded, its colors jittered, two views cut.",
    "",
  ];
}
