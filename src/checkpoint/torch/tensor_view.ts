import { bytesPer, type Dtype } from "../dtype.ts";
import { PickleFault } from "./pickle_cursor.ts";

/** A run of elements in a file that any number of tensors look at; `read` brings `length` bytes from byte `begin` of it. */
export class Storage {
  constructor(
    readonly key: string,
    readonly dtype: Dtype,
    readonly elements: number,
    readonly read: (begin: number, length: number) => Promise<Uint8Array>,
  ) {}

  get bytes(): number {
    return this.elements * bytesPer[this.dtype];
  }
}

// Strides of 0 repeat elements, so a few bytes may claim to be terabytes.
const repeatedBytesAllowed = 2 ** 26;

/** A view of a storage: element (i, j, ...) lies at offset + i * strides[0] + j * strides[1] + ... */
export class TensorView {
  readonly elements: number;
  /** Elements of the storage from the view's first to its last. */
  readonly #span: number;

  constructor(
    readonly storage: Storage,
    readonly dtype: Dtype,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {
    if (strides.length !== shape.length) throw new PickleFault(`a tensor of shape (${shape}) with strides (${strides})`);
    this.elements = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
    this.#span = this.elements === 0 ? 0 : shape.reduce((last, size, axis) => last + (size - 1) * strides[axis], 1);
    const wanted = this.elements === 0 ? 0 : (offset + this.#span) * bytesPer[dtype];
    const is = `a tensor of shape (${shape}), strides (${strides}), offset ${offset}`;
    if (wanted > storage.bytes) throw new PickleFault(`${is} needs ${wanted} bytes of storage ${storage.key}, which has ${storage.bytes}`);
    if (this.bytes > Math.max(storage.bytes, repeatedBytesAllowed)) {
      throw new PickleFault(
        `${is} repeats a storage of ${storage.bytes} bytes to ${this.bytes}, at most ${repeatedBytesAllowed} are allowed`,
      );
    }
  }

  get bytes(): number {
    return this.elements * bytesPer[this.dtype];
  }

  /** The elements in row-major order. Where they lie so in the file they are not copied. */
  async read(): Promise<Uint8Array> {
    if (this.elements === 0) return new Uint8Array();
    const width = bytesPer[this.dtype];
    const raw = await this.storage.read(this.offset * width, this.#span * width);
    return this.#isRowMajor() ? raw : this.#gather(raw, width);
  }

  #isRowMajor(): boolean {
    let step = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== step) return false;
      step *= this.shape[axis];
    }
    return true;
  }

  #gather(raw: Uint8Array, width: number): Uint8Array {
    const Elements = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }[width]!;
    const aligned = raw.byteOffset % width === 0 ? raw : new Uint8Array(raw); // slice() of a node Buffer copies nothing
    const from = new Elements(aligned.buffer as ArrayBuffer, aligned.byteOffset, this.#span);
    const to = new Elements(this.elements);
    const { shape, strides } = this, last = shape.length - 1;
    const index = shape.map(() => 0);
    for (let row = 0, at = 0; row < to.length; row += shape[last]) {
      for (let i = 0; i < shape[last]; i++) to[row + i] = from[at + i * strides[last]];
      for (let axis = last - 1; axis >= 0; axis--) { // to the next row, as an odometer turns
        at += strides[axis];
        if (++index[axis] < shape[axis]) break;
        at -= shape[axis] * strides[axis];
        index[axis] = 0;
      }
    }
    return new Uint8Array(to.buffer);
  }
}
