import type { StoredTensor } from "../checkpoint.ts";
import { follow, isModule, keyOf, namedTensors } from "./names.ts";
import { PickleGlobal, PickleObject } from "./pickle.ts";
import { PickleFault } from "./pickle_cursor.ts";
import { Storage, TensorView } from "./tensor_view.ts";

const depthAllowed = 100;

type Stored = (name: string, view: TensorView) => StoredTensor;

/**
 * A saved value as plain JavaScript: dicts, namespaces and the public attributes of modules as objects without a prototype, lists, tuples
 * and sets as arrays, tensors as StoredTensor, dtypes and classes as their names. What is shared or cyclic there is so here.
 */
export function plain(value: unknown, stored: Stored): unknown {
  const done = new Map<unknown, unknown>();
  const convert = (value: unknown, path: string[]): unknown => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
    if (value instanceof PickleGlobal) return value.name;
    if (value instanceof Storage) return `storage ${value.key}`;
    if (done.has(value)) return done.get(value);
    if (path.length > depthAllowed) throw new PickleFault(`values nested deeper than ${depthAllowed}`);
    const keep = <T>(result: T): T => {
      done.set(value, result);
      return result;
    };
    if (value instanceof TensorView) return keep(stored(path.join("."), value));
    if (Array.isArray(value) || value instanceof Set) {
      const array = keep([] as unknown[]);
      for (const item of value) array.push(convert(item, [...path, String(array.length)]));
      return array;
    }
    const object = keep(Object.create(null) as Record<string, unknown>);
    for (const [key, item] of entriesOf(value)) {
      const name = keyOf(key);
      if (Object.hasOwn(object, name)) throw new PickleFault(`a dict with two keys that read ${JSON.stringify(name)}`);
      object[name] = convert(item, [...path, name]);
    }
    return object;
  };
  return convert(value, []);
}

/** As `plain`, without the tensors under `path` and what is empty without them. */
export function plainRest(root: unknown, path: string[], stored: Stored): Record<string, unknown> {
  const chosen = follow(root, path);
  const left = chosen instanceof Map
    ? new Map([...chosen].filter(([, value]) => namedTensors(value).size === 0))
    : isModule(chosen)
    ? chosen
    : new Map();
  if (path.length === 0) return plain(left, stored) as Record<string, unknown>;
  const rest = (value: unknown, depth: number): unknown => {
    if (depth === path.length) return left;
    if (!(value instanceof Map)) return new Map(); // on the way to the weights there are only dicts, lists and modules
    const outside = new Map(value);
    const inside = rest([...value].find(([key]) => keyOf(key) === path[depth])?.[1], depth + 1);
    for (const key of value.keys()) if (keyOf(key) === path[depth]) outside.delete(key);
    if (inside instanceof PickleObject || (inside as Map<unknown, unknown>).size > 0) outside.set(path[depth], inside);
    return outside;
  };
  return plain(rest(root, 0), stored) as Record<string, unknown>;
}

function entriesOf(value: object): Iterable<[unknown, unknown]> {
  if (value instanceof Map) return value;
  const attributes = (value as PickleObject).attributes;
  return isModule(value) ? [...attributes].filter(([name]) => !(typeof name === "string" && name.startsWith("_"))) : attributes;
}
