/** The k largest of many scores, on a binary heap whose root is the smallest that is kept. Equal scores: the smaller key is nearer. */
export class TopK {
  readonly #scores: Float64Array;
  readonly #keys: Float64Array;
  #size = 0;

  constructor(readonly k: number) {
    this.#scores = new Float64Array(k);
    this.#keys = new Float64Array(k);
  }

  /** What a score must reach to be kept; callers skip the call below it. */
  get floor(): number {
    return this.#size < this.k ? -Infinity : this.#scores[0];
  }

  add(key: number, score: number): void {
    if (this.#size < this.k) {
      let i = this.#size++;
      for (let up; i > 0 && this.#below(key, score, up = (i - 1) >> 1); i = up) this.#move(up, i);
      this.#set(i, key, score);
    } else if (!this.#below(key, score, 0)) {
      let i = 0;
      for (let down; (down = this.#lowerChild(i)) < this.#size && !this.#below(key, score, down); i = down) this.#move(down, i);
      this.#set(i, key, score);
    }
  }

  /** Nearest first. */
  sorted(): { key: number; score: number }[] {
    return Array.from(this.#scores.subarray(0, this.#size), (score, i) => ({ key: this.#keys[i], score }))
      .sort((a, b) => b.score - a.score || a.key - b.key);
  }

  #below(key: number, score: number, i: number): boolean {
    return score < this.#scores[i] || score === this.#scores[i] && key > this.#keys[i];
  }

  #lowerChild(i: number): number {
    const left = 2 * i + 1, right = left + 1;
    return right < this.#size && this.#below(this.#keys[right], this.#scores[right], left) ? right : left;
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#keys[from], this.#scores[from]);
  }

  #set(i: number, key: number, score: number): void {
    this.#keys[i] = key;
    this.#scores[i] = score;
  }
}
