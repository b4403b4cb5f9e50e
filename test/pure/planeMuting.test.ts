import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { gsmDecoder } from '../../src/protocol/audio/gsm.js';
import { PlaneGiven, spoken } from './planeGiven.js';
import { EVENTS, receiverReport, senderReport } from './sourcesGiven.js';

const VOICE = spoken(0, new Uint8Array(160).fill(0x33));
const KEY = spoken(101, Uint8Array.of(5, 0x8a, 0, 160));
const RTCP = receiverReport(7, []);

/** Which of voice, key and RTCP of the caller are sent on. */
function passes(given: PlaneGiven): string {
  const sent = [given.take(0, VOICE), given.take(0, KEY), given.take(1, RTCP)].map((left) => left.length);
  return ['voice', 'key', 'RTCP'].filter((_, i) => sent[i] === 1).join(' ');
}

test('what is said is blocked, keys and RTCP are not, and the other direction goes on', () => {
  const given = new PlaneGiven();
  given.plane.sources.setCodecs(0, EVENTS);
  equal(passes(given), 'voice key RTCP');
  for (const row of [0, 1]) given.route(row, { block: true });
  equal(passes(given), 'key RTCP');
  deepEqual([given.take(2, VOICE).length, given.count(0)], [1, [4, 3, 1]]);
  equal(given.plane.sources.read(0).sources[0]!.packets, 4, 'what is blocked was heard by us');
  given.plane.sources.setCodecs(0, null);
  equal(passes(given), 'RTCP', 'a type that nobody has told is no key');
  for (const row of [0, 1]) given.route(row, {});
  equal(passes(given), 'voice key RTCP');
});

test('what is blocked shows that the call is alive, and what is kept back for the fork of another session does not', () => {
  const heardAt = (given: PlaneGiven): number => given.counters.stream(0, 'heardAtMs');
  const OPUS = spoken(98, new Uint8Array(10));
  for (const [wishes, packet] of [
    [{ block: true }, VOICE],
    [{ blockDtmf: true }, KEY],
    [{ silence: true }, OPUS],
  ] as const) {
    const given = new PlaneGiven();
    given.plane.sources.setCodecs(0, new Map([...EVENTS, [98, { name: 'opus', clockRate: 48_000 }]]));
    given.route(0, wishes);
    deepEqual([given.take(0, packet, 0, 30_000).length, heardAt(given)], [0, 30_000]);
    given.route(0, { ...wishes, mute: true });
    deepEqual([given.take(0, packet, 0, 40_000).length, heardAt(given)], [0, 30_000]);
  }
});

/** Two packets that say that a key was let go. Answers how many are sent on. */
function pressed(given: PlaneGiven, code: number): number {
  const key = spoken(101, Uint8Array.of(code, 0x8a, 0, 160));
  return given.take(0, key).length + given.take(0, key).length;
}

test('keys are told to the owner while the other side hears something else, to others they are not', () => {
  const given = new PlaneGiven();
  given.plane.dtmf.set(0, { payloadType: 101, swallow: false });
  for (const elsewhere of [{ prompt: true }, { mute: true }]) {
    given.route(0, { ...elsewhere, dtmf: true });
    pressed(given, 5);
    deepEqual(given.digits.splice(0), []);
    given.route(0, { ...elsewhere, keys: true });
    equal(pressed(given, 6), 0);
    deepEqual(given.digits.splice(0), ['6']);
  }
});

test('who hears a prompt hears nothing else, and whoever else hears the stream does or does not, as is wished', () => {
  for (const [wishes, heard] of [
    [{ prompt: true }, 0],
    [{ drown: true }, 1],
  ] as const) {
    const given = new PlaneGiven();
    let taken = 0;
    given.plane.taps.add(0, { line: 'recorder', take: () => void taken++ });
    given.route(0, wishes);
    deepEqual([given.take(0, VOICE).length, taken], [0, heard]);
  }
});

test('keys are blocked, what is said is not, and they are told all the same', () => {
  const given = new PlaneGiven();
  given.plane.sources.setCodecs(0, new Map([...EVENTS, [97, { name: 'Telephone-Event', clockRate: 16_000 }]]));
  given.plane.dtmf.set(0, { payloadType: 101, swallow: false });
  given.route(0, { blockDtmf: true, dtmf: true });
  equal(passes(given), 'voice RTCP');
  given.take(0, KEY);
  deepEqual(given.digits, ['5']);
  equal(given.take(0, spoken(97, Uint8Array.of(5, 0, 0, 1))).length, 0);
  given.route(0, { blockDtmf: true, block: true });
  equal(passes(given), 'RTCP');
});

test('silence has the header and the length of what was said', () => {
  const given = new PlaneGiven();
  given.plane.sources.setCodecs(
    0,
    new Map([...EVENTS, [96, { name: 'pcmu', clockRate: 8000 }], [98, { name: 'opus', clockRate: 48_000 }]]),
  );
  given.route(0, { silence: true });
  const said = new Uint8Array(160).map((_, i) => i);
  for (const [payloadType, silence] of [
    [0, 0xff],
    [8, 0xd5],
    [9, 0xff],
    [96, 0xff],
    [5, 0],
    [11, 0],
    [13, 127],
  ] as const) {
    const packet = spoken(payloadType, said);
    const left = given.take(0, packet);
    deepEqual(left, [[2, Uint8Array.from([...packet.subarray(0, 16), ...new Uint8Array(160).fill(silence)])]], `${payloadType}`);
  }
  for (const payloadType of [18, 4, 98, 99]) equal(given.take(0, spoken(payloadType, said)).length, 0, `${payloadType}`);
  equal(passes(given), 'voice key RTCP');
  deepEqual(given.take(0, KEY)[0]![1], KEY);
  equal(given.take(0, Uint8Array.of(1, 2, 3)).length, 1, 'what is no RTP is none of ours');
});

test('silence of GSM is whole frames that sound like nothing', () => {
  const given = new PlaneGiven();
  given.route(0, { silence: true });
  const [[, bytes]] = given.take(0, spoken(3, new Uint8Array(66).fill(0xd7))) as [[number, Uint8Array]];
  const sound = gsmDecoder().decode(bytes.subarray(16));
  equal(sound.length, 320);
  equal(
    sound.every((sample) => Math.abs(sample) <= 32),
    true,
  );
  equal(given.take(0, spoken(3, new Uint8Array(40))).length, 0);
});

test('padding and extension are left as they are, and a packet that contradicts itself is dropped', () => {
  const given = new PlaneGiven();
  given.route(0, { silence: true });
  const padded = Uint8Array.from([...VOICE.subarray(0, 16), 1, 2, 3, 0, 0, 0, 4]);
  padded[0]! |= 0x20;
  const wanted = Uint8Array.from([...padded.subarray(0, 16), 0xff, 0xff, 0xff, 0, 0, 0, 4]);
  deepEqual(given.take(0, padded)[0]![1], wanted);
  padded[22] = 200;
  equal(given.take(0, padded).length, 0);
});

test('others hear the silence, too; a packet of another session is not touched, and not heard', () => {
  const given = new PlaneGiven();
  const heard: number[] = [];
  given.plane.taps.add(0, { line: 'x', take: ({ bytes, start }) => heard.push(bytes[start + 20]!) });
  given.route(0, { silence: true });
  given.take(0, VOICE);
  deepEqual(heard, [0xff]);
  const packet = given.packet(2, VOICE, 2, 20_000);
  const before = packet.bytes.slice();
  given.plane.inject(0, packet);
  deepEqual([packet.bytes, packet.row, given.engine.departures.length], [before, 2, 0]);
});

/** The rows of the sockets by which RTCP leaves: of the caller's two ports, and of the callee's. */
const ways = (given: PlaneGiven) =>
  [0, 1, 2, 3].map((row) =>
    given
      .take(row, RTCP)
      .map(([left]) => left)
      .join(),
  );

test('[NG-37] RTCP goes from whom it shares a port with RTP to whom it does not, and back', () => {
  const given = new PlaneGiven();
  deepEqual(ways(given), ['2', '3', '0', '1'], 'nobody has asked');
  for (const row of [0, 1]) given.route(row, { demux: true });
  for (const row of [2, 3]) given.route(row, { mux: true });
  deepEqual(ways(given), ['3', '3', '0', '0'], 'the caller has one port');
  deepEqual(given.take(0, VOICE)[0]![0], 2);
  for (let row = 0; row < 4; row++) given.route(row, { demux: true, mux: true });
  deepEqual(ways(given), ['2', '2', '0', '0'], 'both have one');
});

test('RTCP that came on the port of RTP counts and is told as RTCP', () => {
  const given = new PlaneGiven();
  for (const row of [0, 1]) given.route(row, { demux: true });
  const taps: number[] = [];
  for (const row of [0, 1]) {
    given.plane.taps.add(row, { line: 'x', take: (packet) => taps.push(packet.row) });
    given.route(row, { demux: true });
  }
  const packet = given.packet(0, senderReport(7, 99), 0, 20_000);
  given.plane.onDatagram(packet);
  equal(packet.row, 0);
  deepEqual(
    [given.count(0), given.count(1)],
    [
      [0, 0, 0],
      [1, 1, 0],
    ],
  );
  deepEqual([given.reported, taps], [[1], [1]]);
  equal(given.plane.sources.reports.senderNote(0, 7)?.atMs, 20_000);
  equal(given.plane.analysis.read(0).perrs, 0);
  given.take(0, RTCP, 2);
  deepEqual([given.counters.stream(0, 'ignored'), given.count(1)[0]], [1, 1], 'whom RTP is not believed RTCP is not either');
  given.plane.route(1, null);
  equal(given.take(0, RTCP).length, 0);
  deepEqual(given.count(0), [0, 0, 1]);
});

test('RTCP on the port of RTP of which nobody was told is read all the same', () => {
  const given = new PlaneGiven();
  given.take(0, senderReport(7, 99));
  deepEqual([given.plane.sources.reports.senderNote(0, 7)?.packets, given.plane.sources.read(0).sources], [50, []]);
});

test('a stream that is taken up by another plane has the sources that it had', () => {
  const [before, after] = [new PlaneGiven(), new PlaneGiven()];
  for (let i = 0; i < 60; i++) before.take(0, spoken(0, new Uint8Array(160)), 0, 20_000 + i * 20);
  before.plane.sources.turn(0, 22_000);
  const saved = before.plane.save(0)!;
  equal(before.plane.save(1), null);
  after.plane.sources.setCodecs(0, EVENTS);
  after.plane.restore(0, JSON.parse(JSON.stringify(saved)));
  deepEqual(after.plane.save(0)?.sources, saved.sources);
  equal(after.plane.sources.read(0).sources[0]!.packets, 60);
  equal(after.plane.sources.codecs.of(0).isEvent[101], 1, 'what was said of its codecs stays');
  const { sources: _, ...old } = saved;
  after.plane.restore(0, old);
  equal(after.plane.sources.read(0).sources[0]!.packets, 60, 'a log of before says nothing of them');
  after.plane.clear(0);
  equal(after.plane.save(0), null);
});
