/**
 * Why a WebSocket connection is closed (RFC 6455, section 7.4, and IANA's registry).
 *
 * Used by the message reader and by whoever writes close frames.
 */
import {
  FRAME_ERROR_FRAGMENTS,
  FRAME_ERROR_NO_ROOM,
  FRAME_ERROR_TOO_LONG,
  FRAME_ERROR_UTF8,
} from "./frame.ts";

export const CLOSE_NORMAL = 1000;
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL_ERROR = 1002;
/** Stands for a close frame without a code; never sent. */
export const CLOSE_NONE = 1005;
export const CLOSE_NOT_UTF8 = 1007;
export const CLOSE_POLICY = 1008;
export const CLOSE_TOO_LONG = 1009;
export const CLOSE_SERVICE_RESTART = 1012;
export const CLOSE_TRY_LATER = 1013;

/** Close codes that an endpoint may send (RFC 6455, 7.4, and the registry's 1012–1014). */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** What to tell a peer whose frame is wrong in this way, one of FRAME_ERROR_*. */
export function closeCodeOf(failure: number): number {
  switch (failure) {
    case FRAME_ERROR_UTF8:
      return CLOSE_NOT_UTF8;
    case FRAME_ERROR_TOO_LONG:
      return CLOSE_TOO_LONG;
    case FRAME_ERROR_FRAGMENTS:
      return CLOSE_POLICY;
    case FRAME_ERROR_NO_ROOM:
      return CLOSE_TRY_LATER;
    default:
      return CLOSE_PROTOCOL_ERROR;
  }
}
