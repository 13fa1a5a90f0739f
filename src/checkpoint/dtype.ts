import { CheckpointError } from "../errors.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "./half.ts";

/** Bytes per element of every dtype that a checkpoint may hold, by its safetensors name. */
export const bytesPer = { BOOL: 1, U8: 1, I8: 1, I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8 } as const;
export type Dtype = keyof typeof bytesPer;

/** What `read` returns: F16, BF16, F32 and F64 as Float32Array, BOOL as Uint8Array, integers as the array of their own width. */
export type TensorData =
  | Float32Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array;

/** Raw little-endian bytes → values. Shares the bytes' memory where dtype and alignment allow. */
export function decode(dtype: Dtype, bytes: Uint8Array): TensorData {
  const raw = view(dtype, bytes);
  if (dtype === "F16") return f16ToF32(raw as Uint16Array);
  if (dtype === "BF16") return bf16ToF32(raw as Uint16Array);
  return raw instanceof Float64Array ? new Float32Array(raw) : raw;
}

/** As `decode`, for weights: integers and booleans are refused with `where` in the message. */
export function decodeFloat32(dtype: Dtype, bytes: Uint8Array, where: string): Float32Array {
  const values = decode(dtype, bytes);
  if (values instanceof Float32Array) return values;
  throw new CheckpointError(`${where} is ${dtype}, not a floating-point tensor; use read() or readNumbers() for integers`);
}

/** Any dtype → plain numbers, F64 without rounding; a 64-bit integer that a number cannot hold is refused with `where` in the message. */
export function decodeNumbers(dtype: Dtype, bytes: Uint8Array, where: string): Float64Array {
  const values = dtype === "F64" ? view(dtype, bytes) as Float64Array : decode(dtype, bytes);
  if (!(values instanceof BigInt64Array || values instanceof BigUint64Array)) return Float64Array.from(values);
  return Float64Array.from(values, (v) => {
    if (Number.isSafeInteger(Number(v))) return Number(v);
    throw new CheckpointError(
      `${where} holds ${v}, more than a number can represent exactly (2^53 - 1); use read(), which returns bigints`,
    );
  });
}

/** Values → raw bytes of `dtype`: float32 values are narrowed to F16, BF16, widened to F64; all else is written as it lies in memory. */
export function encode(dtype: Dtype, values: ArrayBufferView): Uint8Array {
  if (values instanceof Float32Array) {
    if (dtype === "F16") values = f32ToF16(values);
    else if (dtype === "BF16") values = f32ToBf16(values);
    else if (dtype === "F64") values = new Float64Array(values);
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

const arrays = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
};

/** The dtype that an array is written as when none is named. */
export function dtypeOf(values: ArrayBufferView): Dtype | undefined {
  const named = (Object.keys(arrays) as Dtype[]).filter((d) => d !== "BOOL" && d !== "F16" && d !== "BF16");
  return named.find((dtype) => values instanceof arrays[dtype]);
}

/** Whether `encode` can turn such an array into `dtype` without a surprise. */
export function encodable(dtype: Dtype, values: ArrayBufferView): boolean {
  return values instanceof arrays[dtype] || (values instanceof Float32Array && ["F16", "BF16", "F64"].includes(dtype));
}

function view(dtype: Dtype, bytes: Uint8Array): TensorData | Float64Array {
  const size = bytesPer[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // slice() of a node Buffer copies nothing
  return new arrays[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}
