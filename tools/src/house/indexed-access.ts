/**
 * An element of an array may be missing: outside `hot/` the compiler's `noUncheckedIndexedAccess` holds, tests included.
 * Hot code reads typed arrays at positions it has checked by the batch, where each `?? 0` would be a branch per word.
 * `tsc` knows this option for a whole project only, so `tsconfig.house.json` sets it and this rule reads what comes of it.
 */
import { type House, lineAt, type Problem } from "./house.ts";

export function problemsOfIndexedAccess(house: House): Problem[] {
  return house.sources
    .filter((source) => !source.path.includes("/hot/"))
    .flatMap((source) =>
      house.diagnosticsOf(source).map((diagnostic) => ({
        path: source.path,
        line: lineAt(source.file, diagnostic.pos),
        text: `TS${diagnostic.code}: ${diagnostic.text}`,
      })),
    );
}
