import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DtmfDetector } from '../../src/media/stages/dtmf.js';
import { buildRtp, type RtpHeader } from '../../src/protocol/rtp/build.js';
import type { DtmfEvent } from '../../src/protocol/rtp/telephoneEvent.js';
import { formatDtmfLine, parseDtmfArguments } from '../../src/protocol/rtpproxy/dtmfArguments.js';

type Sent = {
  readonly code: number;
  readonly at: number;
  readonly duration: number;
  readonly end?: boolean;
  readonly volume?: number;
};

/** A packet of a telephone event as a phone sends it (RFC 4733 §2.3). */
function eventPacket({ code, at, duration, end, volume = 10 }: Sent, header: Partial<RtpHeader> = {}): Uint8Array {
  const payload = Uint8Array.of(code, (end ? 0x80 : 0) | volume, duration >> 8, duration & 0xff);
  return buildRtp({ payloadType: 101, marker: false, sequence: 1, timestamp: at, ssrc: 0xabcdef01, ...header }, payload);
}

const take = (detector: DtmfDetector, bytes: Uint8Array): DtmfEvent | null => detector.take(bytes, 0, bytes.length);

/** What a detector reports of a row of packets. */
function heard(packets: readonly Sent[], detector = new DtmfDetector(101)): DtmfEvent[] {
  return packets.flatMap((sent) => take(detector, eventPacket(sent)) ?? []);
}

/** A key as RFC 4733 §2.5 has it sent: updates, then the end three times. */
const press = (code: number, at: number): Sent[] => [
  ...[160, 320, 480].map((duration) => ({ code, at, duration })),
  ...[640, 640, 640].map((duration) => ({ code, at, duration, end: true })),
];

test('[CW-38] a key that is pressed and let go is reported once, with its volume and duration', () => {
  assert.deepEqual(heard(press(5, 8000)), [{ digit: '5', volume: 10, duration: 640 }]);
});

test('[CW-38] the seventeen events are 0-9*#ABCD and a blank for the hook flash; others are none', () => {
  const digits = Array.from({ length: 256 }, (_, code) => heard(press(code, code * 1000))[0]?.digit ?? '');
  assert.equal(digits.join(''), '0123456789*#ABCD ');
});

test('the event is reported with the first end: later ones and late updates say nothing', () => {
  const detector = new DtmfDetector(101);
  const [first, , , end] = press(1, 0);
  assert.equal(take(detector, eventPacket(first!)), null);
  assert.notEqual(take(detector, eventPacket(end!)), null);
  assert.deepEqual(heard([end!, first!, end!], detector), []);
});

test('an event of which only an end is heard is reported when a repeat of the end comes', () => {
  const end = { code: 7, at: 99, duration: 800, end: true };
  assert.deepEqual(heard([end]), []);
  assert.deepEqual(heard([end, end, end]), [{ digit: '7', volume: 10, duration: 800 }]);
});

test('the duration is the largest that was seen, the volume that of the end', () => {
  const sent = [
    { code: 3, at: 1, duration: 65_000, volume: 1 },
    { code: 3, at: 1, duration: 400, volume: 63, end: true },
  ];
  assert.deepEqual(heard(sent), [{ digit: '3', volume: 63, duration: 65_000 }]);
});

test('the reserved bit is no part of the volume', () => {
  const sent = { code: 3, at: 1, duration: 65, end: true, volume: 0x40 | 7 };
  assert.deepEqual(heard([sent, sent]), [{ digit: '3', volume: 7, duration: 65 }]);
});

test('the same key twice is two events, told apart by the timestamp', () => {
  assert.deepEqual(
    heard([...press(2, 100), ...press(2, 1700)]).map(({ digit }) => digit),
    ['2', '2'],
  );
});

test('events may overtake each other: four are remembered, a fifth drives out the oldest', () => {
  const started = (count: number): Sent[] => Array.from({ length: count }, (_, i) => ({ code: i, at: i, duration: 10 }));
  const ended = (count: number): Sent[] => Array.from({ length: count }, (_, i) => ({ code: i, at: i, duration: 20, end: true }));
  const digits = (count: number) => heard([...started(count), ...ended(count)]).map(({ digit }) => digit);
  assert.deepEqual(digits(4), ['0', '1', '2', '3']);
  // The end of 0 is taken for a start and drives out 1, and so on: none of them is known when its end comes.
  assert.deepEqual(digits(5), []);
});

test('another key with the timestamp of an event that is under way is not taken for it', () => {
  const sent = [
    { code: 1, at: 5, duration: 10 },
    { code: 2, at: 5, duration: 999, end: true },
    { code: 1, at: 5, duration: 20, end: true },
  ];
  assert.deepEqual(heard(sent), [{ digit: '1', volume: 10, duration: 20 }]);
});

test('a timestamp of zero and events that begin before the timestamp wraps are events like others', () => {
  assert.deepEqual(
    heard([...press(9, 0), ...press(8, 0xffff_ffff), ...press(7, 1)]).map(({ digit }) => digit),
    ['9', '8', '7'],
  );
});

test('the payload is found behind contributing sources and a header extension, and in front of padding', () => {
  const detector = new DtmfDetector(101);
  const header = { csrc: [1, 2], extension: { profile: 0xbede, content: new Uint8Array(8) } };
  const [update, , , end] = press(12, 4);
  assert.equal(take(detector, eventPacket(update!, header)), null);
  const padded = Uint8Array.from([...eventPacket(end!, { ...header, padding: true }), 0, 0, 0, 4]);
  assert.deepEqual(take(detector, padded), { digit: 'A', volume: 10, duration: 640 });
});

test('packets are read where they lie in a larger buffer', () => {
  const detector = new DtmfDetector(101);
  const events = press(4, 77).flatMap((sent) => {
    const packet = eventPacket(sent);
    const bytes = new Uint8Array(packet.length + 20).fill(0xee);
    bytes.set(packet, 7);
    return detector.take(bytes, 7, packet.length) ?? [];
  });
  assert.deepEqual(events, [{ digit: '4', volume: 10, duration: 640 }]);
});

test('only packets of the payload type are events, and only those are to be swallowed', () => {
  const detector = new DtmfDetector(96);
  const isEvent = (bytes: Uint8Array) => detector.isEvent(bytes, 0, bytes.length);
  const [sent] = press(1, 0);
  assert.equal(isEvent(eventPacket(sent!, { payloadType: 96 })), true);
  assert.equal(isEvent(eventPacket(sent!, { payloadType: 96, marker: true })), true);
  assert.equal(isEvent(eventPacket(sent!)), false);
  assert.equal(isEvent(Uint8Array.of(0x80, 96, 1)), false);
  assert.equal(isEvent(new Uint8Array(200).fill(96)), false, 'not of version 2');
  assert.deepEqual(heard(press(1, 0), detector), []);
  detector.payloadType = 101;
  assert.equal(isEvent(eventPacket(sent!)), true);
  assert.equal(heard(press(1, 0), detector).length, 1);
});

test('a payload shorter than an event, and one that does not fit its packet, say nothing and disturb nothing', () => {
  const detector = new DtmfDetector(101);
  const [update, , , end] = press(6, 50);
  take(detector, eventPacket(update!));
  const short = eventPacket({ ...end!, duration: 999 }).subarray(0, 15);
  assert.equal(take(detector, short), null);
  const overfull = eventPacket({ ...end!, duration: 999 });
  overfull[0]! |= 0x0f;
  assert.equal(take(detector, overfull), null);
  assert.deepEqual(take(detector, eventPacket(end!)), { digit: '6', volume: 10, duration: 640 });
});

test('whatever is lost of the packets of a key, it is reported exactly once if an end comes that is not the only packet', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (arrives) => {
      const arrived = press(0, 123).filter((_, i) => arrives[i]);
      const ends = arrived.filter(({ end }) => end).length;
      assert.equal(heard(arrived).length, ends >= 1 && arrived.length >= 2 ? 1 : 0);
    }),
  );
});

test('[CW-38] the arguments of M3 are a tag, a payload type and the flag h', () => {
  assert.deepEqual(parseDtmfArguments(['Dd12.34', '101']), { tag: 'Dd12.34', payloadType: 101, swallow: false });
  assert.deepEqual(parseDtmfArguments(['Dd12.34']), { tag: 'Dd12.34', payloadType: 101, swallow: false });
  assert.deepEqual(parseDtmfArguments(['Dcabc%40host', '0', 'h']), { tag: 'Dcabc@host', payloadType: 0, swallow: true });
  assert.deepEqual(parseDtmfArguments(['a+b', '127', 'Hh']), { tag: 'a b', payloadType: 127, swallow: true });
});

test('[CW-38] other arguments of M3 are refused', () => {
  const refused: string[][] = [
    [],
    ['t', '101', 'h', 'x'],
    ['t%', '101'],
    ['t', '128'],
    ['t', '-1'],
    ['t', '101x'],
    ['t', '0x60'],
    ['t', '1e2'],
    ['t', 'h'],
    ['t', '101', 'x'],
    ['t', '101', 'hx'],
  ];
  for (const args of refused) assert.equal(parseDtmfArguments(args), null, args.join(' '));
});

test('a tag cannot smuggle lines of its own to the notify socket', () => {
  for (const tag of ['Dcx%0AT12.34', 'Dcx%0dT12.34', 'Dcx%00']) assert.equal(parseDtmfArguments([tag]), null, tag);
});

test('[CW-38] the line for the notify socket is tag, digit, volume, duration and side', () => {
  const event = { digit: '#', volume: 10, duration: 1600 };
  assert.equal(formatDtmfLine('Dd12.34', event, 0), 'Dd12.34 # 10 1600 0');
  assert.equal(formatDtmfLine('Dd12.34', { ...event, digit: ' ' }, 1), 'Dd12.34   10 1600 1');
});
