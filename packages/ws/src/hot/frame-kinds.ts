/** What a frame is; offers are the first to go where a client does not keep up. Small integers, read by all of the room. */

export const FRAME_IS_CONTROL = -1;
export const FRAME_IS_REPLY = 0;
export const FRAME_IS_OFFER = 1;
export const FRAME_IS_ANSWER = 2;
export const FRAME_IS_ERROR = 3;
