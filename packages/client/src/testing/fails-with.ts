/** What a test expects of a ClientError, as the second argument of `assert.rejects`. */
import assert from "node:assert/strict";
import { ClientError, type ClientErrorReason } from "../client-error.ts";

export function failsWith(reason: ClientErrorReason, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ClientError, String(error));
    assert.match(error.message, message);
    assert.equal(error.reason, reason);
    return true;
  };
}
