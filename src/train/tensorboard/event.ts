// TensorFlow's Event message in protobuf's wire format, written by hand: five field kinds need no generated code.
// event.proto: wall_time 1 (double), step 2 (int64), file_version 3 (string), summary 5 { value 1 { tag 1, simple_value 2 (float),
// image 4 { height 1, width 2, colorspace 3, encoded_image_string 4 } } }.

export interface Picture {
  width: number;
  height: number;
  png: Uint8Array;
}

export interface Event {
  /** Seconds since 1970. */
  wallTime: number;
  step: number;
  /** Curves by tag: "pretrain/loss". */
  scalars?: Readonly<Record<string, number>>;
  images?: Readonly<Record<string, Picture>>;
  /** The first event of a file says only this: "brain.Event:2". */
  fileVersion?: string;
}

/** Colour space of TensorFlow's images with three channels. */
const RGB = 3;

export function encodeEvent({ wallTime, step, scalars = {}, images = {}, fileVersion }: Event): Uint8Array {
  const values = [
    ...Object.entries(scalars).map(([tag, value]) => [...text(1, tag), ...float(2, value)]),
    ...Object.entries(images).map(([tag, { width, height, png }]) => {
      const head = [...whole(1, height), ...whole(2, width), ...whole(3, RGB)];
      return [...text(1, tag), ...block(4, concat([Uint8Array.from(head), Uint8Array.from(blockHead(4, png.length)), png]))];
    }),
  ];
  return concat([
    Uint8Array.from(double(1, wallTime)),
    Uint8Array.from(whole(2, step)),
    Uint8Array.from(fileVersion === undefined ? [] : text(3, fileVersion)),
    values.length
      ? Uint8Array.from(block(5, concat(values.map((value) => Uint8Array.from(block(1, Uint8Array.from(value)))))))
      : new Uint8Array(),
  ]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
const tag = (field: number, type: number) => [field << 3 | type];
const whole = (field: number, value: number) => [...tag(field, 0), ...varint(value)];
const double = (field: number, value: number) => [...tag(field, 1), ...new Uint8Array(Float64Array.of(value).buffer)];
const float = (field: number, value: number) => [...tag(field, 5), ...new Uint8Array(Float32Array.of(value).buffer)];
const blockHead = (field: number, length: number) => [...tag(field, 2), ...varint(length)];
const block = (field: number, data: Uint8Array) => [...blockHead(field, data.length), ...data];
const text = (field: number, value: string) => block(field, new TextEncoder().encode(value));

/** Seven bits a byte, the low ones first. Whole numbers from 0 to 2^53. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}
