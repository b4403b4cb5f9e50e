/** Audio that goes on while the relay dies. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { RtpPeer } from '../rig/rtpPeer.js';
import { type Call, handled, openPeers, type Place, placeCall, type Speaker } from './calls.js';
import type { Exchange } from './exchange.js';
import { audio, expect, receive, respond, type Step, send, wait } from './scenario.js';

const PACKET_MS = 20;
/** How long the last packet may be under way. */
const LAST_LIMIT_MS = 2_000;
/** Long enough for a call to be in full flow. */
const BEFORE_MS = 500;

/** Caller and callee, and where each is told to send. */
export type Talk = readonly [Speaker, Speaker];

/** What a caller offers anew: silence by an all-zero address, the same address again, or another one, to which it moves. */
export type Renewal = 'hold' | 'resume' | 'move';

const at = (peer: RtpPeer): string => audio('127.0.0.1', peer.port);

/** A call that is answered: neither end was told to send right to the other one, past the relay. */
async function talkOf(call: Call, caller: RtpPeer, callee: RtpPeer): Promise<Talk> {
  const { toCaller, toCallee } = await call.answered();
  const direct = [toCaller, toCallee].filter(({ port }) => port === caller.port || port === callee.port);
  deepEqual(direct, [], `${call.id} has no relay`);
  return [
    { peer: caller, place: toCaller },
    { peer: callee, place: toCallee },
  ];
}

/** A call that stands. Its caller offers something anew when it is told to, and hangs up in the end. */
export class StandingCall {
  readonly call: Call;
  readonly #talk: Talk;
  readonly #moved: RtpPeer;
  readonly #renewals: readonly Renewal[];
  #renewed = 0;

  private constructor(call: Call, talk: Talk, moved: RtpPeer, renewals: readonly Renewal[]) {
    this.call = call;
    this.#talk = talk;
    this.#moved = moved;
    this.#renewals = renewals;
  }

  static async place(exchange: Exchange, key: string, renewals: readonly Renewal[] = []): Promise<StandingCall> {
    const [[caller, callee], [moved]] = [await openPeers(exchange), await openPeers(exchange)];
    const offers: Readonly<Record<Renewal, string>> = {
      hold: audio('0.0.0.0', caller.port),
      resume: at(caller),
      move: at(moved),
    };
    const taken: Step[] = [receive('INVITE'), respond(200, at(callee)), receive('ACK')];
    const call = await placeCall(exchange, {
      key,
      headers: handled(1, 'r'),
      caller: [
        ...[at(caller), ...renewals.map((what) => offers[what])].flatMap((offer) => [
          ...[send('INVITE', offer), expect(200), send('ACK'), wait],
        ]),
        ...[send('BYE'), expect(200)],
      ],
      callee: [...taken, ...renewals.flatMap(() => taken), receive('BYE'), respond(200)],
    });
    return new StandingCall(call, await talkOf(call, caller, callee), moved, renewals);
  }

  /** As the caller has offered it last. */
  get talk(): Talk {
    const [caller, callee] = this.#talk;
    const hasMoved = this.#renewals.slice(0, this.#renewed).includes('move');
    return [hasMoved ? { ...caller, peer: this.#moved } : caller, callee];
  }

  /** The next re-INVITE. The caller is told the port that it had. */
  async renew(): Promise<void> {
    this.#renewed++;
    await this.call.caller.goOn();
    await this.call.callee.received('ACK', 1 + this.#renewed);
    const [toCaller, toCallee] = await Promise.all([this.call.caller.places(), this.call.callee.places()]);
    deepEqual(
      [toCaller[0]?.port, toCallee[0]?.port],
      this.#talk.map(({ place }) => place.port),
    );
  }
}

/** A call that rings until the callee is let go on, with its offer in the INVITE, or (`late`) in the answer. */
export class RingingCall {
  readonly call: Call;
  readonly #peers: [RtpPeer, RtpPeer];

  private constructor(call: Call, peers: [RtpPeer, RtpPeer]) {
    this.call = call;
    this.#peers = peers;
  }

  static async place(exchange: Exchange, key: string, offer: 'early' | 'late'): Promise<RingingCall> {
    const [caller, callee] = await openPeers(exchange);
    const [invite, ack] = offer === 'early' ? [at(caller), null] : [null, at(caller)];
    const call = await placeCall(exchange, {
      key,
      headers: handled(1, 'co'),
      caller: [send('INVITE', invite), expect(200), send('ACK', ack), wait, send('BYE'), expect(200)],
      callee: [
        ...[receive('INVITE'), respond(180), wait, respond(200, at(callee))],
        ...[receive('ACK'), receive('BYE'), respond(200)],
      ],
    });
    await call.caller.received('SIP/2.0 180');
    return new RingingCall(call, [caller, callee]);
  }

  /** Waits until it is answered. */
  async talk(): Promise<Talk> {
    return talkOf(this.call, ...this.#peers);
  }
}

/**
 * In every call both ends speak for `packets` of 20 ms each, the first ones they ever sent, while something happens to the relay. Each hears the
 * other from its very first packet to its last, unchanged and in order, from the port it was told at first, but for one gap.
 * @returns the longest gap that somebody heard, milliseconds
 */
export async function talkThrough(talks: readonly Talk[], packets: number, happening: () => Promise<unknown>): Promise<number> {
  const speakers = talks.flat();
  const streams = speakers.map(({ peer, place }) => peer.stream(place.port, packets, place.address));
  await delay(BEFORE_MS);
  await happening();
  await Promise.all(streams);
  const gaps: number[] = [];
  for (const [one, other] of talks) gaps.push(await gapHeard(one, other, packets), await gapHeard(other, one, packets));
  return Math.max(...gaps);
}

async function gapHeard({ peer, place }: Speaker, speaker: Speaker, packets: number): Promise<number> {
  const last = () => peer.arrived.at(-1)?.sequence;
  for (const until = Date.now() + LAST_LIMIT_MS; last() !== packets - 1 && Date.now() < until; ) await delay(5);
  const heard = peer.arrived.splice(0);
  const sources = new Set(heard.map(({ address, port, ssrc }) => `${address}:${port} ${ssrc}`));
  deepEqual([...sources], [`${nameOf(place)} ${speaker.peer.ssrc}`]);
  ok(
    heard.every(({ payload, sequence }) => payload.every((byte) => byte === (sequence & 0xff))),
    'every packet is unchanged',
  );
  const numbers = heard.map(({ sequence }) => sequence);
  equal(numbers[0], 0, 'it is heard from its first packet');
  equal(numbers.at(-1), packets - 1, 'it is heard to its last packet');
  const holes = numbers.flatMap((number, i) => (i > 0 && number !== numbers[i - 1]! + 1 ? [number - numbers[i - 1]! - 1] : []));
  ok(holes.length <= 1 && holes.every((lost) => lost > 0), `one gap and no repetition: ${holes}`);
  return (holes[0] ?? 0) * PACKET_MS;
}

const nameOf = ({ address, port }: Place): string => `${address}:${port}`;
