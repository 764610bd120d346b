#!/usr/bin/env node
// Kept in the repository as an executable file: a compiled one would have to be made executable after each build.
import "../dist/bin.js";
