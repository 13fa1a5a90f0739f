import { checkOp } from "../../tests/check_op.ts";
import { mean, sum } from "./sum.ts";

checkOp("sum() over everything", (x) => sum(x), [[[1]], [[3, 5]], [[7, 200]]]);
checkOp("sum() over rows", (x) => sum(x, [0]), [[[1, 1]], [[3, 5]], [[200, 70]]]);
checkOp("sum() over the first and last of three axes", (x) => sum(x, [0, 2]), [[[2, 3, 5]], [[5, 66, 70]]]);
checkOp("mean() over the middle axis", (x) => mean(x, [1]), [[[2, 1, 3]], [[2, 5, 3]], [[2, 197, 70]]]);
