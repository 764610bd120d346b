/**
 * How a file is opened that takes another's name once it is whole (rename(2)). Used by whoever writes files for operators: snapshots,
 * exports, the page as a file. See open(2).
 */
import { constants } from "node:fs";

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;

/** A FIFO at the temporary file's place does not make us wait, and a link there does not lead elsewhere. */
export const TEMPORARY_FILE_FLAGS: number = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOFOLLOW;
