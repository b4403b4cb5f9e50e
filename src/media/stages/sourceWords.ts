/** How an SSRC lies in the tables, and how it is read and written whole. */

/** The SSRCs of a row that are known at a time, and the payload types of each. */
export const MAX_SOURCES = 8;
export const MAX_TYPES = 8;
/** The numbers whose arrival is remembered, as bits. A power of two, and more than a late packet may be late. */
export const WINDOW = 128;

/** Words of an SSRC; what every packet touches comes first. */
export const SSRC = 0;
/** `EMPTY`, `HEARD` (the numbers begin with the next packet) or `COUNTING`. */
export const STATE = 1;
export const EMPTY = 0;
export const HEARD = 1;
export const COUNTING = 2;
/** The highest number, 16 bits; with `CYCLES` the extended one. */
export const HIGHEST = 2;
/** Of the last packet that was no copy. */
export const TIMESTAMP = 3;
/** As bits in a ring. */
export const SEEN = 4;
/** Where in `TYPES` the type of the last packet stands; `MAX_TYPES`, which counts the others, where it found no place. */
export const TYPE_PLACE = 8;
/** After a jump: the number, plus 1, that would make it a new beginning; 0: none. */
export const EXPECTED_NEXT = 9;
export const EVENT_TIMESTAMP = 10;
/** Each its number plus 1; 0: the place is free. */
export const TYPES = 12;
/** How many packets of each; unsigned 32 bits. */
export const TYPE_COUNTS = TYPES + MAX_TYPES + 1;
export const WORDS = 32;

/** Floats of an SSRC, for counts without end and times; the first five are what every packet touches. */
export const BYTES = 0;
/** Of the last packet that was no copy. */
export const LAST_AT = 1;
export const LONGEST_GAP = 2;
export const JITTER = 3;
/** Of the clock that the last packet ran by; 0: of none that is known, and the next packet is not measured. */
export const MS_PER_TICK = 4;
export const FIRST_AT = 5;
export const CYCLES = 6;
/** The lowest extended number since the count began. */
export const LOWEST = 7;
/** What was expected before the numbers began anew. */
export const EXPECTED_BEFORE = 8;
export const DUPLICATES = 9;
export const REORDERED = 10;
/** Packets after a jump that no second one confirmed: neither received nor expected. */
export const SUSPECTS = 11;
export const DIGITS = 12;
export const FLOATS = 16;

/** Where an SSRC stands. */
export type SourcePlace = {
  readonly words: Int32Array;
  readonly at: number;
  readonly floats: Float64Array;
  readonly base: number;
};

/** What of an SSRC outlives its thread, and is reported. Times in milliseconds of the thread's clock. */
export type SavedSource = {
  readonly ssrc: number;
  /** All that came, copies too, and their bytes (UDP payload). */
  readonly packets: number;
  readonly bytes: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** The highest number, and the timestamp of the last packet that was no copy. */
  readonly lastSequence: number;
  readonly lastTimestamp: number;
  /** As the sequence numbers tell (RFC 3550 A.3), and how many of those came. */
  readonly expected: number;
  readonly received: number;
  readonly duplicates: number;
  /** Later than one of a higher number, but not lost. */
  readonly reordered: number;
  /** RFC 3550 A.8, milliseconds. */
  readonly jitterMs: number;
  readonly longestGapMs: number;
  /** Keys that were pressed. */
  readonly digits: number;
  /** In the order in which they were first seen; the type of the last packet (-1: found no place); packets of types that found none. */
  readonly payloadTypes: readonly (readonly [payloadType: number, packets: number])[];
  readonly lastType: number;
  readonly otherTypes: number;
};

export const expectedAt = ({ words, at, floats, base }: SourcePlace): number =>
  floats[base + EXPECTED_BEFORE]! +
  (words[at + STATE] === COUNTING ? floats[base + CYCLES]! + words[at + HIGHEST]! - floats[base + LOWEST]! + 1 : 0);

export function packetsAt({ words, at }: SourcePlace): number {
  let packets = 0;
  for (let i = 0; i <= MAX_TYPES; i++) packets += words[at + TYPE_COUNTS + i]! >>> 0;
  return packets;
}

export const receivedAt = (place: SourcePlace): number =>
  packetsAt(place) - place.floats[place.base + DUPLICATES]! - place.floats[place.base + SUSPECTS]!;

export function readSource(place: SourcePlace): SavedSource {
  const { words, at, floats, base } = place;
  const payloadTypes: (readonly [number, number])[] = [];
  for (let i = 0; i < MAX_TYPES && words[at + TYPES + i] !== 0; i++) {
    payloadTypes.push([words[at + TYPES + i]! - 1, words[at + TYPE_COUNTS + i]! >>> 0]);
  }
  // Written out: with spreads it took twenty times as long, and every call that ends is told of.
  return {
    ssrc: words[at + SSRC]! >>> 0,
    packets: packetsAt(place),
    bytes: floats[base + BYTES]!,
    firstAtMs: floats[base + FIRST_AT]!,
    lastAtMs: floats[base + LAST_AT]!,
    lastSequence: words[at + HIGHEST]!,
    lastTimestamp: words[at + TIMESTAMP]! >>> 0,
    expected: expectedAt(place),
    received: receivedAt(place),
    duplicates: floats[base + DUPLICATES]!,
    reordered: floats[base + REORDERED]!,
    jitterMs: floats[base + JITTER]!,
    longestGapMs: floats[base + LONGEST_GAP]!,
    digits: floats[base + DIGITS]!,
    payloadTypes,
    lastType: words[at + TYPES + words[at + TYPE_PLACE]!]! - 1,
    otherTypes: words[at + TYPE_COUNTS + MAX_TYPES]! >>> 0,
  };
}

/**
 * Puts what is at a place behind the numbers of `into`, for `savedSource`. In whole numbers, which take less of the log: times in
 * milliseconds, the jitter in hundredths.
 */
export function saveSource(place: SourcePlace, into: number[]): void {
  const { words, at, floats, base } = place;
  const firstAtMs = Math.round(floats[base + FIRST_AT]!);
  into.push(words[at + SSRC]! >>> 0, packetsAt(place), floats[base + BYTES]!, firstAtMs);
  into.push(Math.round(floats[base + LAST_AT]!) - firstAtMs, words[at + HIGHEST]!, words[at + TIMESTAMP]! >>> 0);
  into.push(expectedAt(place), receivedAt(place), floats[base + DUPLICATES]!, floats[base + REORDERED]!);
  into.push(Math.round(floats[base + JITTER]! * 100), Math.round(floats[base + LONGEST_GAP]!), floats[base + DIGITS]!);
  into.push(words[at + TYPES + words[at + TYPE_PLACE]!]! - 1, words[at + TYPE_COUNTS + MAX_TYPES]! >>> 0);
  let types = 0;
  while (types < MAX_TYPES && words[at + TYPES + types] !== 0) types++;
  into.push(types);
  for (let i = 0; i < types; i++) into.push(words[at + TYPES + i]! - 1, words[at + TYPE_COUNTS + i]! >>> 0);
}

/** `next` gives the numbers of `saveSource` one by one, 0 where there are no more. */
export function savedSource(next: () => number): SavedSource {
  const [ssrc, packets, bytes, firstAtMs] = [next(), next(), next(), next()];
  const source = {
    ...{ ssrc, packets, bytes, firstAtMs, lastAtMs: firstAtMs + next(), lastSequence: next(), lastTimestamp: next() },
    ...{ expected: next(), received: next(), duplicates: next(), reordered: next() },
    ...{ jitterMs: next() / 100, longestGapMs: next(), digits: next(), lastType: next(), otherTypes: next() },
  };
  const payloadTypes: (readonly [number, number])[] = [];
  for (let left = Math.min(MAX_TYPES, next()); left > 0; left--) payloadTypes.push([next(), next()]);
  return { ...source, payloadTypes };
}

/**
 * Into a place that is empty. The numbers begin anew with the next packet, as after a jump: what passed unheard is not lost. What was
 * not received before stays lost.
 */
export function writeSource({ words, at, floats, base }: SourcePlace, source: SavedSource): void {
  const payloadTypes = source.payloadTypes.slice(0, MAX_TYPES);
  const place = payloadTypes.findIndex(([payloadType]) => payloadType === source.lastType);
  words[at + SSRC] = source.ssrc;
  words[at + STATE] = HEARD;
  words[at + HIGHEST] = source.lastSequence & 0xffff;
  words[at + TIMESTAMP] = source.lastTimestamp;
  words[at + TYPE_PLACE] = place < 0 ? MAX_TYPES : place;
  for (const [i, [payloadType, packets]] of payloadTypes.entries()) {
    words[at + TYPES + i] = payloadType + 1;
    words[at + TYPE_COUNTS + i] = packets;
  }
  words[at + TYPE_COUNTS + MAX_TYPES] = source.otherTypes;
  floats[base + BYTES] = source.bytes;
  floats[base + FIRST_AT] = source.firstAtMs;
  floats[base + LAST_AT] = source.lastAtMs;
  floats[base + LONGEST_GAP] = source.longestGapMs;
  floats[base + JITTER] = source.jitterMs;
  floats[base + EXPECTED_BEFORE] = source.expected;
  floats[base + DUPLICATES] = source.duplicates;
  floats[base + REORDERED] = source.reordered;
  floats[base + SUSPECTS] = source.packets - source.duplicates - source.received;
  floats[base + DIGITS] = source.digits;
}
