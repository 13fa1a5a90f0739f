// ONNX graphs of the jobs that the project's own exporter has no use for.

import type { StoredTensors } from "../../src/checkpoint/names/mod.ts";
import { GraphBuilder } from "../../src/checkpoint/onnx/graph.ts";
import type { OnnxModel } from "../../src/checkpoint/onnx/mod.ts";
import type { DvaeConfig } from "../../src/models/dvae.ts";

/** x (M, K) → x wᵀ (M, N). */
export function matmulOnnx(K: number, N: number, w: Float32Array): OnnxModel {
  const g = new GraphBuilder(new Map());
  const y = g.as(g.apply("Gemm", ["x", g.constant("w", [N, K], w)], { transB: 1 }), "y");
  return model(g, { name: "x", shape: ["M", K] }, { name: y, shape: ["M", N] });
}

/** pictures (batch, 3, H, W) within 0 to 1 → token ids (batch, h, w) as float32. */
export function dvaeOnnx({ groups, blocks }: DvaeConfig, tensors: StoredTensors): OnnxModel {
  const g = new GraphBuilder(tensors);
  const conv = (x: string, name: string) => {
    const { shape } = tensors.get(`${name}.w`)!, pad = (shape[2] - 1) / 2;
    const kernel = [g.weight(`${name}.w`, shape), g.weight(`${name}.b`, [shape[0]])];
    return g.apply("Conv", [x, ...kernel], { kernel_shape: [shape[2], shape[3]], pads: [pad, pad, pad, pad] });
  };
  const relu = (x: string) => g.apply("Relu", [x]),
    gain = g.scalar(1 / (groups * blocks) ** 2);
  let x = conv(g.apply("Add", [g.apply("Mul", ["pictures", g.scalar(0.8)]), g.scalar(0.1)]), "encoder.blocks.input");
  for (let group = 1; group <= groups; group++) {
    for (let block = 1; block <= blocks; block++) {
      const name = `encoder.blocks.group_${group}.block_${block}`;
      let h = x;
      for (let i = 1; i <= 4; i++) {
        h = conv(relu(h), `${name}.res_path.conv_${i}`);
      }
      x = g.apply("Add", [tensors.has(`${name}.id_path.w`) ? conv(x, `${name}.id_path`) : x, g.apply("Mul", [h, gain])]);
    }
    if (group < groups) {
      x = g.apply("MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
    }
  }
  const logits = conv(relu(x), "encoder.blocks.output.conv"), float = 1;
  const ids = g.apply("Cast", [g.apply("ArgMax", [logits], { axis: 1, keepdims: 0 })], { to: float });
  return model(g, { name: "pictures", shape: ["batch", 3, "H", "W"] }, { name: g.as(ids, "ids"), shape: ["batch", "h", "w"] });
}

type Named = { name: string; shape: (number | string)[] };

function model(g: GraphBuilder, input: Named, output: Named): OnnxModel {
  const described = (value: Named) => [{ ...value, description: "" }];
  return {
    name: "bench",
    opset: 17,
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: described(input),
    outputs: described(output),
    metadata: {},
  };
}
