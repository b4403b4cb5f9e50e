/** Whose packets are believed once an address is confirmed, where a proxy says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, formatAddress, udpPort } from '../../model/kernel/index.js';
import { type Component, SIDES } from '../../model/session/side.js';
import type { Remote } from '../../model/session/state.js';
import { type ComponentIndex, rowOf } from '../../src/media/streams.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { sdpOf } from '../pure/ngGiven.js';
import { PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';

const DAY_MS = 86_400_000;
const HANDOVER_PAUSE_MS = 1000;
const HOME: Address = { host: '192.0.2.1', port: udpPort(4000) };
/** The phone itself, another port of its host, and two strangers. */
const PLACES: readonly Address[] = [
  HOME,
  { host: HOME.host, port: udpPort(4001) },
  { host: '198.51.100.7', port: udpPort(4000) },
  { host: '203.0.113.9', port: udpPort(9000) },
];

type Action =
  | { readonly kind: 'packet'; readonly from: Address; readonly component: Component; readonly ssrc: number | null }
  | { readonly kind: 'wait'; readonly ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('packet' as const),
      from: fc.constantFrom(...PLACES),
      component: fc.constantFrom<Component>('rtp', 'rtp', 'rtcp'),
      ssrc: fc.constantFrom(7, 7, 7, 8, null),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(20, 400, 999, 1000, 11_000) }) },
);
/** The address is signalled once more while the call runs: that opens it to others where sources are taken as usual. */
const given = fc.record({ isSignalledAgain: fc.boolean(), actions: fc.array(action, { minLength: 1, maxLength: 40 }) });

type Heard = {
  readonly before: Remote;
  readonly after: Remote;
  readonly isTaken: boolean;
  readonly isRtp: boolean;
  readonly action: Extract<Action, { kind: 'packet' }>;
  readonly nowMs: number;
};

/** A call of which the caller has said `flag`, and what becomes of each of its packets. */
function* heard(
  flag: string,
  { isSignalledAgain, actions }: { isSignalledAgain: boolean; actions: readonly Action[] },
): Generator<Heard> {
  const relay = new PureRelay(settingOf(2, DAY_MS, DAY_MS));
  const say = (command: string, sdp: string) =>
    relay.ng({
      command,
      'call-id': 'c',
      'from-tag': 'a',
      ...(command === 'answer' ? { 'to-tag': 'b' } : {}),
      sdp,
      flags: [flag],
    });
  for (let i = 0; i < (isSignalledAgain ? 2 : 1); i++) {
    say('offer', sdpOf(HOME.host, i === 0 && isSignalledAgain ? 4400 : HOME.port));
    say('answer', sdpOf('192.0.2.2', 5000));
  }
  let sequence = 0;
  for (const one of actions) {
    if (one.kind === 'wait') {
      relay.advance(one.ms);
      continue;
    }
    const [session] = relay.shard.directory.all();
    assert.ok(session !== undefined);
    const row = rowOf(session.slot, SIDES.indexOf('caller') as 0, (one.component === 'rtp' ? 0 : 1) as ComponentIndex);
    const header = { payloadType: 0, marker: false, sequence: ++sequence, timestamp: 0, ssrc: one.ssrc ?? 0 };
    const bytes = one.ssrc === null ? Uint8Array.of(1, 2, 3) : buildRtp(header, new Uint8Array(20));
    const before = session.snapshot.context.legs.caller[one.component];
    const received = relay.shard.counters.stream(row, 'received');
    relay.arrive(row, one.from, bytes);
    const isTaken = relay.shard.counters.stream(row, 'received') > received;
    const after = session.snapshot.context.legs.caller[one.component];
    yield { before, after, isTaken, isRtp: one.ssrc !== null, action: one, nowMs: relay.nowMs };
  }
}

const at = ({ address }: Remote): string => (address === null ? 'nowhere' : formatAddress(address));

test('[SY-29] with strict-source only packets of the confirmed source are taken, and the signalled one is confirmed by its first', () => {
  const property = fc.property(given, (call) => {
    for (const { before, after, isTaken, isRtp, action: packet } of heard('strict-source', call)) {
      const from = formatAddress(packet.from);
      if (before.latched) {
        assert.equal(isTaken, from === at(before), `${from} is heard, the source is ${at(before)}`);
        assert.equal(at(after), at(before));
      } else if (from === at(before) && isRtp)
        assert.ok(after.latched, `${from} has spoken, and others may still take its place`);
    }
  });
  fc.assert(property, { numRuns: runs(300) });
});

test('with media-handover whoever sends media is heard, and answered a second after the last change at the latest', () => {
  const property = fc.property(given, (call) => {
    const movedAt = { rtp: Number.NEGATIVE_INFINITY, rtcp: Number.NEGATIVE_INFINITY };
    for (const { before, after, isTaken, isRtp, action: packet, nowMs } of heard('media-handover', call)) {
      const { component } = packet;
      const from = formatAddress(packet.from);
      if (isRtp || component === 'rtcp') assert.ok(isTaken, `${from} is not heard`);
      else if (before.latched && from !== at(before)) assert.ok(!isTaken, 'what is no RTP takes nothing over');
      const isMoved = at(after) !== at(before);
      if (isMoved) {
        assert.equal(at(after), from);
        if (before.latched) assert.ok(nowMs - movedAt[component] >= HANDOVER_PAUSE_MS, 'two sources take turns');
        if (before.latched) movedAt[component] = nowMs;
      } else if (isTaken && nowMs - movedAt[component] >= HANDOVER_PAUSE_MS) assert.equal(at(after), from);
    }
  });
  fc.assert(property, { numRuns: runs(300) });
});
