import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { eventually } from '../rig/calls.js';
import type { RtpPeer } from '../rig/rtpPeer.js';
import { type Call, type Case, openPeers, type Place, placeCall, runCases, SIDE_BY_SIDE } from './calls.js';
import { logsAreSound, nothingIsLeft } from './exchange.js';
import { askedOf, inShort, kamcmd, type NgExchange, openNgExchange, relayed } from './ngExchange.js';
import { expect, receive, respond, type Step, send, session, wait } from './scenario.js';
import { Talk } from './talk.js';

const PROMPT_BYTE = 0x55;
const PROMPT_PACKETS = 20;
const PACKET_BYTES = 160;
const PACKET_MS = 20;
/** How long what shall not arrive is waited for. */
const LATE_MS = 150;
/** sipp's clock may lose or add a few. */
const FEW = 3;

const CASES: readonly Case<NgExchange>[] = [
  ['[NG-03 NG-37] start_recording and stop_recording: the file of the call is in the folder of recordings', recorded],
  ['[NG-03] play_media and stop_media: the caller hears the prompt, then the callee again', played],
  ['[NG-03] block_media and unblock_media: nobody hears the other, until they do again', (e) => muted(e, 'block')],
  ['[NG-03] silence_media and unsilence_media: silence is heard instead', (e) => muted(e, 'silence')],
  ['[NG-03] block_dtmf and unblock_dtmf: keys do not pass, speech does', keysBlocked],
  ['[NG-03] rtpengine_query: $rtpstat tells packets, bytes and errors', counted],
  ['[NG-36 NG-37] $avp of MOS, loss and jitter tell the quality that was heard', measured],
];

test('the functions of the rtpengine module within calls', { ...SIDE_BY_SIDE, concurrency: 8 }, async (t) => {
  const exchange = await openNgExchange(t, { relays: [{ args: ['--record-dir', 'DIR/recordings', '--record-format', 'wav'] }] });
  if (exchange === null) return;
  writeFileSync(join(exchange.dir, 'prompt.0'), new Uint8Array(PROMPT_PACKETS * PACKET_BYTES).fill(PROMPT_BYTE));
  await runCases(t, exchange, CASES);
  await showsAndPings(exchange);
  await nothingIsLeft(exchange);
  await logsAreSound(exchange);
});

type Ends = {
  readonly call: Call;
  readonly caller: RtpPeer;
  readonly callee: RtpPeer;
  readonly toCaller: Place;
  readonly toCallee: Place;
};
type Action = readonly [name: string, flags?: string];

/** A call in which Kamailio does these things, one for each UPDATE of the caller; see `act`. */
async function openCall(exchange: NgExchange, key: string, actions: readonly Action[], flags = ''): Promise<Ends> {
  const [caller, callee] = await openPeers(exchange);
  const updates: Step[] = actions.flatMap(([name, wish = 'fast']) => [
    ...[wait, send('UPDATE', null, { Relay: '1', Do: name, With: wish }), expect(200)],
  ]);
  const call = await placeCall(exchange, {
    ...{ key, headers: relayed(`replace=origin label=A ${flags}`, `replace=origin label=B ${flags}`) },
    caller: [
      send('INVITE', speech(caller)),
      expect(200),
      send('ACK'),
      ...updates,
      wait,
      send('BYE', null, { Relay: '1' }),
      expect(200),
    ],
    callee: [
      ...[receive('INVITE'), respond(200, speech(callee)), receive('ACK')],
      ...actions.flatMap(() => [receive('UPDATE'), respond(200)]),
      ...[receive('BYE'), respond(200)],
    ],
  });
  return { call, caller, callee, ...(await call.answered()) };
}

/** The next action of a call. `n`: from 1. */
async function act({ call }: Ends, n: number): Promise<void> {
  await call.caller.goOn();
  // The first 200 is that of the INVITE.
  await call.caller.received('SIP/2.0 200', n + 1);
}

const talkOf = ({ caller, callee, toCaller, toCallee }: Ends): Talk =>
  new Talk({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });

async function talkFor(ends: Ends, ms: number): Promise<Talk> {
  const talk = talkOf(ends);
  await delay(ms);
  await talk.stop();
  return talk;
}

async function recorded(exchange: NgExchange): Promise<void> {
  const ends = await openCall(exchange, 'recorded', [['record'], ['unrecord']]);
  await act(ends, 1);
  await (await talkFor(ends, 400)).wasUnbroken();
  await act(ends, 2);
  const dir = join(exchange.relays[0]!.dir, 'recordings');
  const [file] = await eventually(async () => {
    const found = readdirSync(dir).filter((name) => name.endsWith('.wav'));
    equal(found.length, 1, readdirSync(dir).join(' '));
    return found;
  });
  match(file!, /^recorded/);
  await ends.call.hangUp();
  deepEqual(inShort(await askedOf(ends.call)).slice(2, 4), ['start recording ok', 'stop recording ok']);
}

async function played(exchange: NgExchange): Promise<void> {
  const file = join(exchange.dir, 'prompt');
  const ends = await openCall(exchange, 'played', [['play', `file=${file}`], ['play', `file=${file} repeat-times=50`], ['stop']]);
  const { caller, callee } = ends;
  await act(ends, 1);
  await delay(PROMPT_PACKETS * PACKET_MS + LATE_MS);
  equal(caller.arrived.length, PROMPT_PACKETS);
  ok(caller.arrived.every(({ payload }) => payload.every((byte) => byte === PROMPT_BYTE)));
  equal(callee.arrived.length, 0);
  match(exchange.kamailio.stderr(), new RegExp(`LASTS played ${PROMPT_PACKETS * PACKET_MS}\\b`));
  await act(ends, 2);
  await delay(LATE_MS);
  await act(ends, 3);
  await delay(LATE_MS);
  await (await talkFor(ends, 300)).wasUnbroken();
  await ends.call.hangUp();
  deepEqual(inShort(await askedOf(ends.call)).slice(2, 5), ['play media ok', 'play media ok', 'stop media ok']);
}

async function muted(exchange: NgExchange, how: 'block' | 'silence'): Promise<void> {
  const ends = await openCall(exchange, how, [[how], [`un${how}`]]);
  await act(ends, 1);
  const talk = await talkFor(ends, 300);
  for (const { arrived } of [ends.caller, ends.callee]) {
    if (how === 'block') deepEqual(arrived, []);
    else {
      ok(Math.abs(arrived.length - talk.sent) <= FEW, `${arrived.length} of ${talk.sent}`);
      // Zero of µ-law (ITU-T G.711).
      ok(
        arrived.every(({ payload }) => payload.every((byte) => (byte & 0x7f) === 0x7f)),
        'it is silence',
      );
    }
  }
  await act(ends, 2);
  await (await talkFor(ends, 300)).wasUnbroken();
  await ends.call.hangUp();
  deepEqual(inShort(await askedOf(ends.call)).slice(2, 4), [`${how} media ok`, `un${how} media ok`]);
}

const KEY = { payloadType: 101, marker: false, ssrc: 0x0ca11e4 };

async function keysBlocked(exchange: NgExchange): Promise<void> {
  const ends = await openCall(exchange, 'keys', [['blockDTMF'], ['unblockDTMF']]);
  const { caller, callee, toCaller } = ends;
  // The key 5 with its end bit (RFC 4733 §2.3).
  const press = (sequence: number): void =>
    caller.sendBytes(
      buildRtp({ ...KEY, sequence, timestamp: 160 }, Uint8Array.of(5, 0x80 | 10, 3, 0x20)),
      toCaller.port,
      toCaller.address,
    );
  const keys = (): number => callee.arrived.filter(({ payload }) => payload.length === 4).length;
  await (await talkFor(ends, 200)).wasUnbroken();
  await act(ends, 1);
  press(1_000);
  await (await talkFor(ends, 200)).wasUnbroken();
  press(1_001);
  await delay(LATE_MS);
  equal(keys(), 0);
  await act(ends, 2);
  press(1_002);
  await eventually(async () => equal(keys(), 1));
  await ends.call.hangUp();
}

async function counted(exchange: NgExchange): Promise<void> {
  const ends = await openCall(exchange, 'counted', [['query']]);
  const talk = await talkFor(ends, 400);
  await act(ends, 1);
  await ends.call.hangUp();
  const [, bytes, packets, errors] =
    /COUNTED counted query RTP: (\d+) bytes, (\d+) packets, (\d+) errors; RTCP: 0 bytes, 0 packets, 0 errors/.exec(
      exchange.kamailio.stderr(),
    ) ?? [];
  equal(Number(packets), 2 * talk.sent, exchange.kamailio.stderr());
  equal(Number(bytes), 2 * talk.sent * (PACKET_BYTES + 12));
  equal(errors, '0');
}

/** So long until there are samples of the quality. */
const MEASURED_MS = 12_000;

async function measured(exchange: NgExchange): Promise<void> {
  const ends = await openCall(exchange, 'measured', [['query']]);
  await (await talkFor(ends, MEASURED_MS)).wasUnbroken();
  await act(ends, 1);
  await ends.call.hangUp();
  const lines = [...exchange.kamailio.stderr().matchAll(/MOS measured (.*)/g)].map(([, line]) => line!);
  equal(lines.length, 2, 'of the query, and of the deletion');
  for (const line of lines) {
    const told = Object.fromEntries(
      line
        .trim()
        .split(' ')
        .map((pair) => pair.split('=') as [string, string]),
    );
    for (const name of ['mos', 'min', 'max', 'a', 'b']) {
      const mos = Number(told[name]);
      ok(mos > 4 && mos < 4.6, `${name} of ${line}`);
    }
    for (const name of ['loss', 'loss_a', 'loss_b']) equal(told[name], '0', line);
    ok(Number(told['samples']) >= 1, line);
    ok(Number(told['jitter']) < 20, line);
  }
}

async function showsAndPings({ dir, taps }: NgExchange): Promise<void> {
  const [tap] = taps;
  const shown = await kamcmd(dir, 'rtpengine.show', 'all');
  ok(shown.includes(tap!.name), shown);
  match(shown, /disabled: 0/);
  const pinged = await kamcmd(dir, 'rtpengine.ping', tap!.name);
  match(pinged, /success|200|ok/i);
  match(await kamcmd(dir, 'rtpengine.enable', tap!.name, '0'), /./);
  match(await kamcmd(dir, 'rtpengine.show', 'all'), /disabled: 1/);
  await kamcmd(dir, 'rtpengine.enable', tap!.name, '1');
  match(await kamcmd(dir, 'rtpengine.show', 'all'), /disabled: 0/);
}

/** The same, with keys. */
const speech = (peer: RtpPeer): string =>
  session('127.0.0.1', [`m=audio ${peer.port} RTP/AVP 0 101`, 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000']);
