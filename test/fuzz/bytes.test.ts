/** Bad input to the readers of bytes: addresses, RTP, log frames, sound files. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { familyOf, udpPort } from '../../model/kernel/index.js';
import { buildWav, parseWav, type Wav } from '../../src/protocol/audio/wav.js';
import {
  decodeSockaddr,
  encodeSockaddr,
  parseIPv4,
  parseIPv6,
  SOCKADDR_WORDS,
  sockaddrLength,
} from '../../src/protocol/bytes/sockaddr.js';
import { FRAME_HEADER_BYTES, readFrame, writeFrame } from '../../src/protocol/events/frame.js';
import * as rtp from '../../src/protocol/rtp/header.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';
import { latin1 } from './commands.js';

const LIMIT_MS = 5;

test('an address text is read exactly when it is one', FUZZ_BOUND, async (t) => {
  const nearly = fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6()), damages(2))
    .map(([text, list]) => latin1(damaged(Buffer.from(text), list)));
  const pieces = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF:::...'), maxLength: 45 });
  await search(t, fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), nearly, pieces, fc.string()), (text) => {
    isQuick(LIMIT_MS, () => parseIPv6(text));
    equal(parseIPv4(text) !== null, isIPv4(text), `IPv4 ${text}`);
    equal(parseIPv6(text) !== null, isIPv6(text) && !text.includes('%'), `IPv6 ${text}`);
    const words = new Uint32Array(SOCKADDR_WORDS * 3).fill(7);
    const isWritten = encodeSockaddr({ host: text, port: udpPort(4000) }, words, SOCKADDR_WORDS);
    equal(isWritten, familyOf(text) === 'IPv4' ? isIPv4(text) : isIPv6(text) && !text.includes('%'));
    if (!isWritten) deepEqual([...words.subarray(SOCKADDR_WORDS, SOCKADDR_WORDS * 2)], new Array(SOCKADDR_WORDS).fill(0));
    for (const at of [0, SOCKADDR_WORDS - 1, SOCKADDR_WORDS * 2]) equal(words[at], 7, 'it writes nowhere else');
  });
});

test('an address survives being written and read, in the one form of RFC 5952', FUZZ_BOUND, async (t) => {
  const addresses = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 65_535 }));
  await search(t, addresses, ([host, port]) => {
    const words = new Uint32Array(SOCKADDR_WORDS);
    ok(encodeSockaddr({ host, port: udpPort(port) }, words, 0));
    const canonical = host.includes(':') ? new URL(`http://[${host}]/`).hostname.slice(1, -1) : host;
    deepEqual(decodeSockaddr(words, 0), { host: canonical, port });
  });
});

test('any kernel memory is read as an address or as none, and reads the same after being written', FUZZ_BOUND, async (t) => {
  const words = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: SOCKADDR_WORDS, maxLength: SOCKADDR_WORDS });
  const family = fc.constantFrom(0, 1, 2, 10, 0xffff);
  await search(t, fc.tuple(words, family), ([content, number]) => {
    const memory = Uint32Array.from(content);
    memory[0] = ((memory[0]! & 0xffff0000) | number) >>> 0;
    const address = decodeSockaddr(memory, 0);
    equal(address === null, sockaddrLength(memory, 0) === 0);
    if (address === null) return;
    const again = new Uint32Array(SOCKADDR_WORDS);
    ok(encodeSockaddr(address, again, 0), address.host);
    deepEqual(decodeSockaddr(again, 0), address);
  });
});

test('any bytes of any length can be asked for their RTP fields', FUZZ_BOUND, async (t) => {
  const room = fc.uint8Array({ maxLength: 100 });
  await search(t, fc.tuple(room, fc.nat({ max: 120 }), fc.integer({ min: 0, max: 9_000 })), ([bytes, start, length]) => {
    // The fixed fields of a packet too short are undefined in value; they must not throw.
    for (const ask of [
      rtp.rtpVersion,
      rtp.rtpCsrcCount,
      rtp.rtpMarker,
      rtp.rtpPayloadType,
      rtp.rtpSequence,
      rtp.rtpTimestamp,
      rtp.rtpSsrc,
    ])
      ask(bytes, start);
    const isPacket = rtp.isRtp(bytes, start, length);
    if (length < rtp.RTP_FIXED_HEADER_BYTES) ok(!isPacket);
    const header = rtp.rtpHeaderLength(bytes, start, length);
    const payload = rtp.rtpPayloadLength(bytes, start, length);
    ok(
      header === rtp.RTP_MALFORMED || (header >= rtp.RTP_FIXED_HEADER_BYTES && header <= length),
      `header ${header} of ${length}`,
    );
    if (start + length > bytes.length) return;
    if (payload === rtp.RTP_MALFORMED) return;
    ok(payload >= 0 && header + payload <= length, `header ${header}, payload ${payload} of ${length}`);
    equal(header + payload + rtp.rtpPaddingLength(bytes, start, length), length);
  });
});

test('any bytes are read as frames to the end, without standing still', FUZZ_BOUND, async (t) => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  const files = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(bodies, damages()).map(([list, harm]) => damaged(framed(list), harm)),
  );
  await search(t, fc.tuple(files, fc.nat({ max: 210 })), ([bytes, begin]) => {
    for (let at = begin; at < bytes.length; ) {
      const frame = readFrame(bytes, at);
      if (frame.kind === 'torn') return;
      ok(frame.end >= at + FRAME_HEADER_BYTES && frame.end <= bytes.length, `from ${at} to ${frame.end} of ${bytes.length}`);
      if (frame.kind === 'body') equal(frame.start, at + FRAME_HEADER_BYTES);
      at = frame.end;
    }
  });
});

test('a frame in which a bit has fallen over is never read as good', FUZZ_BOUND, async (t) => {
  const harm = fc.record({ at: fc.nat(), bit: fc.nat({ max: 7 }) });
  await search(
    t,
    fc.tuple(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 }), harm),
    ([bodies, { at, bit }]) => {
      const bytes = framed(bodies);
      const where = at % bytes.length;
      bytes[where]! ^= 1 << bit;
      let from = 0;
      for (const body of bodies) {
        const frame = readFrame(bytes, from);
        const end = from + FRAME_HEADER_BYTES + body.length;
        if (where < end) return ok(frame.kind !== 'body', `byte ${where}, bit ${bit}`);
        deepEqual(frame, { kind: 'body', start: from + FRAME_HEADER_BYTES, end });
        from = end;
      }
    },
  );
});

function framed(bodies: readonly Uint8Array[]): Uint8Array {
  const file = new Uint8Array(bodies.reduce((sum, body) => sum + FRAME_HEADER_BYTES + body.length, 0));
  bodies.reduce((at, body) => writeFrame(file, at, body), 0);
  return file;
}

test('any bytes are a sound or are refused in one sentence', FUZZ_BOUND, async (t) => {
  const sounds = fc
    .record({
      encoding: fc.constantFrom('pcm16' as const, 'alaw' as const, 'mulaw' as const),
      sampleRate: fc.integer({ min: 1, max: 0xffffffff }),
      channels: fc.integer({ min: 1, max: 4 }),
      frames: fc.nat({ max: 30 }),
    })
    .map(
      ({ frames, ...format }): Wav => ({
        ...format,
        data: new Uint8Array(frames * format.channels * (format.encoding === 'pcm16' ? 2 : 1)).fill(frames),
      }),
    );
  await search(
    t,
    fc.tuple(sounds, fc.oneof(damages(), fc.constant([])), fc.uint8Array({ maxLength: 60 })),
    ([sound, harm, noise]) => {
      if (sound.sampleRate * sound.channels * 2 <= 0xffffffff) deepEqual(parseWav(buildWav(sound)), { ok: true, value: sound });
      for (const file of [damaged(buildWav(sound), harm), noise]) {
        isQuick(LIMIT_MS, () => parseWav(file));
        const parsed = parseWav(file);
        if (!parsed.ok) {
          ok(parsed.error.length > 0 && !parsed.error.includes('\n'), parsed.error);
          continue;
        }
        const { data, channels, sampleRate } = parsed.value;
        ok(channels > 0 && sampleRate > 0 && data.length <= file.length);
      }
    },
  );
});
