// What the programs of each batch size take on this device, learnt from the batches that ran.

/** Keys that are remembered; a key holds the options of requests, so their number has no bound. */
const KEPT = 100;
/** Share of a new time in what is remembered. */
const SHARE = 0.2;

/** Before anything ran: a program four times as large takes so many times as long; the smallest leaves most of a device idle. */
const guess = (place: number) => place === 1 ? 2 : 3;

export class ProgramCosts {
  readonly #sizes: readonly number[];
  /** Milliseconds by size; NaN after the first batch, which prepares what later ones find ready. */
  readonly #seen = new Map<string, Map<number, number>>();

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  /** A batch of `items` took `ms` in the smallest program that holds it. */
  observe(key: string, items: number, ms: number): void {
    const size = this.#sizes.find((size) => size >= items)!, times = this.#seen.get(key) ?? new Map<number, number>();
    const before = times.get(size);
    times.set(size, before === undefined ? NaN : Number.isNaN(before) ? ms : (1 - SHARE) * before + SHARE * ms);
    this.#seen.delete(key);
    this.#seen.set(key, times); // behind all others: the first is forgotten first
    if (this.#seen.size > KEPT) this.#seen.delete(this.#seen.keys().next().value!);
  }

  /**
   * What each size takes, in one unit. A size is never said to take more than as many of the smaller one: so a full program is always run,
   * and a time that was taken while the machine was busy is soon corrected.
   */
  of(key: string): number[] {
    const times = this.#seen.get(key), known = this.#sizes.map((size) => times?.get(size) || undefined);
    const first = Math.max(0, known.findIndex((ms) => ms !== undefined)), costs: number[] = [];
    costs[first] = known[first] ?? 1;
    for (let i = first - 1; i >= 0; i--) costs[i] = costs[i + 1] / guess(i + 1);
    for (let i = first + 1; i < known.length; i++) {
      const most = costs[i - 1] * this.#sizes[i] / this.#sizes[i - 1];
      costs[i] = Math.min(known[i] ?? costs[i - 1] * guess(i), most);
    }
    return costs;
  }
}
