import type { Address } from '../../../model/kernel/index.js';
import type { StreamAnalysis } from '../../media/stages/analyse.js';

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
