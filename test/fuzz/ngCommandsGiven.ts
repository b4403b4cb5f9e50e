import { deepEqual, equal, ok } from 'node:assert/strict';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import { peekCall } from '../../src/protocol/ng/peekCall.js';
import { decodeNg, readNg } from '../../src/protocol/ng/readRequest.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { Fold } from '../../src/relay/events/fold.js';
import type { LogEntry } from '../../src/relay/events/logEntry.js';
import type { DecisionSetting } from '../../src/relay/events/record.js';
import { wrongInRecord } from '../../src/relay/events/schema.js';
import { ReplayView } from '../../src/relay/events/view.js';
import type { NgOrigin } from '../../src/relay/ng/ngOrigin.js';
import type { NgLink } from '../../src/relay/supervisor/dispatch.js';
import { NgDispatch } from '../../src/relay/supervisor/ngDispatch.js';
import { HOST, PureRelay, SLOTS, START_MS, settingOf } from '../property/pureRelay.js';
import { tableOf } from '../property/shardWorld.js';
import { prompts } from '../property/sounding.js';
import { TableRecorder } from '../property/tableRecorder.js';
import { sdpOf } from '../pure/ngGiven.js';

/** Enough for the calls that are there, and for few more: what is asked for may come to an end of them. */
const PAIRS = 28;
/** What a client of UDP can hear at most, and what a report of a call of many media lines may take, bytes. */
const MOST_REPLY_BYTES = 1 << 20;
const MOST_REASON = 400;

const SETTING: DecisionSetting = {
  ...{ ttlMs: 60_000, setupTtlMs: 60_000, independentTtl: false, network: { host: HOST, advertised: null } },
};
const ORIGIN: NgOrigin = {
  ...{ host: HOST, local: HOST, transport: 'tcp', client: HOST, identity: null, connection: 'c1', from: 'tcp:a 127.0.0.1 1' },
};

/** The calls that are there, by their Call-IDs. */
export const CALLS = ['two', 'ringing', 'forked', 'held', 'pending', 'recorded', 'six', 'video', 'classic'] as const;
export type Call = (typeof CALLS)[number];

/** What is known of the relay before a request and after it. */
type Standing = { readonly calls: ReadonlyMap<string, string>; readonly ports: string; readonly told: number };

/** A relay with a call of every kind, which is asked hostile things. */
export class HostileScene {
  readonly relay: PureRelay;
  readonly #recorder = new TableRecorder();
  readonly #dispatch: NgDispatch;

  constructor() {
    const network = (host: string, label: string) => ({ host, advertised: null, label });
    const networks = tableOf({ networks: [network(HOST, 'default'), network('::1', 'six')], bridge: null });
    this.relay = new PureRelay(settingOf(PAIRS, 60_000, 60_000), 1, {
      ...{ prompts, recorder: this.#recorder.portOf(0) },
      setting: { networks, recording: { form: 'ad-hoc', all: false } },
      routeTo: (host) => (host.includes(':') ? '::1' : HOST),
    });
    this.#dispatch = new NgDispatch([this.#link()], {
      ...{ prompts, nowMs: () => this.relay.nowMs, use: () => {}, keepSound: (_, kept) => kept('hold') },
      attach: (controller) => (controller === 'ops' ? null : 'no such connection'),
    });
    this.#populate();
  }

  #link(): NgLink {
    const { relay } = this;
    return {
      counters: relay.shard.counters,
      ng: ({ call, payload, origin, prompts: found }, answer) => answer(relay.ngPayload(call, payload, origin, found)),
      ngCodecs: (_, answer) => answer([[0, 8, 101]]),
      ngClients: () => [],
      calls: (limit, answer) => answer(relay.shard.directory.callIds(limit)),
      ...{ command: () => {}, find: () => {}, deleteAll: () => {}, drain: () => {} },
    };
  }

  #populate(): void {
    const say = (call: Call, command: string, keys: NgDictionary): void => {
      const reply = this.relay.ng({ command, 'call-id': call, 'from-tag': 'alice', ...keys });
      equal(reply['result'], 'ok', `${call}: ${JSON.stringify(reply)}`);
    };
    const video = ['m=video 4002 RTP/AVP 31', 'a=rtpmap:31 H261/90000'];
    const [caller, callee] = [sdpOf('203.0.113.1', 4000), sdpOf('198.51.100.2', 6000)];
    const talk = (call: Call, more: NgDictionary = {}, [a, b] = [caller, callee]): void => {
      say(call, 'offer', { sdp: a, label: 'A', ...more });
      say(call, 'answer', { sdp: b, 'to-tag': 'bob' });
    };
    talk('two');
    say('ringing', 'offer', { sdp: caller });
    for (const branch of ['b1', 'b2']) say('forked', 'offer', { sdp: caller, 'via-branch': branch });
    say('forked', 'answer', { sdp: callee, 'via-branch': 'b1', 'to-tag': 'bob' });
    talk('held');
    say('held', 'offer', { sdp: sdpOf('0.0.0.0', 4000), 'to-tag': 'bob' });
    say('held', 'answer', { sdp: callee, 'to-tag': 'bob' });
    talk('pending');
    say('pending', 'offer', { sdp: sdpOf('203.0.113.9', 4400), 'to-tag': 'bob' });
    talk('recorded', { flags: ['record-call'] });
    talk('six', {}, [sdpOf('2001:db8::1', 4000), sdpOf('2001:db8::2', 6000)]);
    talk('video', {}, [sdpOf('203.0.113.1', 4000, video), sdpOf('198.51.100.2', 6000, video)]);
    this.relay.send('U classic 203.0.113.1 4000 alice;1');
    this.relay.send('L classic 198.51.100.2 6000 alice;1 bob;1');
  }

  /** What a dictionary is answered with. */
  say(request: NgDictionary): NgDictionary {
    let said: NgDictionary = {};
    this.#dispatch.handle(encodeBencode(request), ORIGIN, (reply) => {
      const decoded = decodeNg(reply);
      ok(decoded.ok);
      said = decoded.value.dictionary;
    });
    return said;
  }

  /** Asks, and holds the answer and what came of it against what is promised. Answers the result. */
  ask(payload: string): string {
    const before = this.#standing();
    const replies: string[] = [];
    this.#dispatch.handle(payload, ORIGIN, (reply) => replies.push(reply));
    equal(replies.length, 1, `${replies.length} replies`);
    const reply = replies[0]!;
    const after = this.#standing();
    ok(reply.length <= MOST_REPLY_BYTES + payload.length * 4, `a reply of ${reply.length} bytes`);
    const { result, reason } = resultOf(reply, payload);
    // Where ports run out within a call, what was offered of its other media lines stays offered; and the end of those that had begun is told.
    const isTouching = result === 'ok' || reason === 'Ran out of ports';
    const own = peekCall(payload)?.callId ?? null;
    for (const [call, state] of before.calls)
      if (call !== own || !isTouching) equal(after.calls.get(call), state, `${call} is another, and nobody meant it`);
    for (const call of after.calls.keys()) ok(before.calls.has(call) || (call === own && result === 'ok'), `${call} is new`);
    if (result !== 'ok') equal(after.ports, before.ports, 'ports');
    if (!isTouching) equal(after.told, before.told, 'events were told');
    this.#holdsItsPorts();
    return result;
  }

  #standing(): Standing {
    const calls = new Map<string, string>();
    for (const session of this.relay.shard.directory.all()) {
      const { call } = session;
      const state = JSON.stringify([session.session, session.slot, session.tag, session.snapshot, session.touchedAt]);
      calls.set(call, `${calls.get(call) ?? ''}${state}\n`);
    }
    const { engine, told } = this.relay;
    return { calls, ports: JSON.stringify([...engine.bound].sort(([a], [b]) => a - b)), told: told.events.length };
  }

  /** Every leg has its sockets, and nobody else has any. */
  #holdsItsPorts(): void {
    const held = [...this.relay.shard.directory.all()].flatMap(({ snapshot: { context } }) =>
      [context.legs.caller, context.legs.callee].flatMap(({ local, copies }) =>
        (local === null ? [] : [`${local.host} ${local.port}`]).concat(copies.map((_, n) => `copy ${n}`)),
      ),
    );
    equal(this.relay.engine.bound.size, held.length * 2, 'sockets that nobody has');
    ok(held.length <= SLOTS * 2);
  }

  /** What the log tells is what there is, breaks no rule, and would be decided so again. */
  isTrue(): void {
    const fold = new Fold();
    for (const record of this.relay.log) {
      equal(wrongInRecord(record), null, 'it can be read back');
      fold.take(record);
    }
    const told = new Map([...fold.sessions].map(([session, { snapshot }]) => [session, snapshot]));
    const live = new Map([...this.relay.shard.directory.all()].map(({ session, snapshot }) => [session, snapshot]));
    deepEqual(new Map([...told].sort()), new Map([...live].sort()));
    for (const wish of [{ checks: true }, { redecides: true }, { everything: true }]) replay(this.relay, wish);
  }
}

/** The result of a reply that can be read by whoever asked. */
function resultOf(reply: string, payload: string): { readonly result: string; readonly reason: string | null } {
  const decoded = decodeNg(reply);
  ok(decoded.ok, `a reply that is none: ${reply.slice(0, 200)}`);
  const { dictionary, encoding } = decoded.value;
  equal(encoding, readNg(payload).encoding, 'it is encoded as it was asked');
  const { result } = dictionary;
  ok(result === 'ok' || result === 'pong' || result === 'error' || result === 'load limit', `result ${result}`);
  const reason = dictionary['error-reason'];
  if (result !== 'error') equal(reason, undefined);
  else ok(typeof reason === 'string' && isOneLine(reason), `error-reason ${JSON.stringify(reason)?.slice(0, 500)}`);
  return { result, reason: typeof reason === 'string' ? reason : null };
}

/** No line ends and no other control characters: it goes to logs and SIP replies as it is. */
export const isOneLine = (text: string): boolean =>
  text.length > 0 && text.length <= MOST_REASON && [...text].every((letter) => letter >= ' ' && letter !== '\x7f');

function replay(
  relay: PureRelay,
  wish: { readonly checks?: boolean; readonly redecides?: boolean; readonly everything?: boolean },
) {
  const lines: string[] = [];
  const tell = (line: string): void => {
    lines.push(line);
  };
  const view = new ReplayView({
    ...{ everything: false, asJson: false, checks: false, redecides: false, nodes: [], call: null, ...wish },
    ...{ fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY, formatTime: (at: number) => `${at}` },
    ...{ tell, complain: tell },
  });
  const header = { shard: 0, run: START_MS, startedAt: START_MS, version: 3, setting: SETTING };
  view.take({ kind: 'segment', path: 'log', header });
  for (const [offset, record] of relay.log.entries())
    view.take({ kind: 'record', record, log: 0, run: START_MS, path: 'log', offset } satisfies LogEntry);
  view.end();
  ok(view.isSound, `${JSON.stringify(wish)}: ${lines.slice(-8).join(' | ').slice(0, 2000)}`);
  const strange = lines.find((line) => !/^[ -~]*$/.test(line));
  equal(strange, undefined, 'a timeline leaves the terminal alone');
}
