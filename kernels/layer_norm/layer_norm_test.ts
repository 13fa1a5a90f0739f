import { checkOp } from "../../tests/check_op.ts";
import { layerNorm } from "./layer_norm.ts";

checkOp("layerNorm()", (x, gamma, beta) => layerNorm(x, gamma, beta), [
  [[1, 1], [1], [1]], // one element
  [[3, 5], [5], [5]], // odd
  [[4, 200], [200], [200]], // rows longer than a workgroup
  [[131, 70], [70], [70]], // several chunks of rows in the sums of gamma and beta
]);
