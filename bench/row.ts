// One measured case on one device, and how it is printed.

import type { DeviceKind } from "../src/devices/mod.ts";

export interface Row {
  case: string;
  device: DeviceKind;
  shape: string;
  /** Median and best milliseconds a run; absent where it was only planned. */
  ms?: number;
  best?: number;
  /** Milliseconds that starting the run holds the calling thread. */
  host?: number;
  gflops?: number;
  gbps?: number;
  share?: number;
  /** Pictures a second, of a whole model, and its bytes as planned and as they would be if no buffer were shared. */
  pictures?: number;
  planned?: number;
  unshared?: number;
  /** Why it was not timed, or why a larger batch was not tried. */
  note?: string;
}

export function line({ share, pictures, planned, unshared, note, ...row }: Row): string {
  const ms = row.ms === undefined ? "-" : `${row.ms.toFixed(3)} ms`;
  const rate = row.gflops
    ? `${row.gflops.toFixed(1)} GFLOP/s`
    : row.gbps
    ? `${row.gbps.toFixed(2)} GB/s`
    : row.host
    ? `${row.host.toFixed(2)} ms host`
    : "";
  const percent = share ? `${(share * 100).toFixed(0)} %` : "";
  const model = [
    ...pictures ? [`${pictures.toFixed(2)} pictures/s`] : [],
    ...planned ? [`${MiB(planned)} of ${MiB(unshared!)} MiB planned`] : [],
    ...note ? [note] : [],
  ];
  return `${row.case.padEnd(28)} ${row.shape.padEnd(28)} ${row.device.padEnd(7)} ${ms.padStart(13)} ${rate.padStart(16)} ${
    percent.padStart(6)
  }  ${model.join(", ")}`.trimEnd();
}

export const MiB = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
