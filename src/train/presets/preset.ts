import type { RecipeOptions } from "../recipe.ts";

export interface Preset {
  /** One line for `--list`. */
  about: string;
  recipe: RecipeOptions;
}
