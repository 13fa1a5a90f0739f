// Reverse-mode differentiation: from a loss back over the nodes, giving more tensors.

import { add } from "../kernels/arithmetic/arithmetic.ts";
import { ShapeError } from "./errors.ts";
import { apply, constant, type Node, reshape, storage, type Tensor } from "./graph.ts";

/**
 * Gradients of `loss` for each tensor of `wanted`, in its order.
 *
 * `upstream` is the gradient of something further on with respect to `loss`; without it `loss` must hold one value.
 * `recompute` lists tensors to keep (block inputs, say): whatever backward needs that was made from them is computed a second
 * time instead of being stored. Without it only cheap ops (`OpSpec.cheap`) are.
 *
 * @throws ShapeError when a wanted tensor does not influence the loss, or an op on the way has no gradient.
 *
 * ```ts
 * import { constant, gradients, interpret, multiply, sum } from "../mod.ts";
 * const x = constant("x", [3], [1, 2, 3]), [dx] = gradients(sum(multiply(x, x)), [x]);
 * console.assert(interpret([dx])[0].join() === "2,4,6");
 * ```
 */
export function gradients(loss: Tensor, wanted: readonly Tensor[], upstream?: Tensor, recompute?: readonly Tensor[]): Tensor[] {
  if (!upstream && loss.size !== 1) {
    throw new ShapeError(`gradients: the loss ${loss} holds ${loss.size} values; reduce it to one, or give the upstream gradient`);
  }
  if (upstream && upstream.size !== loss.size) throw new ShapeError(`gradients: upstream ${upstream} does not have the shape of ${loss}`);

  const leading = influence(loss, new Set(wanted));
  const sums = new Map<Tensor, Tensor>([[loss, upstream ?? constant("one", loss.shape, [1])]]);
  const contribute = (t: Tensor, d: Tensor) => {
    if (d.size !== t.size) throw new ShapeError(`gradients: ${d} arrives for ${t}; they must have the same shape`);
    const sum = sums.get(t);
    const shaped = (x: Tensor) => x.shape.join() === t.shape.join() ? x : reshape(x, t.shape);
    sums.set(t, sum ? shaped(addedInPlace(d, sum) ?? add(sum, shaped(d))) : shaped(d));
  };
  const replay = recomputation(wanted, recompute);

  // Makers come before users in order of creation, so backwards through the ids every sum is complete when its turn comes.
  const visited = new Set<Node>();
  for (const t of [...leading].sort((a, b) => b.id - a.id)) {
    if (t.view && !wanted.includes(t)) {
      const d = sums.get(t);
      if (d) contribute(t.view.of, reshape(d, t.view.of.shape));
      continue;
    }
    const node = t.maker;
    if (!node || visited.has(node)) continue;
    const entries = Object.entries(node.outputs);
    if (!entries.some(([, output]) => sums.has(output))) continue;
    visited.add(node);
    if (!node.op.backward) {
      throw new ShapeError(
        `gradients: ${node.op.name} has no gradient, yet the loss depends on ${
          wanted.find((w) => influence(t, new Set([w])).size)
        } through it`,
      );
    }
    const parts = Object.fromEntries(Object.entries({ ...node.inputs, ...node.outputs }).map(([name, part]) => [name, replay(part)]));
    const incoming = Object.fromEntries(entries.map(([name, output]) => [`d${name}`, sums.get(output)]));
    for (const [name, d] of Object.entries(node.op.backward(parts, incoming, node.attributes))) {
      const target = node.inputs[name];
      if (d && target && leading.has(target)) contribute(target, d as Tensor);
    }
  }
  return wanted.map((t) => {
    const d = sums.get(t);
    if (!d) throw new ShapeError(`gradients: ${loss} does not depend on ${t}; leave it out`);
    return d;
  });
}

/** d + sum where the op that makes d can add it itself; the op without it is then read by nobody. */
function addedInPlace(d: Tensor, sum: Tensor): Tensor | undefined {
  const { root } = storage(d), node = root.maker, name = node?.op.adds;
  if (!node || name === undefined || node.inputs[name] || Object.values(node.outputs)[0] !== root) return undefined;
  return Object.values(apply(node.op, { ...node.inputs, [name]: reshape(sum, root.shape) }, node.attributes))[0];
}

/** Every tensor between `loss` and the wanted ones. */
function influence(loss: Tensor, wanted: ReadonlySet<Tensor>): Set<Tensor> {
  const known = new Map<Tensor, boolean>();
  const stack: Tensor[] = [loss];
  // Depth first without recursion: deep models would overflow the call stack.
  while (stack.length) {
    const t = stack[stack.length - 1];
    if (known.has(t)) {
      stack.pop();
      continue;
    }
    const sources = wanted.has(t) ? [] : t.view ? [t.view.of] : Object.values(t.maker?.inputs ?? {});
    const open = sources.filter((s) => !known.has(s));
    if (open.length) {
      stack.push(...open);
      continue;
    }
    known.set(t, wanted.has(t) || sources.some((s) => known.get(s)));
    stack.pop();
  }
  return new Set([...known].filter(([, leads]) => leads).map(([t]) => t));
}

/**
 * Maps a tensor of the forward pass to a copy made again: from the kept tensors, or only where making it is cheap if none are given.
 * Leaves and kept tensors stay themselves.
 */
function recomputation(wanted: readonly Tensor[], kept?: readonly Tensor[]): (t: Tensor) => Tensor {
  const copies = new Map<Tensor, Tensor>([...kept ?? [], ...wanted].map((t) => [t, t]));
  const copy = (t: Tensor): Tensor => {
    const done = copies.get(t);
    if (done) return done;
    if (t.view) {
      const of = storage(t).root.leaf ? t.view.of : copy(t.view.of), made = of === t.view.of ? t : reshape(of, t.shape).as(t.name);
      copies.set(t, made);
      return made;
    }
    if (!t.maker || !(kept || t.maker.op.cheap)) return t;
    const { op, inputs, attributes, outputs } = t.maker;
    const again = apply(op, Object.fromEntries(Object.entries(inputs).map(([name, source]) => [name, copy(source)])), attributes);
    for (const [name, output] of Object.entries(outputs)) copies.set(output, again[name].as(output.name));
    return copies.get(t)!;
  };
  return copy;
}
