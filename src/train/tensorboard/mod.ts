// Event files that TensorBoard reads, from a run's record.
import { renameSync, writeFileSync } from "node:fs";
import type { MetricLine } from "../run/metrics.ts";
import { readReportInputs, type ReportInputs } from "../report/inputs.ts";
import { encodeEvent, type Event } from "./event.ts";
import { record } from "./records.ts";

/**
 * Writes `events.out.tfevents.<seconds>.zellige` into the run's folder (or `target`): the curves of metrics.jsonl under
 * "<job>/<part>/<name>" and the pictures at the last step. Written anew as a whole each time; gives its path.
 */
export function writeEventFile(folder: string, target = folder): string {
  const inputs = readReportInputs(folder), seconds = Math.floor((inputs.metrics[0]?.time ?? Date.now()) / 1000);
  const path = `${target}/events.out.tfevents.${seconds}.zellige`;
  writeFileSync(`${path}.tmp`, eventFile(inputs));
  renameSync(`${path}.tmp`, path);
  return path;
}

/** The bytes of the event file. Values that are not finite are written as they are: TensorBoard marks them. */
export function eventFile({ metrics, pictures }: Pick<ReportInputs, "metrics" | "pictures">): Uint8Array {
  const start = metrics[0]?.time ?? 0, last = metrics.at(-1);
  const events: Event[] = [{ wallTime: start / 1000, step: 0, fileVersion: "brain.Event:2" }];
  for (const line of metrics) {
    const scalars = scalarsOf(line);
    if (Object.keys(scalars).length) events.push({ wallTime: line.time / 1000, step: line.jobStep, scalars });
  }
  for (const { file, png } of pictures) {
    const header = new DataView(png.buffer, png.byteOffset, png.byteLength);
    const image = { width: header.getUint32(16), height: header.getUint32(20), png };
    events.push({ wallTime: (last?.time ?? start) / 1000, step: last?.step ?? 0, images: { [`pictures/${file.slice(0, -4)}`]: image } });
  }
  const records = events.map((event) => record(encodeEvent(event)));
  const out = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of records) {
    out.set(one, at);
    at += one.length;
  }
  return out;
}

function scalarsOf(line: MetricLine): Record<string, number> {
  const parts = (["train", "measured", "schedule", "speed", "memory"] as const).flatMap((part) =>
    Object.entries(line[part] ?? {}).map(([name, value]) => [`${line.job}/${part}/${name}`, value ?? NaN] as const)
  );
  return Object.fromEntries(parts);
}
