// The messages of an ONNX file. Field numbers and enums: onnx/onnx.proto (IR version 8).

import { CheckpointError, LimitError } from "../../errors.ts";
import { atomicWrite, type FileSystem } from "../atomic_write.ts";
import { Message } from "./protobuf.ts";

/** Values of an operator's attribute: whole numbers are int64; a float is said to be one. */
export type Attribute = number | readonly number[] | { float: number };

export interface Node {
  operator: string;
  name: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}

/** Constant values: float32 read when they are written, or int64. */
export type Initializer =
  & { name: string; shape: readonly number[] }
  & ({ float: () => Promise<Float32Array> } | { ints: ArrayLike<number> });

/** A float32 tensor that goes in or comes out; a side is a number, or the name of one that may change from run to run. */
export interface Value {
  name: string;
  shape: readonly (number | string)[];
  description: string;
}

/** An ONNX model whose weights are read when it is written. */
export interface OnnxModel {
  name: string;
  /** Version of the standard operators. */
  opset: number;
  nodes: readonly Node[];
  initializers: readonly Initializer[];
  inputs: readonly Value[];
  outputs: readonly Value[];
  /** Plain texts that runtimes hand on to their callers. */
  metadata: Readonly<Record<string, string>>;
}

const FLOAT = 1, INT64 = 7; // TensorProto.DataType
const ofFloat = 1, ofInt = 2, ofInts = 7; // AttributeProto.AttributeType

/** The largest protobuf message. */
const maxBytes = 2 ** 31 - 1;

/**
 * Writes an ONNX file, whole or not at all, one tensor in memory at a time.
 *
 * @throws LimitError before anything is written when it would have 2 GiB or more: protobuf allows less.
 *
 * ```ts
 * import { writeOnnx } from "../../../mod.ts";
 * const path = await Deno.makeTempFile(), x = { name: "x", shape: [2], description: "anything" }, y = { ...x, name: "y" };
 * const node = { operator: "Relu", name: "relu", inputs: ["x"], outputs: ["y"], attributes: {} };
 * await writeOnnx(path, { name: "relu", opset: 17, nodes: [node], initializers: [], inputs: [x], outputs: [y], metadata: {} });
 * console.assert((await Deno.stat(path)).size > 0);
 * ```
 */
export async function writeOnnx(path: string, model: OnnxModel, fs?: FileSystem): Promise<void> {
  await atomicWrite(path, piecesOf(model, path), fs);
}

/**
 * As `writeOnnx`, into memory.
 *
 * ```ts
 * import { onnxBytes } from "../../../mod.ts";
 * const x = { name: "x", shape: ["batch", 2], description: "anything" }, y = { ...x, name: "y" };
 * const node = { operator: "Relu", name: "relu", inputs: ["x"], outputs: ["y"], attributes: {} };
 * const bytes = await onnxBytes({ name: "relu", opset: 17, nodes: [node], initializers: [], inputs: [x], outputs: [y], metadata: {} });
 * console.assert(new TextDecoder().decode(bytes).includes("Relu"));
 * ```
 */
export async function onnxBytes(model: OnnxModel): Promise<Uint8Array<ArrayBuffer>> {
  const { length } = encoded(model, model.name), bytes = new Uint8Array(length);
  let offset = 0;
  for await (const piece of piecesOf(model, model.name)) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

async function* piecesOf(model: OnnxModel, where: string): AsyncGenerator<Uint8Array> {
  for (const piece of encoded(model, where).pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else {
      const bytes = await piece.read();
      if (bytes.length !== piece.length) {
        throw new CheckpointError(
          `${where}: a tensor came with ${bytes.length} bytes, its shape needs ${piece.length}; check the checkpoint`,
        );
      }
      yield bytes;
    }
  }
}

function encoded({ name, opset, nodes, initializers, inputs, outputs, metadata }: OnnxModel, where: string): Message {
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeMessage(node));
  graph.text(2, name);
  for (const initializer of initializers) graph.message(5, tensorMessage(initializer));
  for (const value of inputs) graph.message(11, valueMessage(value));
  for (const value of outputs) graph.message(12, valueMessage(value));
  const model = new Message().int(1, 8).text(2, "zellige").message(7, graph).message(8, new Message().text(1, "").int(2, opset));
  for (const [key, value] of Object.entries(metadata)) model.message(14, new Message().text(1, key).text(2, value));
  if (model.length > maxBytes) {
    throw new LimitError(`${where}: the ONNX file would have ${model.length} bytes, protobuf allows ${maxBytes}; export a smaller model`);
  }
  return model;
}

function nodeMessage({ operator, name, inputs, outputs, attributes }: Node): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, operator);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attributeMessage(key, value));
  return message;
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, ofInt);
  if ("float" in value) return message.float(2, value.float).int(20, ofFloat);
  return message.ints(8, value).int(20, ofInts);
}

function tensorMessage(initializer: Initializer): Message {
  const { name, shape } = initializer, size = shape.reduce((a, b) => a * b, 1);
  const message = new Message().ints(1, shape).int(2, "ints" in initializer ? INT64 : FLOAT).text(8, name);
  if ("ints" in initializer) return message.bytes(9, raw(BigInt64Array.from(Array.from(initializer.ints, BigInt))));
  return message.bytes(9, { length: size * 4, read: async () => raw(await initializer.float()) });
}

const raw = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength);

function valueMessage({ name, shape, description }: Value): Message {
  const dimensions = new Message();
  for (const side of shape) dimensions.message(1, typeof side === "number" ? new Message().int(1, side) : new Message().text(2, side));
  const tensor = new Message().int(1, FLOAT).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor)).text(3, description);
}
