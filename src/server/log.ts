/** One JSON object a line; `fields` beside time, level and message. */
export type Log = (level: Level, message: string, fields?: Record<string, unknown>) => void;

const levels = ["debug", "info", "warn", "error", "silent"] as const;
export type Level = Exclude<(typeof levels)[number], "silent">;

/** Writes what is at least as grave as `least`. */
export function createLog(least: (typeof levels)[number], write: (line: string) => void = console.error): Log {
  return (level, message, fields = {}) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    write(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
  };
}
