import { checkOp } from "../../tests/check_op.ts";
import { linear } from "../matmul/matmul.ts";
import { layerNorm } from "./layer_norm.ts";

checkOp("layerNorm()", (x, gamma, beta) => layerNorm(x, gamma, beta), [
  [[1, 1], [1], [1]], // one element
  [[3, 5], [5], [5]], // odd
  [[4, 200], [200], [200]], // rows longer than a workgroup
  [[131, 70], [70], [70]], // several chunks of rows in the sums of gamma and beta
]);
checkOp("layerNorm() beside a residual", (x, gamma, beta, w) => linear(layerNorm(x, gamma, beta), w, { residual: x }), [
  [[1, 1], [1], [1], [1, 1]],
  [[3, 5], [5], [5], [5, 5]],
  [[4, 130], [130], [130], [130, 130]],
]);
