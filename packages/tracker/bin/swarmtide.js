#!/usr/bin/env node
// Kept in the repository as an executable file: a compiled one would have to be made executable after each build.
try {
  await import("../dist/bin.js");
} catch (error) {
  const { existsSync } = await import("node:fs");
  if (existsSync(new URL("../dist/bin.js", import.meta.url))) throw error;
  process.stderr.write("swarmtide is not compiled yet: run npm ci && npm run build\n");
  process.exitCode = 1;
}
