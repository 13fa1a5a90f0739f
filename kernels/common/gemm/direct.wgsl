// y[z, m, n] = sum over k of lhs(m, k) * rhs(k, n), for adapters that run shaders on the CPU.
//
// One invocation computes 16 rows by 8 columns in registers, without workgroup memory: there a load is dear (each lane's own) and
// a barrier dearer. A workgroup is one vector of 8 lanes on the same 16 rows, so lhs is one load for all lanes.

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups, 16u, 64u);
  let n = tile.n + lane * 8u;
  if (!tile.inside || n >= dims.N) { return; }
  let z = tile.z;
  let m = tile.m;
  let bottom = dims.M - 1u;
  let right = dims.N - 1u;
  let r0 = row(z, min(m, bottom));
  let r1 = row(z, min(m + 1u, bottom));
  let r2 = row(z, min(m + 2u, bottom));
  let r3 = row(z, min(m + 3u, bottom));
  let r4 = row(z, min(m + 4u, bottom));
  let r5 = row(z, min(m + 5u, bottom));
  let r6 = row(z, min(m + 6u, bottom));
  let r7 = row(z, min(m + 7u, bottom));
  let r8 = row(z, min(m + 8u, bottom));
  let r9 = row(z, min(m + 9u, bottom));
  let r10 = row(z, min(m + 10u, bottom));
  let r11 = row(z, min(m + 11u, bottom));
  let r12 = row(z, min(m + 12u, bottom));
  let r13 = row(z, min(m + 13u, bottom));
  let r14 = row(z, min(m + 14u, bottom));
  let r15 = row(z, min(m + 15u, bottom));
  let c0 = column(z, min(n, right));
  let c1 = column(z, min(n + 1u, right));
  let c2 = column(z, min(n + 2u, right));
  let c3 = column(z, min(n + 3u, right));
  let c4 = column(z, min(n + 4u, right));
  let c5 = column(z, min(n + 5u, right));
  let c6 = column(z, min(n + 6u, right));
  let c7 = column(z, min(n + 7u, right));
  var p0 = vec4f(); var q0 = vec4f();
  var p1 = vec4f(); var q1 = vec4f();
  var p2 = vec4f(); var q2 = vec4f();
  var p3 = vec4f(); var q3 = vec4f();
  var p4 = vec4f(); var q4 = vec4f();
  var p5 = vec4f(); var q5 = vec4f();
  var p6 = vec4f(); var q6 = vec4f();
  var p7 = vec4f(); var q7 = vec4f();
  var p8 = vec4f(); var q8 = vec4f();
  var p9 = vec4f(); var q9 = vec4f();
  var p10 = vec4f(); var q10 = vec4f();
  var p11 = vec4f(); var q11 = vec4f();
  var p12 = vec4f(); var q12 = vec4f();
  var p13 = vec4f(); var q13 = vec4f();
  var p14 = vec4f(); var q14 = vec4f();
  var p15 = vec4f(); var q15 = vec4f();

  var s = step_at(tile.start);
  for (var k = tile.start; k < tile.end; k++) {
    let x = vec4f(rhs(c0, s), rhs(c1, s), rhs(c2, s), rhs(c3, s));
    let y = vec4f(rhs(c4, s), rhs(c5, s), rhs(c6, s), rhs(c7, s));
    let v0 = vec4f(lhs(r0, s)); p0 = fma(v0, x, p0); q0 = fma(v0, y, q0);
    let v1 = vec4f(lhs(r1, s)); p1 = fma(v1, x, p1); q1 = fma(v1, y, q1);
    let v2 = vec4f(lhs(r2, s)); p2 = fma(v2, x, p2); q2 = fma(v2, y, q2);
    let v3 = vec4f(lhs(r3, s)); p3 = fma(v3, x, p3); q3 = fma(v3, y, q3);
    let v4 = vec4f(lhs(r4, s)); p4 = fma(v4, x, p4); q4 = fma(v4, y, q4);
    let v5 = vec4f(lhs(r5, s)); p5 = fma(v5, x, p5); q5 = fma(v5, y, q5);
    let v6 = vec4f(lhs(r6, s)); p6 = fma(v6, x, p6); q6 = fma(v6, y, q6);
    let v7 = vec4f(lhs(r7, s)); p7 = fma(v7, x, p7); q7 = fma(v7, y, q7);
    let v8 = vec4f(lhs(r8, s)); p8 = fma(v8, x, p8); q8 = fma(v8, y, q8);
    let v9 = vec4f(lhs(r9, s)); p9 = fma(v9, x, p9); q9 = fma(v9, y, q9);
    let v10 = vec4f(lhs(r10, s)); p10 = fma(v10, x, p10); q10 = fma(v10, y, q10);
    let v11 = vec4f(lhs(r11, s)); p11 = fma(v11, x, p11); q11 = fma(v11, y, q11);
    let v12 = vec4f(lhs(r12, s)); p12 = fma(v12, x, p12); q12 = fma(v12, y, q12);
    let v13 = vec4f(lhs(r13, s)); p13 = fma(v13, x, p13); q13 = fma(v13, y, q13);
    let v14 = vec4f(lhs(r14, s)); p14 = fma(v14, x, p14); q14 = fma(v14, y, q14);
    let v15 = vec4f(lhs(r15, s)); p15 = fma(v15, x, p15); q15 = fma(v15, y, q15);
    s = next(s);
  }

  // In a loop, since the epilogue written out 128 times would take seconds to compile.
  var sums = array<vec4f, 32>(
    p0, q0, p1, q1, p2, q2, p3, q3,
    p4, q4, p5, q5, p6, q6, p7, q7,
    p8, q8, p9, q9, p10, q10, p11, q11,
    p12, q12, p13, q13, p14, q14, p15, q15,
  );
  for (var i = 0u; i < 128u; i++) {
    let r = m + i / 8u;
    let c = n + i % 8u;
    if (r < dims.M && c < dims.N) { store(tile.slice, r, c, sums[i / 4u][i % 4u]); }
  }
}
