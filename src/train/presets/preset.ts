import type { RecipeOptions } from "../recipe.ts";

/** A named recipe: what differs from the defaults, and what it is for. */
export interface Preset {
  /** One line for `--list`. */
  about: string;
  recipe: RecipeOptions;
}
