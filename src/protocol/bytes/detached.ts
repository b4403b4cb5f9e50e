/** From so many characters on, V8 has a piece of a string point into the whole. */
const SHARED_LENGTH = 13;

/** The same text with memory of its own: what outlives its request must not keep all of that. */
export const detached = (text: string): string => (text.length < SHARED_LENGTH ? text : ` ${text}`.slice(1));
