import { expect, test } from "bun:test";
import { familyOf, productShare } from "./families.ts";

test("an op and its gradients are one family on every device", () => {
  const labels = [
    "matmul/direct",
    "matmul_slope",
    "attention/out/tiled64",
    "attention_backward",
    "layer_norm_sums",
    "conv2d_backward_w",
    "adamw",
  ];
  expect(labels.map(familyOf)).toEqual(["matmul", "matmul", "attention", "attention", "layer_norm", "conv2d", "adamw"]);
});

test("products are counted wherever they are made, softmax is not", () => {
  const webgpu = {
    "matmul/tiled64": 4,
    "matmul/direct parts": 1,
    "matmul/reduce": 1,
    "attention/dq/small": 1,
    "attention/softmax": 2,
    adamw: 1,
  };
  const cpu = { matmul: 4, matmul_slope: 1, attention: 2, adamw: 3 };
  const share = (times: Record<string, number>) => productShare(Object.entries(times).map(([label, ms]) => ({ label, ms })));
  expect([share(webgpu), share(cpu)]).toEqual([0.7, 0.5]);
});
