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

/** `taking` in the order of the rows, `rows` of whole processes. */
export function section(taking: readonly Contestant[], chosen: readonly Job[], session: Session, rows: Row[], about: string): string {
  const [reference] = contestants;
  const lines = [
    "## Peers",
    "",
    `\`deno task bench peers\`, ${
      new Date().toISOString().slice(0, 10)
    }: ${about}. Medians in milliseconds; in brackets the time as a multiple of that of ${reference.name}`,
    "(the CPU device), measured before and after the others. Results agreed with its own before any time was taken.",
    "",
    `| | ${chosen.map(({ title }) => title).join(" | ")} |`,
    `| --- |${chosen.map(() => " ---: |").join("")}`,
  ];
  const reasons = new Map<string, Map<string, string[]>>();
  for (const { name } of taking) {
    const cells = chosen.map(({ id, title }) => {
      const ms = session.median(id, name), base = session.median(id, reference.name), reason = session.found(id, name)?.reason;
      if (reason) leftOut(reasons, reason, name, title);
      return ms === undefined ? "-" : `${shown(ms)}${base && name !== reference.name ? ` (${(ms / base).toFixed(2)})` : ""}`;
    });
    lines.push(`| ${name} | ${cells.join(" | ")} |`);
  }
  lines.push("", ...rowsTable(rows), "Left out:", "");
  for (const [reason, byName] of reasons) {
    const who = [...byName].map(([name, titles]) => titles.length === chosen.length ? name : `${name} (${titles.join("; ")})`);
    lines.push(`- ${reason}: ${who.join("; ")}`);
  }
  for (const { what, who, reason } of rows) if (reason) lines.push(`- ${reason}: ${who} (${what})`);
  lines.push("", "Versions and devices:", "");
  for (const [name, description] of session.descriptions) {
    lines.push(`- ${name}: ${description}`);
  }
  return lines.join("\n");
}

function leftOut(reasons: Map<string, Map<string, string[]>>, reason: string, name: string, title: string): void {
  const byName = reasons.get(reason) ?? new Map<string, string[]>();
  reasons.set(reason, byName.set(name, [...byName.get(name) ?? [], title]));
}

function rowsTable(rows: Row[]): string[] {
  const timed = rows.filter(({ ms }) => ms !== undefined);
  if (!timed.length) return [];
  return [
    "| whole processes | | ms |",
    "| --- | --- | ---: |",
    ...timed.map(({ what, who, ms }) => `| ${what} | ${who} | ${shown(ms!)} |`),
    "",
    "import: of the module, without the runtime's start. cold start: from the start of the process to the first logits of ViT-Tiny/16, batch 1. image pipeline: one",
    "photo decoded, its colors jittered, two views cut.",
    "",
  ];
}
