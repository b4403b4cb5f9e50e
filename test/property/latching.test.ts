import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, udpPort } from '../../model/kernel/index.js';
import { type Component, SIDES, type Side } from '../../model/session/side.js';
import type { Remote } from '../../model/session/state.js';
import { type Description, LearningSide, type Place } from '../../model/spec/addressLearning.js';
import { type ComponentIndex, type LegIndex, rowOf } from '../../src/media/streams.js';
import { decodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { liveSessions } from './shardWorld.js';

const DAY_MS = 86_400_000;
const SLOT = 0;

type Action =
  | { readonly kind: 'signal'; readonly side: Side; readonly description: Description }
  | { readonly kind: 'packet'; readonly side: Side; readonly component: Component; readonly packet: Sent }
  | { readonly kind: 'wait'; readonly ms: number }
  /** The call ends; the next signal makes another, which takes its place in all tables. */
  | { readonly kind: 'end' };

/** `ssrc` null: bytes that are no RTP. `step`: how far the sequence number goes on from the last one, backwards too. */
type Sent = { readonly source: Place; readonly ssrc: number | null; readonly step: number };

/** Two hosts with two ports, and the RTCP port of one: enough for every relation that the rules know. */
const PLACES: readonly Place[] = [
  { host: '192.0.2.1', port: 4000 },
  { host: '192.0.2.1', port: 4001 },
  { host: '192.0.2.1', port: 4700 },
  { host: '198.51.100.7', port: 4000 },
  { host: '203.0.113.9', port: 9000 },
];

const side = fc.constantFrom(...SIDES);
const place = fc.constantFrom(...PLACES);
const description: fc.Arbitrary<Description> = fc.record({
  address: fc.oneof({ weight: 8, arbitrary: place }, { weight: 1, arbitrary: fc.constantFrom('held' as const, null) }),
  asymmetric: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const sent: fc.Arbitrary<Sent> = fc.record({
  source: place,
  ssrc: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0xaaaa, 0xaaaa, 0xffff_fff1) },
    { weight: 1, arbitrary: fc.constantFrom(null, 0) },
  ),
  step: fc.constantFrom(1, 1, 1, 2, 300, 536, 537, -1, -200),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('signal' as const), side, description }) },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('packet' as const),
      side,
      component: fc.constantFrom<Component>('rtp', 'rtp', 'rtp', 'rtcp'),
      packet: sent,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(20, 400, 1000, 9980, 10_000, 30_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'end' as const }) },
);

const newSides = (): Readonly<Record<Side, LearningSide>> => ({ caller: new LearningSide(), callee: new LearningSide() });

/** The relay with one call, and the oracle of each side, taken through the same actions. */
class Comparison {
  readonly relay = new PureRelay(settingOf(2, DAY_MS, DAY_MS));
  #sides = newSides();
  readonly #sequences = new Map<number, number>();
  #isComplete = false;

  take(action: Action): void {
    if (action.kind === 'wait') this.relay.advance(action.ms);
    else if (action.kind === 'end') this.#end();
    else if (action.kind === 'signal') this.#signal(action.side, action.description);
    else this.#packet(action.side, action.component, action.packet);
    this.#compareAddresses(action);
  }

  /** The first signal is an offer, whoever makes it speaks as the caller; the callee's first one completes the session. */
  #signal(speaker: Side, description: Description): void {
    const { address, asymmetric } = description;
    const isKnown = liveSessions(this.relay.shard) > 0;
    const who = isKnown ? speaker : 'caller';
    const where = address === 'held' ? '0.0.0.0 0' : address === null ? '- 0' : `${address.host} ${address.port}`;
    const letter = asymmetric ? 'a' : '';
    const reply = this.relay.send(who === 'caller' ? `U${letter} c ${where} f` : `L${letter} c ${where} f t`);
    assert.match(reply, /^\d+ /);
    this.#sides[who].describe(description, this.relay.nowMs);
    this.#isComplete ||= who === 'callee';
  }

  #end(): void {
    this.relay.send('D c f');
    assert.equal(liveSessions(this.relay.shard), 0);
    this.#sides = newSides();
    this.#isComplete = false;
  }

  #packet(from: Side, component: Component, { source, ssrc, step }: Sent): void {
    if (liveSessions(this.relay.shard) === 0) return;
    const row = rowFor(from, component);
    const sequence = ((this.#sequences.get(row) ?? 65_000) + step) & 0xffff;
    this.#sequences.set(row, sequence);
    const header = { payloadType: 0, marker: false, sequence, timestamp: 0, ssrc: ssrc ?? 0 };
    const bytes = ssrc === null ? Uint8Array.of(1, 2, 3) : buildRtp(header, new Uint8Array(20));
    const { counters } = this.relay.shard;
    const count = (name: 'received' | 'ignored') => counters.stream(row, name);
    const before = { received: count('received'), ignored: count('ignored') };
    this.relay.arrive(row, { host: source.host, port: udpPort(source.port) }, bytes);
    const rtp = ssrc === null ? null : { ssrc, sequence };
    const accepted = this.#isComplete && this.#sides[from].receive(component, { source, rtp, nowMs: this.relay.nowMs });
    assert.equal(count('received') - before.received, accepted ? 1 : 0, 'packets accepted');
    assert.equal(count('ignored') - before.ignored, this.#isComplete && !accepted ? 1 : 0, 'packets ignored');
  }

  /** Where the relay would send to, in its tables and in its model, against where the oracle would. */
  #compareAddresses(after: Action): void {
    const [session] = this.relay.shard.directory.all();
    if (session === undefined) return;
    for (const name of SIDES) {
      for (const component of ['rtp', 'rtcp'] as const) {
        const stream = this.#sides[name][component];
        const wanted = stream.address === null ? 'nowhere' : `${stream.address.host}:${stream.address.port}`;
        const at = `${component} of the ${name} after ${JSON.stringify(after)}`;
        const remote: Remote = session.snapshot.context.legs[name][component];
        assert.equal(remote.address === null ? 'nowhere' : formatAddress(remote.address), wanted, at);
        assert.equal(remote.latched, stream.latched, `latched: ${at}`);
        const installed = decodeSockaddr(this.relay.engine.remotes, rowFor(name, component) * SOCKADDR_WORDS);
        assert.equal(installed === null ? 'nowhere' : formatAddress(installed), wanted, `installed: ${at}`);
      }
    }
  }
}

const rowFor = (of: Side, component: Component): number =>
  rowOf(SLOT, SIDES.indexOf(of) as LegIndex, (component === 'rtp' ? 0 : 1) as ComponentIndex);

test('[PN-22 SY-29] addresses are learned, kept and refused as the description of the original says, for any signalling and packets', () => {
  const property = fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
    const comparison = new Comparison();
    for (const one of actions) comparison.take(one);
    assert.deepEqual(comparison.relay.told.warnings, []);
  });
  fc.assert(property, { numRuns: runs(2500) });
});

const HOME = { host: '192.0.2.1', port: 4000 };
const MOVED = { host: '198.51.100.7', port: 4000 };
const STRANGER = { host: '203.0.113.9', port: 9000 };

const says = (address: Place, asymmetric = false): Action => ({
  kind: 'signal',
  side: 'caller',
  description: { address, asymmetric },
});
const answers: Action = { kind: 'signal', side: 'callee', description: { address: STRANGER, asymmetric: false } };
const sends = (source: Place, ssrc = 7, component: Component = 'rtp'): Action => ({
  ...{ kind: 'packet', side: 'caller', component },
  packet: { source, ssrc, step: 1 },
});
const passes = (ms: number): Action => ({ kind: 'wait', ms });

/** Takes relay and oracle through a story of the caller; answers where the relay would then send his packets. */
function addressAfter(component: Component, ...story: readonly Action[]): string {
  const comparison = new Comparison();
  for (const one of story) comparison.take(one);
  const installed = decodeSockaddr(comparison.relay.engine.remotes, rowFor('caller', component) * SOCKADDR_WORDS);
  return installed === null ? 'nowhere' : formatAddress(installed);
}

test('a late packet from the old address, after a re-INVITE, does not open the stream to strangers for good', () => {
  const moved = [says(HOME), answers, passes(20_000), sends(HOME), says(MOVED), sends(HOME)];
  assert.equal(addressAfter('rtp', ...moved), '192.0.2.1:4000');
  assert.equal(addressAfter('rtp', ...moved, passes(10_000), sends(STRANGER, 8)), '192.0.2.1:4000');
  assert.equal(
    addressAfter('rtp', ...moved, passes(10_000), sends(MOVED)),
    '198.51.100.7:4000',
    'the same SSRC goes on from there',
  );
});

test('once the window has closed, RTCP that comes back to its earlier address is confirmed by that', () => {
  const guessed = [says(HOME), answers, passes(20_000), sends({ ...HOME, port: 4001 }, 7, 'rtcp'), says(MOVED)];
  const story = [...guessed, passes(400), sends(STRANGER), passes(30_000), sends({ ...HOME, port: 4001 }, 7, 'rtcp')];
  assert.equal(addressAfter('rtcp', ...story), '192.0.2.1:4001');
  assert.equal(addressAfter('rtcp', ...story, sends(STRANGER, 7, 'rtcp')), '192.0.2.1:4001');
});

test('the SSRC that an asymmetric side has sent with is known when it becomes symmetric', () => {
  const story = [says(HOME, true), answers, passes(20_000), sends(HOME, 7), sends(HOME, 8), says(HOME, false), passes(10_000)];
  assert.equal(addressAfter('rtp', ...story, sends(MOVED, 8)), '198.51.100.7:4000');
  assert.equal(addressAfter('rtp', ...story, sends(MOVED, 7)), '192.0.2.1:4000');
});
