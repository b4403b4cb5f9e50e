import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ACCEPT, CONFIRM, LEARN, LEARN_UNLATCHED, REJECT } from '../../src/media/stages/latch.js';
import { encodeSockaddr } from '../../src/protocol/bytes/sockaddr.js';
import { at, type FromSource, type Given, givenAt, Latched, packetFrom } from './latched.js';

const OLD = at('192.0.2.1', 4000);
const NEW = at('198.51.100.7', 5000);
const OTHER = at('203.0.113.9', 9000);

const from = (source: typeof OLD, sequence: number, atMs: number): FromSource => ({ source, ssrc: 7, sequence, atMs });

/** A stream that signalling moved from `OLD` to `NEW` at 20 seconds. */
function moved(strict: boolean | undefined, change: Partial<Given> = {}): (sent: FromSource) => number {
  const { table } = new Latched();
  const given = { ...givenAt(NEW, false), previous: OLD, signalledAtMs: 20_000, ...change };
  if (given.address !== null) encodeSockaddr(given.address, table.remotes, 0);
  const place = table.previousAt(0);
  if (given.previous !== null) encodeSockaddr(given.previous, place.words, place.at);
  const { asymmetric, latched, signalledAtMs } = given;
  const state = { asymmetric, latched, hasPrevious: given.previous !== null, signalledAtMs };
  table.install(0, strict === undefined ? state : { ...state, strict });
  return (sent) => table.judge(packetFrom(sent, 0));
}

test('who was left when signalling moved a strict stream is refused, in the time after it and later', () => {
  for (const [change, atMs] of [
    [{}, 20_001],
    [{}, 29_999],
    [{}, 40_000],
    [{ latched: true }, 20_001],
    [{ latched: true }, 40_000],
    [{ address: null }, 20_001],
  ] as const) {
    equal(moved(true, change)(from(OLD, 1, atMs)), REJECT, JSON.stringify([change, atMs]));
  }
});

test('otherwise a strict stream learns as any other', () => {
  for (const strict of [true, false, undefined]) {
    equal(moved(strict)(from(NEW, 1, 40_000)), CONFIRM);
    equal(moved(strict)(from(OTHER, 1, 20_001)), LEARN);
    equal(moved(strict, { latched: true })(from(NEW, 1, 20_001)), ACCEPT);
    equal(moved(strict, { latched: true })(from(OTHER, 1, 40_000)), REJECT);
    equal(moved(strict, { previous: null })(from(OLD, 1, 20_001)), LEARN, 'it was never moved');
    equal(moved(strict, { address: OLD })(from(OLD, 1, 40_000)), CONFIRM, 'it was moved back');
    equal(
      moved(strict, { asymmetric: true, previous: at('198.51.100.7', 4000) })(from(at('198.51.100.7', 4000), 1, 20_001)),
      ACCEPT,
    );
  }
});

test('a stream that is not strict believes who was left for a while', () => {
  for (const strict of [false, undefined]) equal(moved(strict)(from(OLD, 1, 20_001)), LEARN_UNLATCHED);
});

test('whether a stream is strict is said each time that its state is installed', () => {
  const { table } = new Latched();
  const place = table.previousAt(0);
  encodeSockaddr(NEW, table.remotes, 0);
  encodeSockaddr(OLD, place.words, place.at);
  const state = { asymmetric: false, latched: false, hasPrevious: true, signalledAtMs: 20_000 };
  const judgements = [true, false, undefined].map((strict) => {
    table.install(0, strict === undefined ? state : { ...state, strict });
    return table.judge(packetFrom(from(OLD, 1, 20_001), 0));
  });
  deepEqual(judgements, [REJECT, LEARN_UNLATCHED, LEARN_UNLATCHED]);
});
