/** What a running relay does not let through, or only as silence, when NG says so: for a party, and for all of a call. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ALAW_SILENCE, MULAW_SILENCE } from '../../src/protocol/audio/g711.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { eventually, type Party } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { NgCall } from '../rig/ngCalls.js';
import { openNgDoors } from '../rig/ngDoors.js';
import { NgSubscriber } from '../rig/ngSubscriber.js';
import type { RunningRelay } from '../rig/relay.js';
import { instanceCounters } from '../rig/relayScene.js';

const BOUND = { timeout: 60_000 };
const BOB_AT = '127.0.0.2';
const HEADER_BYTES = 12;
const PCMA = 8;
const KEY = 101;

type Side = 'alice' | 'bob';
type Sent = 'speech' | 'A-law' | 'key' | 'RTCP';
/** In what a party sends, what becomes of it: it comes as it was, as silence, or not at all. */
type Fate = 'whole' | 'silent' | 'lost';

type Scene = {
  readonly open: (t: TestContext, name: string) => Promise<NgCall>;
  /** How many packets have come to the relay. */
  readonly came: () => Promise<number>;
};

const SENDS: readonly Sent[] = ['speech', 'key', 'RTCP', 'A-law'];
const WHOLE: Fates = { speech: 'whole', 'A-law': 'whole', key: 'whole', RTCP: 'whole' };
const BLOCKED: Fates = { ...WHOLE, speech: 'lost', 'A-law': 'lost' };
const SILENCED: Fates = { ...WHOLE, speech: 'silent', 'A-law': 'silent' };
const NO_KEYS: Fates = { ...WHOLE, key: 'lost' };
type Fates = Readonly<Record<Sent, Fate>>;

function packetOf(party: Party, what: Sent): Uint8Array {
  if (what === 'speech') return party.nextRtp();
  if (what === 'RTCP') return party.nextRtcp();
  const sequence = party.sequence++;
  const header = { marker: false, sequence, timestamp: sequence * 160, ssrc: party.ssrc };
  return what === 'key'
    ? buildRtp({ ...header, payloadType: KEY }, Uint8Array.of(5, 0x8a, 3, 0x20))
    : buildRtp({ ...header, payloadType: PCMA }, new Uint8Array(160).fill(sequence & 0x3f));
}

/** What arrives of it. */
function fated(packet: Uint8Array, what: Sent, fate: Fate): Buffer[] {
  if (fate === 'lost') return [];
  const arriving = Buffer.from(packet);
  if (fate === 'silent') arriving.fill(what === 'A-law' ? ALAW_SILENCE : MULAW_SILENCE, HEADER_BYTES);
  return [arriving];
}

/** A party sends everything, and the other one hears of it what is expected, and nothing else. */
async function sends({ came }: Scene, call: NgCall, side: Side, fates: Fates): Promise<void> {
  const [from, to] = [call[side][0]!, call[side === 'alice' ? 'bob' : 'alice'][0]!];
  const { host, port } = call.entries[side][0]!;
  const before = await came();
  const expected: { rtp: Buffer[]; rtcp: Buffer[] } = { rtp: [], rtcp: [] };
  for (const what of SENDS) {
    const packet = packetOf(from, what);
    const component = what === 'RTCP' ? 'rtcp' : 'rtp';
    await from[component].send(packet, component === 'rtcp' ? port + 1 : port, host);
    expected[component].push(...fated(packet, what, fates[what]));
  }
  await eventually(async () => equal(await came(), before + SENDS.length));
  for (const component of ['rtp', 'rtcp'] as const) {
    const arrived = [...(await to[component].take(expected[component].length)), ...(await to[component].takeAll())];
    deepEqual(
      arrived.map(({ bytes }) => bytes),
      expected[component],
      `${component} of ${side}`,
    );
  }
}

async function both(scene: Scene, call: NgCall, ofAlice: Fates, ofBob: Fates): Promise<void> {
  await sends(scene, call, 'alice', ofAlice);
  await sends(scene, call, 'bob', ofBob);
}

async function done(call: NgCall, command: string, more: NgDictionary = {}): Promise<void> {
  deepEqual(await call.ask(command, more), { result: 'ok' });
}

/** Whom a request means, and who that is. */
const CHOSEN: readonly (readonly [string, NgDictionary, readonly Side[]])[] = [
  ['nobody, that is all', {}, ['alice', 'bob']],
  ['from-tag alone, which does not count', { 'from-tag': 'alice' }, ['alice', 'bob']],
  ['from-tag', { 'from-tag': 'alice', flags: ['directional'] }, ['alice']],
  ['from-tag of who answered', { 'from-tag': 'bob', flags: ['directional'] }, ['bob']],
  ['label', { label: 'B' }, ['bob']],
  ['address', { address: BOB_AT }, ['bob']],
  ['all', { all: 'all' }, ['alice', 'bob']],
];

const KINDS = [
  ['block media', 'unblock media', BLOCKED],
  ['silence media', 'unsilence media', SILENCED],
  ['block DTMF', 'unblock DTMF', NO_KEYS],
] as const;

async function chosen(scene: Scene, t: TestContext, [on, off, fates]: (typeof KINDS)[number]): Promise<void> {
  const call = await scene.open(t, on);
  for (const [how, whom, sides] of CHOSEN) {
    const of = (side: Side): Fates => (sides.includes(side) ? fates : WHOLE);
    await t.test(`${on}: ${how}`, BOUND, async () => {
      await done(call, on, whom);
      await both(scene, call, of('alice'), of('bob'));
      await done(call, on, whom);
      await done(call, off, whom);
      await both(scene, call, WHOLE, WHOLE);
    });
  }
  equal((await call.ask(on, { label: 'C' }))['error-reason'], 'No monologue matching the given label');
  equal((await call.ask(on, { address: '127.0.0.3' }))['error-reason'], 'Failed to match address to any tag');
  await both(scene, call, WHOLE, WHOLE);
}

/** Each is ended by what ends it, and by nothing else. */
async function together(scene: Scene, t: TestContext): Promise<void> {
  const call = await scene.open(t, 'together');
  const alice = { 'from-tag': 'alice', flags: ['directional'] };
  await done(call, 'block media', alice);
  await done(call, 'block DTMF', alice);
  await both(scene, call, { ...BLOCKED, key: 'lost' }, WHOLE);
  await done(call, 'silence media');
  await both(scene, call, { ...BLOCKED, key: 'lost' }, SILENCED);
  await done(call, 'unblock media', { label: 'B' });
  await both(scene, call, { ...BLOCKED, key: 'lost' }, SILENCED);
  await done(call, 'unblock media', { flags: ['all'] });
  await both(scene, call, { ...SILENCED, key: 'lost' }, SILENCED);
  await done(call, 'unsilence media', alice);
  await both(scene, call, NO_KEYS, SILENCED);
  await done(call, 'unblock DTMF');
  await done(call, 'unsilence media');
  await both(scene, call, WHOLE, WHOLE);
}

/** What stays as it is: other calls, what is agreed anew, and that a copy is as what the other party hears. */
async function lasting(scene: Scene, t: TestContext): Promise<void> {
  const [call, other] = [await scene.open(t, 'lasting'), await scene.open(t, 'other')];
  const carol = await NgSubscriber.open(t, (request) => call.ask(String(request['command']), request), call.call, { label: 'A' });
  await done(call, 'silence media', { label: 'A' });
  await both(scene, other, WHOLE, WHOLE);
  await both(scene, call, SILENCED, WHOLE);
  const copies = await carol.lines[0]!.rtp.takeAll();
  deepEqual(
    copies.map(({ bytes }) => [bytes.length, bytes[HEADER_BYTES]]),
    [
      [172, MULAW_SILENCE],
      [16, 5],
      [172, ALAW_SILENCE],
    ],
  );
  await call.offer({ 'to-tag': 'bob' });
  await both(scene, call, SILENCED, WHOLE);
  await call.answer();
  await both(scene, call, SILENCED, WHOLE);
}

async function killed(scene: Scene, t: TestContext, relay: RunningRelay): Promise<void> {
  const call = await scene.open(t, 'killed');
  await done(call, 'silence media', { label: 'A' });
  await done(call, 'block DTMF', { label: 'B' });
  await both(scene, call, SILENCED, NO_KEYS);
  await relay.killAndRestart();
  await eventually(async () => match(relay.stdout() + relay.stderr(), /sessions of a relay that died are taken up/));
  await both(scene, call, SILENCED, NO_KEYS);
  await done(call, 'unsilence media');
  await done(call, 'unblock DTMF');
  await both(scene, call, WHOLE, WHOLE);
}

for (const engine of ['io_uring', 'epoll'] as const) {
  test(`[NG-03] ${engine}: what is blocked and silenced of a call`, BOUND, async (t) => {
    const lack = await lackOf(engine);
    if (lack !== null) return t.skip(lack);
    const { relay, udp } = await openNgDoors(t, { args: ['--engine', engine, '--workers', '1'] });
    const control = await UdpControl.to(relay.control[0]!);
    t.after(() => control.close());
    const scene: Scene = {
      came: async () => (await instanceCounters(control, 'npkts_rcvd')).npkts_rcvd,
      open: async (own, name) => (await NgCall.open(own, udp, name, 1, BOB_AT)).setUp({ label: 'A' }, { label: 'B' }),
    };
    for (const kind of KINDS) await t.test(kind[0], BOUND, (own) => chosen(scene, own, kind));
    await t.test('one behind the other, of the same party', BOUND, (own) => together(scene, own));
    await t.test('over a change of the call, and in a copy', BOUND, (own) => lasting(scene, own));
    if (engine === 'epoll') await t.test('over a kill', BOUND, (own) => killed(scene, own, relay));
  });
}
