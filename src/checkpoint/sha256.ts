// SHA-256 (FIPS 180-4), part by part and without waiting: a page has only crypto.subtle, which wants all bytes in one piece.

const first = primes(64), K = fractions(first, 3), START = fractions(first.slice(0, 8), 2);

/** The digest of bytes that come in parts. */
export class Sha256 {
  readonly #state = Int32Array.from(START);
  readonly #block = new Uint8Array(64);
  readonly #words = new Int32Array(64);
  #bytes = 0;

  update(given: string | Uint8Array): this {
    const bytes = typeof given === "string" ? new TextEncoder().encode(given) : given;
    for (let at = 0; at < bytes.length;) {
      const from = this.#bytes % 64, part = bytes.subarray(at, at + 64 - from);
      this.#block.set(part, from);
      this.#bytes += part.length;
      at += part.length;
      if (this.#bytes % 64 === 0) this.#compress();
    }
    return this;
  }

  /** 64 hexadecimal digits. Nothing can be added afterwards. */
  digest(_form: "hex"): string {
    const bits = BigInt(this.#bytes) * 8n, padding = new Uint8Array((119 - this.#bytes % 64) % 64 + 9);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits);
    this.update(padding);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #compress(): void {
    const w = this.#words, view = new DataView(this.#block.buffer);
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(4 * t);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15], y = w[t - 2];
      w[t] = w[t - 16] + w[t - 7] + (turned(x, 7) ^ turned(x, 18) ^ x >>> 3) + (turned(y, 17) ^ turned(y, 19) ^ y >>> 10);
    }
    let [a, b, c, d, e, f, g, h] = this.#state;
    for (let t = 0; t < 64; t++) {
      const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + (e & f ^ ~e & g) + K[t] + w[t];
      const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + (a & b ^ a & c ^ b & c);
      h = g, g = f, f = e, e = d + one | 0; // one by one: a destructuring of eight is ten times slower
      d = c, c = b, b = a, a = one + two | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => this.#state[i] += value);
  }
}

const turned = (x: number, by: number) => x >>> by | x << 32 - by;

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
}

/** The first 32 bits of the fractional parts of the roots of `numbers`. */
function fractions(numbers: number[], root: 2 | 3): Int32Array {
  return Int32Array.from(numbers, (n) => Math.floor((n ** (1 / root) % 1) * 2 ** 32) | 0);
}
