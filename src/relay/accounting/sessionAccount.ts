import type { Address } from '../../../model/kernel/index.js';

/** What the analysis of one stream of RTP found. Times are milliseconds since the Unix epoch; null or 0 is never. */
export type StreamAnalysis = {
  /** Packets sent as far as the sequence numbers tell, received once, received again, missing, and those that are no RTP. */
  readonly nsent: number;
  readonly nrcvd: number;
  readonly ndups: number;
  readonly nlost: number;
  readonly perrs: number;
  /** Units of the RTP timestamp. */
  readonly jitterLast: number;
  readonly jitterMax: number;
  readonly jitterAverage: number;
  /** Longest time between two packets, seconds. */
  readonly longestIpiS: number;
  /** Null: no packet had one. */
  readonly ssrcLast: number | null;
  readonly ssrcCount: number;
  /** Null or -1: no packet had one. */
  readonly payloadTypeLast: number | null;
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
};

/** One leg of an ended session: what came from that side, and where it was. */
export type LegAccount = {
  /** Packets that came from it, accepted by address learning. */
  readonly rtpReceived: number;
  readonly rtcpReceived: number;
  /** Where it was at the end; null: never known. */
  readonly rtpRemote: Address | null;
  readonly rtcpRemote: Address | null;
  /** Whether it was on hold at the end, and how often it was put on hold. */
  readonly held: boolean;
  readonly holds: number;
  readonly analysis: StreamAnalysis;
};

/** Everything an accounting record says of a session that has ended. Plain, so that it can cross threads. */
export type SessionAccount = {
  /** Of this session alone in this process. */
  readonly uid: number;
  /** Latin-1, as the control client gave them. */
  readonly call: string;
  readonly fromTag: string;
  /** Milliseconds since the Unix epoch. */
  readonly setupAtMs: number;
  readonly teardownAtMs: number;
  /** Packets of both directions. */
  readonly rtpRelayed: number;
  readonly rtpDropped: number;
  readonly rtcpRelayed: number;
  readonly rtcpDropped: number;
  readonly caller: LegAccount;
  readonly callee: LegAccount;
};
