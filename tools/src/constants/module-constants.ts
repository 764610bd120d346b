/**
 * The numeric constants of built modules, worked out from their text: what a module may use, imported or its own. Called by
 * fold-constants.ts. Only what is the same on every machine counts: numbers, and operators between numbers and such constants.
 *
 * Example: `export const SLOT = 1 << WORDS;` after `import { WORDS } from "./layout.js";` with `export const WORDS = 3;` there
 * is 8. A call, a property or a string is none, except for the columns of counters: a table numbers them in the order of its
 * file, so they are what the module itself says when it is imported.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { runInNewContext } from "node:vm";

const IMPORT = /^(import|export) \{([^}]*)\} from "([^"]+)";/gm;
const CONSTANT = /^(export )?const ([A-Za-z_$][\w$]*) = ([^;]+);/gm;
const TOKEN =
  /0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?|[A-Za-z_$][\w$]*|\*\*|<<|>>>?|[-+*/%&|^~()]|\s+/gy;

interface Module {
  /** Name here → where it is from, and its name there. */
  readonly imported: ReadonlyMap<string, { readonly from: string; readonly name: string }>;
  /** Name that others see → the same. */
  readonly passedOn: ReadonlyMap<string, { readonly from: string; readonly name: string }>;
  /** Name → its expression. */
  readonly own: ReadonlyMap<string, string>;
  readonly exported: ReadonlySet<string>;
}

export class ModuleConstants {
  readonly #packages: ReadonlyMap<string, string>;
  readonly #modules = new Map<string, Module>();
  readonly #values = new Map<string, number | undefined>();

  /** `packages`: name of a package → its main module; `columns`: a module of counters → its exports. */
  constructor(
    packages: ReadonlyMap<string, string>,
    columns: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map(),
  ) {
    this.#packages = packages;
    for (const [path, exports] of columns)
      for (const [name, value] of Object.entries(exports))
        if (typeof value === "number") this.#values.set(`${path} ${name}`, value);
  }

  /** Names that code of the module may use, other than the module's private ones, and their values. */
  visibleIn(path: string): Map<string, number> {
    const { imported, exported } = this.#read(path);
    const visible = new Map<string, number>();
    for (const name of [...imported.keys(), ...exported]) {
      const value = this.#valueIn(path, name);
      if (value !== undefined) visible.set(name, value);
    }
    return visible;
  }

  #valueIn(path: string, name: string): number | undefined {
    const key = `${path} ${name}`;
    if (!this.#values.has(key)) {
      // A circle of imports ends here.
      this.#values.set(key, undefined);
      this.#values.set(key, this.#workOut(path, name));
    }
    return this.#values.get(key);
  }

  #workOut(path: string, name: string): number | undefined {
    const module = this.#read(path);
    const elsewhere = module.imported.get(name) ?? module.passedOn.get(name);
    if (elsewhere !== undefined) {
      const target = this.#resolve(path, elsewhere.from);
      return target === undefined ? undefined : this.#valueIn(target, elsewhere.name);
    }
    const expression = module.own.get(name);
    return expression === undefined ? undefined : this.#evaluate(path, expression);
  }

  #evaluate(path: string, expression: string): number | undefined {
    let arithmetic = "";
    for (const [token] of expression.matchAll(TOKEN)) {
      const value = /^[A-Za-z_$]/.test(token) ? this.#valueIn(path, token) : token;
      if (value === undefined) return undefined;
      arithmetic += typeof value === "number" ? `(${value})` : value;
    }
    // Anything that is not a token ends the matches early and is not arithmetic.
    const length = [...expression.matchAll(TOKEN)].reduce((sum, [token]) => sum + token.length, 0);
    if (length !== expression.length) return undefined;
    const value: unknown = runInNewContext(arithmetic);
    return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
  }

  #resolve(path: string, specifier: string): string | undefined {
    const target = specifier.startsWith(".")
      ? resolve(dirname(path), specifier)
      : this.#packages.get(specifier);
    return target !== undefined && existsSync(target) ? target : undefined;
  }

  #read(path: string): Module {
    const known = this.#modules.get(path);
    if (known !== undefined) return known;
    const module = readModule(readFileSync(path, "utf8"));
    this.#modules.set(path, module);
    return module;
  }
}

function readModule(text: string): Module {
  const imported = new Map<string, { from: string; name: string }>();
  const passedOn = new Map<string, { from: string; name: string }>();
  for (const [, kind, list = "", from = ""] of text.matchAll(IMPORT))
    for (const item of list.split(",").filter((each) => each.trim() !== "")) {
      const [name = "", alias = name] = item.trim().split(/\s+as\s+/);
      (kind === "import" ? imported : passedOn).set(alias, { from, name });
    }
  const own = new Map<string, string>();
  const exported = new Set<string>();
  for (const [, isExported, name = "", expression = ""] of text.matchAll(CONSTANT)) {
    own.set(name, expression);
    if (isExported !== undefined) exported.add(name);
  }
  return { imported, passedOn, own, exported };
}
