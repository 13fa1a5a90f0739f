// The only Python names that a checkpoint may mention. None of them runs anything: each is a few lines here that build a value.

import { bytesPer, decode, decodeNumbers, type Dtype } from "../dtype.ts";
import { kindOf, PickleGlobal, PickleObject, shown } from "./pickle.ts";
import { PickleFault } from "./pickle_cursor.ts";
import { Storage, TensorView } from "./tensor_view.ts";

/** Torch's dtypes by the names it gives them: `torch.FloatStorage`, `torch.float32`. */
const dtypes: [storage: string, name: string, dtype: Dtype][] = [
  ["FloatStorage", "float32", "F32"],
  ["DoubleStorage", "float64", "F64"],
  ["HalfStorage", "float16", "F16"],
  ["BFloat16Storage", "bfloat16", "BF16"],
  ["LongStorage", "int64", "I64"],
  ["IntStorage", "int32", "I32"],
  ["ShortStorage", "int16", "I16"],
  ["CharStorage", "int8", "I8"],
  ["ByteStorage", "uint8", "U8"],
  ["BoolStorage", "bool", "BOOL"],
  ["UntypedStorage", "uint8", "U8"],
];

/** Torch's own limit. */
const axesAllowed = 64;

/** Modules whose instances are kept as bags of attributes: those of the published dVAE pickles. */
const objects = [
  "argparse.Namespace",
  "dall_e.encoder.Encoder",
  "dall_e.encoder.EncoderBlock",
  "dall_e.decoder.Decoder",
  "dall_e.decoder.DecoderBlock",
  "dall_e.utils.Conv2d",
  "torch.nn.modules.activation.ReLU",
  "torch.nn.modules.container.Sequential",
  "torch.nn.modules.linear.Identity",
  "torch.nn.modules.pooling.MaxPool2d",
  "torch.nn.modules.upsampling.Upsample",
];

/** The dtype of a storage class, for persistent ids. */
export function storageDtype(type: unknown): Dtype {
  const found = type instanceof PickleGlobal ? storageDtypes.get(type) : undefined;
  if (!found) throw new PickleFault(`a storage of type ${kindOf(type)}`);
  return found;
}

/** The value that stands for a Python name; throws PickleFault, naming it, when it is not in the list. */
export function allowedGlobal(module: string, name: string): PickleGlobal {
  const found = globals.get(`${module === "__builtin__" ? "builtins" : module}.${name}`);
  if (found) return found;
  throw new PickleFault(
    `wants ${module}.${name}, which is not on the list of what a checkpoint may use`,
    "nothing was run; save a plain state_dict instead",
  );
}

const globals = new Map<string, PickleGlobal>();
const storageDtypes = new Map<PickleGlobal, Dtype>();

function define(names: string | string[], call?: (args: unknown[]) => unknown): void {
  for (const name of [names].flat()) globals.set(name, new PickleGlobal(name, call));
}

for (const [storage, name, dtype] of dtypes) {
  for (const module of storage === "UntypedStorage" ? ["torch", "torch.storage"] : ["torch", "torch.cuda"]) {
    const global = new PickleGlobal(`${module}.${storage}`);
    globals.set(global.name, global);
    storageDtypes.set(global, dtype);
  }
  define(`torch.${name}`);
}
for (const name of objects) define(name, () => new PickleObject(name));

define("collections.OrderedDict", ([items = []]) => new Map(pairs(items)));
define("collections.Counter", ([items = new Map()]) => new Map(items instanceof Map ? items : pairs(items)));
define(["builtins.set", "builtins.frozenset"], ([items = []]) => new Set(list(items)));
define("_codecs.encode", ([text, encoding]) => { // how protocol 2 writes bytes
  if (encoding !== "latin1") throw new PickleFault(`bytes in the encoding ${kindOf(encoding)}, known is latin1`);
  return latin1(string(text));
});
define("torch.Size", ([sizes]) => counts(sizes));
define("torch.device", ([type, index]) => index === undefined ? string(type) : `${string(type)}:${number(index)}`);
define(["torch.Tensor", "torch.nn.parameter.Parameter"]);

define("torch._utils._rebuild_tensor", ([storage, offset, shape, strides]) => rebuild(storage, offset, shape, strides));
define("torch._utils._rebuild_tensor_v2", ([storage, offset, shape, strides]) => rebuild(storage, offset, shape, strides));
define(
  "torch._utils._rebuild_tensor_v3",
  ([storage, offset, shape, strides, , , dtype]) => rebuild(storage, offset, shape, strides, dtype),
);
define(["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"], ([tensor]) => tensorOf(tensor));
define("torch._tensor._rebuild_from_type_v2", ([build, , args]) => {
  if (!(build instanceof PickleGlobal && build.call && build.name.startsWith("torch._utils."))) {
    throw new PickleFault(`rebuilds a tensor with ${kindOf(build)}`);
  }
  return tensorOf(build.call(list(args)));
});

define("numpy.dtype", ([code]) => new NumpyDtype(string(code)));
define(["numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"], ([dtype, bytes]) => numpyScalar(dtype, bytes));

function rebuild(storage: unknown, offset: unknown, shape: unknown, strides: unknown, named?: unknown): TensorView {
  if (!(storage instanceof Storage)) throw new PickleFault(`a tensor over ${kindOf(storage)} instead of a storage`);
  const dtype = named === undefined ? storage.dtype : dtypes.find(([, name]) => kindOf(named) === `torch.${name}`)?.[2];
  if (!dtype) throw new PickleFault(`a tensor of dtype ${kindOf(named)}`);
  return new TensorView(storage, dtype, counts([offset])[0], counts(shape), counts(strides));
}

const numpyCodes: Record<string, Dtype> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u1: "U8",
  u2: "U16",
  u4: "U32",
  u8: "U64",
  b1: "BOOL",
};

/** `dtype("f8")`; its state says the byte order. */
class NumpyDtype extends PickleObject {
  order: unknown = "<";
  constructor(readonly code: string) {
    super("numpy.dtype");
  }
  override setState(state: unknown): void {
    this.order = list(state)[1];
  }
  get written(): string {
    return `${typeof this.order === "string" ? this.order : kindOf(this.order)}${this.code}`;
  }
}

function numpyScalar(type: unknown, value: unknown): unknown {
  const bytes = typeof value === "string" ? latin1(value) : value; // Python 2 writes a string
  const known = type instanceof NumpyDtype && type.order !== ">" && Object.hasOwn(numpyCodes, type.code);
  const dtype = known ? numpyCodes[type.code] : undefined;
  if (!dtype || !(bytes instanceof Uint8Array) || bytes.length !== bytesPer[dtype]) {
    throw new PickleFault(
      `a numpy scalar of type ${type instanceof NumpyDtype ? type.written : kindOf(type)} from ${kindOf(value)}`,
    );
  }
  if (dtype === "BOOL") return bytes[0] !== 0;
  if (dtype === "F64") return decodeNumbers(dtype, bytes, "numpy.scalar")[0];
  const [scalar] = decode(dtype, bytes);
  return Number.isSafeInteger(Number(scalar)) ? Number(scalar) : scalar;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
function tensorOf(value: unknown): TensorView {
  if (!(value instanceof TensorView)) throw new PickleFault(`${kindOf(value)} where a tensor is expected`);
  return value;
}
function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new PickleFault(`${kindOf(value)} where a list is expected`);
  return value;
}
function pairs(value: unknown): [unknown, unknown][] {
  return list(value).map((pair) => {
    if (list(pair).length !== 2) throw new PickleFault("an item that is not a pair");
    return pair as [unknown, unknown];
  });
}
function string(value: unknown): string {
  if (typeof value !== "string") throw new PickleFault(`${kindOf(value)} where a text is expected`);
  return value;
}
function number(value: unknown): number {
  if (typeof value !== "number") throw new PickleFault(`${kindOf(value)} where a number is expected`);
  return value;
}
function counts(value: unknown): number[] {
  if (list(value).length > axesAllowed) throw new PickleFault(`${list(value).length} sizes, a tensor has at most ${axesAllowed} axes`);
  return list(value).map((size) => {
    if (!Number.isSafeInteger(size) || (size as number) < 0) throw new PickleFault(`${shown(size)} where a size is expected`);
    return size as number;
  });
}
