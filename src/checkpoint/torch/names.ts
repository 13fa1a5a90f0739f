import { PickleObject } from "./pickle.ts";
import { PickleFault } from "./pickle_cursor.ts";
import { TensorView } from "./tensor_view.ts";

// Shared parts make a value of n bytes a tree of 2^n paths, a part that holds itself one without an end.
const depthAllowed = 100;
const visitsAllowed = 1_000_000;

/**
 * Every tensor in a saved value by its dotted path: keys of dicts, indices of lists, and for a pickled module the names that its
 * state_dict() would have (parameters, persistent buffers, then the modules inside).
 */
export function namedTensors(root: unknown): Map<string, TensorView> {
  const named = new Map<string, TensorView>();
  let visits = 0;
  const walk = (value: unknown, path: string[]) => {
    if (++visits > visitsAllowed) throw new PickleFault(`more than ${visitsAllowed} values inside each other`);
    if (path.length > depthAllowed) throw new PickleFault(`values nested deeper than ${depthAllowed}`);
    if (value instanceof TensorView) {
      const name = path.join(".");
      if (named.has(name)) throw new PickleFault(`two tensors are called ${name}`);
      named.set(name, value);
    } else {
      for (const [key, child] of childrenOf(value)) walk(child, [...path, keyOf(key)]);
    }
  };
  walk(root, []);
  return named;
}

/** A dict's key as a name. Python prints tuples as keys; one inside another may be too long to print. */
export function keyOf(key: unknown): string {
  const parts = Array.isArray(key) ? key : [key];
  if (parts.length <= 64 && parts.every((part) => typeof part !== "object" || part === null)) return parts.map(String).join();
  throw new PickleFault("a dict with a key that is neither text, number nor a tuple of them");
}

/** Whether this is a torch.nn.Module. */
export function isModule(value: unknown): value is PickleObject {
  return value instanceof PickleObject && value.attributes.get("_modules") instanceof Map;
}

function* childrenOf(value: unknown): Iterable<[unknown, unknown]> {
  if (value instanceof Map || Array.isArray(value)) yield* value.entries();
  if (!isModule(value)) return;
  const transient = value.attributes.get("_non_persistent_buffers_set");
  for (const part of ["_parameters", "_buffers", "_modules"]) {
    const members = value.attributes.get(part);
    if (!(members instanceof Map)) continue;
    for (const [name, member] of members) {
      if (part !== "_buffers" || !(transient instanceof Set && transient.has(name))) yield [name, member];
    }
  }
}

/** Where published checkpoints keep the weights: official BEiT under "model", segmentation under "state_dict", some under "module". */
const usual = ["model", "state_dict", "module"];

/** The keys that lead to the weights: the usual ones as long as they hold tensors, none if the value itself is the state dict or module. */
export function usualPath(root: unknown): string[] {
  const path: string[] = [];
  for (let value = root; value instanceof Map && path.length < depthAllowed;) {
    const dict = value;
    const key = usual.find((key) => (dict.get(key) instanceof Map || isModule(dict.get(key))) && namedTensors(dict.get(key)).size > 0);
    if (key === undefined) break;
    path.push(key);
    value = dict.get(key);
  }
  return path;
}

/** The value that `path` leads to. */
export function follow(root: unknown, path: string[]): unknown {
  let value = root;
  for (const key of path) {
    const children = [...childrenOf(value)];
    const found = children.find(([name]) => keyOf(name) === key);
    if (!found) {
      throw new PickleFault(
        `has no ${JSON.stringify(path.join("."))}: at ${JSON.stringify(key)} there are ${
          children.map(([name]) => keyOf(name)).join(", ") || "no names"
        }`,
        "give another path",
      );
    }
    value = found[1];
  }
  return value;
}
