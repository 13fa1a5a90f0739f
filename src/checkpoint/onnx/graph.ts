// Builds an ONNX graph operator by operator; values are known by their names.

import type { StoredTensor } from "../checkpoint.ts";
import { expectTensors } from "../names/mod.ts";
import type { Attribute, Initializer, Node } from "./model.ts";

export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #used: Record<string, readonly number[]> = {};
  /** Begins the names of the nodes that follow: "blocks.3.attn". */
  scope = "";

  /** `tensors`: the weights, by the names that `weight` is called with. */
  constructor(tensors: ReadonlyMap<string, StoredTensor>) {
    this.#tensors = tensors;
  }

  /** One operator; several results under their own names where `outputs` says how many. */
  apply(operator: string, inputs: readonly string[], attributes?: Record<string, Attribute>): string;
  apply(operator: string, inputs: readonly string[], attributes: Record<string, Attribute>, outputs: number): string[];
  apply(operator: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, outputs?: number): string | string[] {
    const name = `${this.scope && `${this.scope}/`}${operator}_${this.nodes.length}`;
    const made = outputs === undefined ? [name] : Array.from({ length: outputs }, (_, i) => `${name}_${i}`);
    this.nodes.push({ operator, name, inputs, outputs: made, attributes });
    return outputs === undefined ? name : made;
  }

  /** The same values under the name of a result. */
  as(x: string, name: string): string {
    this.nodes.push({ operator: "Identity", name, inputs: [x], outputs: [name], attributes: {} });
    return name;
  }

  /** A parameter of the checkpoint; `check` says whether it has them all. */
  weight(name: string, shape: readonly number[]): string {
    return this.computed(name, shape, { [name]: shape }, ([values]) => values);
  }

  /** Values made of parameters (their shapes by name) when the file is written. */
  computed(
    name: string,
    shape: readonly number[],
    parts: Record<string, readonly number[]>,
    make: (values: Float32Array[]) => Float32Array,
  ): string {
    if (this.initializers.some((other) => other.name === name)) return name;
    Object.assign(this.#used, parts);
    const read = async () => make(await Promise.all(Object.keys(parts).map((part) => this.#tensors.get(part)!.readFloat32())));
    this.initializers.push({ name, shape, float: read });
    return name;
  }

  /** Given values: float32, or int64 for shapes, places and indices. */
  constant(name: string, shape: readonly number[], values: Float32Array | readonly number[] | Uint32Array): string {
    if (this.initializers.some((other) => other.name === name)) return name;
    const floats = values instanceof Float32Array;
    this.initializers.push(floats ? { name, shape, float: () => Promise.resolve(values) } : { name, shape, ints: values });
    return name;
  }

  /** A vector of int64, for operators that take shapes and places as inputs. */
  ints(...values: number[]): string {
    return this.constant(`ints_${values.join("_")}`, [values.length], values);
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.constant(`scalar_${value}`, [], Float32Array.of(value));
  }

  reshape(x: string, ...shape: number[]): string {
    return this.apply("Reshape", [x, this.ints(...shape)]);
  }

  /** Throws CheckpointError unless every weight is there in its shape; others may be there too. */
  check(file: string): void {
    expectTensors(this.#tensors, { shapes: this.#used, mayRemain: /^/ }, file);
  }
}
