import { type Address, type CallId, type Millis, millis } from '../../../model/kernel/index.js';
import type { NotifyTarget } from '../../../model/session/notify.js';
import type { Side } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import type { Packet } from '../../media/engine.js';
import type { MediaPlane } from '../../media/plane.js';
import type { Digit } from '../../media/stages/witness.js';
import { legOf, rowOf } from '../../media/streams.js';
import { decodeSockaddr } from '../../protocol/bytes/sockaddr.js';
import { formatDtmfLine } from '../../protocol/rtpproxy/dtmfArguments.js';
import type { LegAccount, SessionAccount } from '../accounting/sessionAccount.js';
import type { OwnedEvent } from '../callEvents/callEvent.js';
import type { Herald } from '../callEvents/herald.js';
import type { Clock } from '../ports.js';
import { legIndexOf, type Session } from './session.js';

/** A line for whoever asked to be notified of a call. */
export type Notification = {
  readonly target: NotifyTarget;
  /** Without its line feed, one character a byte. */
  readonly line: string;
  /** The call that has ended; null: it goes on. */
  readonly ended: { readonly callId: CallId; readonly fromTag: string; readonly toTag: string | null } | null;
};

/** An RTCP packet of a call, for a monitor. */
export type RtcpReport = {
  readonly callId: CallId;
  readonly at: Millis;
  readonly source: Address;
  readonly destination: Address;
  readonly payload: Uint8Array;
};

/** Who is told of things that leave the shard. None may throw. */
export type TellerWorld = {
  readonly clock: Clock;
  readonly notify: (notification: Notification) => void;
  readonly tell: (owned: OwnedEvent) => void;
  readonly account: (account: SessionAccount) => void;
  readonly reportRtcp: (report: RtcpReport) => void;
};

/** Puts what a shard has to tell others of its sessions into words. */
export class Tellers {
  readonly #shard: number;
  readonly #plane: MediaPlane;
  readonly #world: TellerWorld;
  readonly #herald: Herald;

  constructor(shard: number, plane: MediaPlane, world: TellerWorld, herald: Herald) {
    this.#shard = shard;
    this.#plane = plane;
    this.#world = world;
    this.#herald = herald;
  }

  timeout(state: SessionState): void {
    const { notify, call: callId, tag: fromTag } = state;
    if (notify === null) return;
    this.#world.notify({ target: notify.target, line: notify.tag, ended: { callId, fromTag, toTag: notify.toTag } });
  }

  /** A digit of a side was heard. */
  digit(session: Session | undefined, side: Side, digit: Digit): void {
    this.#herald.digit(session, side, digit);
    const state = session?.snapshot.context;
    const dtmf = state?.legs[side].dtmf ?? null;
    // Who is notified may have been taken back since the digits were asked for.
    if (state === undefined || dtmf === null || state.notify === null) return;
    const line = formatDtmfLine(dtmf.tag, digit, legIndexOf(side));
    this.#world.notify({ target: state.notify.target, line, ended: null });
  }

  report(session: Session | undefined, packet: Packet): void {
    const source = decodeSockaddr(packet.words, packet.source);
    if (session === undefined || source === null) return;
    const { local } = session.snapshot.context.legs[legOf(packet.row) === 0 ? 'caller' : 'callee'];
    if (local === null) return;
    const payload = packet.bytes.slice(packet.start, packet.start + packet.length);
    const destination: Address = { host: local.host, port: (local.port + 1) as Address['port'] };
    this.#world.reportRtcp({ callId: session.call, at: this.#world.clock(), source, destination, payload });
  }

  /** The last words on a session. Its streams must not have been cleared yet. */
  account(session: Session, state: SessionState, nowMs: number): void {
    const { slot } = session;
    const { counters } = this.#plane;
    const sum = (component: 0 | 1, name: 'relayed' | 'dropped'): number =>
      counters.stream(rowOf(slot, 0, component), name) + counters.stream(rowOf(slot, 1, component), name);
    this.#world.account({
      uid: session.session * 256 + this.#shard,
      call: session.call,
      fromTag: session.tag,
      setupAtMs: state.openedAt,
      teardownAtMs: millis(nowMs),
      rtpRelayed: sum(0, 'relayed'),
      rtpDropped: sum(0, 'dropped'),
      rtcpRelayed: sum(1, 'relayed'),
      rtcpDropped: sum(1, 'dropped'),
      caller: this.#accountLeg(slot, 'caller', state),
      callee: this.#accountLeg(slot, 'callee', state),
    });
  }

  #accountLeg(slot: number, side: Side, state: SessionState): LegAccount {
    const { counters, analysis } = this.#plane;
    const { rtp, rtcp, held, holds } = state.legs[side];
    const leg = legIndexOf(side);
    return {
      rtpReceived: counters.stream(rowOf(slot, leg, 0), 'received'),
      rtcpReceived: counters.stream(rowOf(slot, leg, 1), 'received'),
      rtpRemote: rtp.address,
      rtcpRemote: rtcp.address,
      held,
      holds,
      analysis: analysis.read(rowOf(slot, leg, 0)),
    };
  }
}
