/**
 * A tracker as a process of its own on a host of the test network, for tests that want to look inside.
 *
 *   node tracker-process.js CONFIGURATION_TEXT
 *
 * Sends the parent its addresses once it serves, then answers each message with its statistics. Ends with its parent.
 */
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "../config.ts";
import { startTracker } from "../start-tracker.ts";

const [text = ""] = process.argv.slice(2);
const tracker = await startTracker(readConfig(trackerSchema, text, "test.toml"));
process.on("message", () => process.send?.(tracker.statistics()));
process.on("disconnect", () => void tracker.stop());
process.send?.(tracker.addresses);
