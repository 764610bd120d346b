/** Swarms as bytes: the encoding of records (records/), and snapshots of the swarm store in files. */
export { COMPRESSIONS, type Compression } from "./records/chunk.ts";
