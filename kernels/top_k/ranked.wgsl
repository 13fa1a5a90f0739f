// Chunk: a value with its place, and the order of such pairs: larger values first, of equal ones the first place.
const NOWHERE = 0xffffffffu;
struct Ranked { value: f32, place: u32 }

// By its bits: compilers may take x != x for false.
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

// Whether a ranks before b, where b may be nothing yet. NaN ranks nowhere.
fn leads(a: Ranked, b: Ranked) -> bool {
  if (a.place == NOWHERE || is_nan(a.value)) { return false; }
  return b.place == NOWHERE || a.value > b.value || (a.value == b.value && a.place < b.place);
}

// Whether a ranks behind the pair of the round before; in round 0 everything does.
fn follows(a: Ranked, before: Ranked, round: u32) -> bool {
  if (round == 0u) { return true; }
  return before.place != NOWHERE && (a.value < before.value || (a.value == before.value && a.place > before.place));
}
