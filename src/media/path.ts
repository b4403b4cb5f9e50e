import type { Packet } from './engine.js';

/** What a stage says of a packet. */
export const NEXT = 0;
/** Sent, or otherwise used: done. */
export const TAKEN = 1;
/** Accepted, but not sent on. */
export const DROPPED = 2;
/** Not from whom we listen to: as if it had never come. */
export const IGNORED = 3;
export type Verdict = typeof NEXT | typeof TAKEN | typeof DROPPED | typeof IGNORED;

export type Stage = (packet: Packet) => Verdict;

/** The order of a packet's life. A path leaves stages out, it never turns them round. */
const STAGE_ORDER = [
  /** Is it from whom we listen to? */
  'latch',
  /** RTCP that came on the port of RTP (RFC 5761) goes on as if it had come on its own. */
  'demux',
  'count',
  'analyse',
  /** Note is taken of what RTCP says. */
  'rtcp',
  'resize',
  /** Whom the call belongs to is told of pressed keys, whatever the other side hears. */
  'keys',
  /** The other side gets something else to hear. */
  'mute',
  /** It hears a prompt. */
  'prompt',
  /** Somebody is told of pressed keys that the other side hears, or would hear if they were not kept from it. */
  'dtmf',
  /** What is said does not go on, or neither do the keys, or it is made silence. */
  'block',
  'blockDtmf',
  'silence',
  /** RTCP is reported to a monitor. */
  'report',
  /** Other sessions hear it too, and it is recorded. */
  'fork',
  /** The other side hears a prompt, and whoever else hears the stream goes on doing so. */
  'drown',
  /** A stream that a prompt has interrupted goes on without a gap. */
  'splice',
  /** RTCP leaves by the port of RTP. */
  'mux',
  'send',
] as const;
export type StageName = (typeof STAGE_ORDER)[number];

/**
 * The compiled route of a stream: chosen when the call changes, replaced whole in one assignment. Streams with the same stages share
 * one array; what differs between them stands in tables indexed by row.
 */
export type Path = readonly Stage[];

/** Puts the named stages into the order of a packet's life. */
export function compile(stages: Readonly<Record<StageName, Stage>>, names: readonly StageName[]): Path {
  return STAGE_ORDER.filter((name) => names.includes(name)).map((name) => stages[name]);
}

export function runPath(path: Path, packet: Packet): Verdict {
  for (let i = 0; i < path.length; i++) {
    const verdict = path[i]!(packet);
    if (verdict !== NEXT) return verdict;
  }
  return DROPPED; // Nobody took it.
}
