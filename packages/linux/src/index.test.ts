import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const door = new URL("./index.js", import.meta.url).href;

test("on another platform the package imports, says that it is not supported and loads no library", () => {
  for (const [name, value] of [
    ["platform", "darwin"],
    ["platform", "win32"],
    ["arch", "riscv64"],
  ]) {
    const program = `
      Object.defineProperty(process, "${name}", { value: "${value}" });
      const linux = await import("${door}");
      console.log(linux.linuxSupported());
      const libraries = process.report.getReport().sharedObjects;
      console.log(libraries.some((path) => path.includes("koffi")));
    `;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    assert.equal(output, "false\nfalse\n");
  }
});
