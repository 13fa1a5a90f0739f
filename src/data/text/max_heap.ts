/** Keys by priority, the highest first; of equal priorities the smallest key. */
export class MaxHeap {
  readonly #items: { priority: number; key: number }[] = [];

  push(priority: number, key: number): void {
    const items = this.#items;
    let i = items.push({ priority, key }) - 1;
    for (let above = (i - 1) >> 1; i > 0 && this.#before(i, above); i = above, above = (i - 1) >> 1) this.#swap(i, above);
  }

  pop(): { priority: number; key: number } | undefined {
    const items = this.#items, last = items.length - 1;
    if (last < 0) return undefined;
    this.#swap(0, last);
    const top = items.pop();
    for (let i = 0;;) {
      let first = i;
      for (const below of [2 * i + 1, 2 * i + 2]) if (below < last && this.#before(below, first)) first = below;
      if (first === i) return top;
      this.#swap(i, first);
      i = first;
    }
  }

  #before(i: number, j: number): boolean {
    const a = this.#items[i], b = this.#items[j];
    return a.priority > b.priority || (a.priority === b.priority && a.key < b.key);
  }

  #swap(i: number, j: number): void {
    [this.#items[i], this.#items[j]] = [this.#items[j], this.#items[i]];
  }
}
