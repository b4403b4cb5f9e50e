/** How deep lists and dictionaries may stand in one another, the outermost counted. No request goes deeper than six. */
export const MAX_NG_DEPTH = 32;
/** How many values one message may hold, keys not counted: what is bigger is no request. */
export const MAX_NG_VALUES = 16_384;
/** What a call or a party is called, bytes: it stands in every record of the event log, once or more for each media line. */
export const MAX_NG_NAME = 2048;
/** What is kept with a call and its parties besides, bytes: reports leave it out where it is too long for a datagram. */
export const MAX_NG_TEXT = 32_768;
/** How long a cookie may be, bytes, whatever brings it. Also how much of a stream is read that makes no sense. */
export const MAX_NG_COOKIE = 1024;
