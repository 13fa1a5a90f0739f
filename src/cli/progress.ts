// A line of progress on a terminal, or now and then a plain line in a log.
import process from "node:process";

export interface Progress {
  update(done: number): void;
  /** Takes the line away; what follows starts on a clean one. */
  finish(): void;
}

/** Where the lines go: standard error, so that standard output holds results only. */
export interface Screen {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const WIDTH = 30;

/** Shows `done` of `total` of `what` (a plural), with the rate and the time left. */
export function showProgress(
  what: string,
  total: number,
  screen: Screen = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  const begin = now();
  let shown = begin, last = 0;
  return {
    update(done) {
      const time = now(), seconds = (time - begin) / 1000;
      const rate = done / Math.max(seconds, 1e-3), left = Math.ceil((total - done) / Math.max(rate, 1e-3));
      const text = `${done} of ${total} ${what}, ${rate.toFixed(rate < 10 ? 1 : 0)}/s, ${clock(left)} left`;
      if (screen.isTTY) {
        if (time - shown < 100 && done < total) return;
        const full = Math.floor(WIDTH * done / total), bar = `[${"#".repeat(full)}${".".repeat(WIDTH - full)}] ${text}`;
        screen.write(`\r\x1b[K${bar.slice(0, (screen.columns ?? 80) - 1)}`);
      } else {
        // A log wants few lines: every tenth part, and at least one every half minute.
        if (Math.floor(10 * done / total) === Math.floor(10 * last / total) && time - shown < 30_000) return;
        screen.write(text + "\n");
      }
      [shown, last] = [time, done];
    },
    finish() {
      if (screen.isTTY) screen.write("\r\x1b[K");
    },
  };
}

function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours} h ${minutes % 60} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
