import { expect, test } from "bun:test";
import { StoredTensor } from "../checkpoint.ts";
import { follow, namedTensors, usualPath } from "./names.ts";
import { PickleGlobal, PickleObject } from "./pickle.ts";
import { PickleFault } from "./pickle_cursor.ts";
import { plain, plainRest } from "./plain.ts";
import { Storage, TensorView } from "./tensor_view.ts";

const view = () => new TensorView(new Storage("0", "F32", 1, () => Promise.resolve(new Uint8Array(4))), "F32", 0, [1], [1]);
const dict = (items: Record<string, unknown>) => new Map<unknown, unknown>(Object.entries(items));
const stored = (name: string, { dtype, shape, bytes, read }: TensorView) => new StoredTensor({ name, dtype, shape, bytes }, "x", read);

function module(attributes: Record<string, unknown>): PickleObject {
  const made = new PickleObject("torch.nn.modules.container.Sequential");
  made.setState(dict({ _parameters: new Map(), _buffers: new Map(), _modules: new Map(), ...attributes }));
  return made;
}

test("namedTensors() joins keys and indices with dots", () => {
  const root = dict({ a: view(), b: dict({ c: view(), "d.e": [view(), null, view()] }), f: 3 });
  expect([...namedTensors(root).keys()]).toEqual(["a", "b.c", "b.d.e.0", "b.d.e.2"]);
});

test("namedTensors() gives a module the names of its state_dict", () => {
  const inner = module({ _parameters: dict({ w: view(), b: null }) });
  const outer = module({
    _modules: dict({ conv: inner, none: null }),
    _buffers: dict({ mean: view(), index: view() }),
    _non_persistent_buffers_set: new Set(["index"]),
    _parameters: dict({ scale: view() }),
    unused: view(),
  });
  expect([...namedTensors(outer).keys()]).toEqual(["scale", "mean", "conv.w"]);
});

test("usualPath() follows the usual keys while they hold tensors", () => {
  expect(usualPath(dict({ model: dict({ a: view() }), state_dict: dict({ a: view() }) }))).toEqual(["model"]);
  expect(usualPath(dict({ model: dict({ depth: 3 }), state_dict: dict({ a: view() }) }))).toEqual(["state_dict"]);
  expect(usualPath(dict({ model: dict({ module: dict({ a: view() }) }) }))).toEqual(["model", "module"]);
  expect(usualPath(dict({ model: "beit", module: module({ _parameters: dict({ w: view() }) }) }))).toEqual(["module"]);
  expect(usualPath(dict({ a: view() }))).toEqual([]);
  expect(usualPath(module({}))).toEqual([]);
});

test("follow() names what there is instead", () => {
  const root = new Map<unknown, unknown>([["model", dict({ a: 1 })], [0, "zero"]]);
  expect(follow(root, ["0"])).toBe("zero");
  expect(() => follow(root, ["model", "b"])).toThrow('has no "model.b": at "b" there are a');
  expect(() => follow(root, ["model", "a", "c"])).toThrow('at "c" there are no names');
});

test("plain() turns dicts, sets, objects and names into plain values and keeps what is shared", () => {
  const list = [1, new Set(["s"])];
  const namespace = new PickleObject("argparse.Namespace");
  namespace.setState(dict({ lr: 0.1, _private: true }));
  const root = new Map<unknown, unknown>([
    ["__proto__", list],
    [3, list],
    ["args", namespace],
    ["dtype", new PickleGlobal("torch.float16")],
    ["t", [view()]],
  ]);
  const value = plain(root, stored) as Record<string, unknown>;
  expect(Object.getPrototypeOf(value)).toBe(null);
  expect(Object.keys(value)).toEqual(["3", "__proto__", "args", "dtype", "t"]);
  expect(value["3"]).toEqual([1, ["s"]]);
  expect(value["3"]).toBe(value["__proto__"]);
  expect({ ...value.args as object }).toEqual({ lr: 0.1, _private: true });
  expect(value.dtype).toBe("torch.float16");
  expect((value.t as StoredTensor[])[0].name).toBe("t.0");
});

test("plainRest() leaves out the tensors that were chosen and nothing else", () => {
  const root = dict({ model: dict({ w: view(), nested: dict({ b: view() }), note: "x" }), optimizer: dict({ m: view() }), epoch: 7 });
  const rest = plainRest(root, ["model"], stored);
  expect(Object.keys(rest)).toEqual(["optimizer", "epoch", "model"]);
  expect({ ...rest.model as object }).toEqual({ note: "x" });
  expect((rest.optimizer as Record<string, StoredTensor>).m.name).toBe("optimizer.m");
  expect({ ...plainRest(dict({ model: dict({ w: view() }) }), ["model"], stored) }).toEqual({});
  expect({ ...plainRest(module({ n_hid: 8, _parameters: dict({ w: view() }) }), [], stored) }).toEqual({ n_hid: 8 });
  expect({ ...plainRest([view()], [], stored) }).toEqual({});
});

test("values that hold themselves, nest without end or multiply are refused at once", () => {
  const cycle = dict({ a: view() });
  cycle.set("self", cycle);
  expect(() => namedTensors(cycle)).toThrow("nested deeper than 100");
  const shared = plain(cycle, stored) as Record<string, unknown>;
  expect(shared.self).toBe(shared);

  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(() => plain(deep, stored)).toThrow(PickleFault);
  expect(() => namedTensors(deep)).toThrow(PickleFault);

  let bomb: unknown = 1;
  for (let i = 0; i < 60; i++) bomb = [bomb, bomb];
  expect(() => namedTensors(bomb)).toThrow("more than 1000000 values");
  plain(bomb, stored);

  expect(() => namedTensors(dict({ a: dict({ b: view() }), "a.b": view() }))).toThrow("two tensors are called a.b");
  expect(() => plain(new Map<unknown, unknown>([[1, "a"], ["1", "b"]]), stored)).toThrow('two keys that read "1"');
});
