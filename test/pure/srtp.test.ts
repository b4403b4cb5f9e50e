import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../src/io/crypto/nodeCrypto.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { deriveSessionKeys } from '../../src/protocol/srtp/keys.js';
import { parseSrtpPolicy, type SrtpPolicy } from '../../src/protocol/srtp/policy.js';
import { SrtpReceiver } from '../../src/protocol/srtp/receiver.js';
import { keySpec, protect, SRTP_KEY, SRTP_SALT } from '../rig/srtpSender.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

function policy(text: string): SrtpPolicy {
  const parsed = parseSrtpPolicy(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const receiver = (suite = 'AES_CM_128_HMAC_SHA1_80'): SrtpReceiver => new SrtpReceiver(nodeCrypto, policy(keySpec(suite)));
const opened = (result: ReturnType<SrtpReceiver['unprotect']>): string => (result.ok ? hex(result.value) : result.error);

/** A packet of one octet that tells its number. */
const plain = (sequence: number, ssrc = 7): Uint8Array =>
  buildRtp({ payloadType: 0, marker: false, sequence, timestamp: 0, ssrc }, Uint8Array.of(sequence & 255));

test('the key stream is that of RFC 3711 B.2, at its beginning and where the counter carries', () => {
  const key = bytes('2B7E151628AED2A6ABF7158809CF4F3C');
  const stream = nodeCrypto.aesCtr(key, bytes('F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000'), new Uint8Array(16 * 0xff03));
  const block = (i: number): string => hex(stream.subarray(i * 16, i * 16 + 16)).toUpperCase();
  deepEqual([0, 1, 2, 0xfeff, 0xff00, 0xff01].map(block), [
    'E03EAD0935C95E80E166B16DD92B4EB4',
    'D23513162B02D0F72A43A2FE4A5F97AB',
    '41E95B3BB0A2E8DD477901E4FCA894C0',
    'EC8CDF7398607CB0F2D21675EA9EA1E4',
    '362B7C3C6773516318A077D7FC5073AE',
    '6A2CC3787889374FBEB4C81B17BA6C44',
  ]);
});

test('session keys are those of RFC 3711 B.3', () => {
  const keys = deriveSessionKeys(nodeCrypto, bytes('E1F97A0D3E018BE0D64FA32C06DE4139'), bytes('0EC675AD498AFEEBB6960B3AABE6'));
  equal(hex(keys.cipherKey), 'c61e7a93744f39ee10734afe3ff7a087');
  equal(hex(keys.cipherSalt), '30cbbc08863d8c85d49db34a9ae1');
  equal(hex(keys.authKey), 'cebe321f6ff7716b6fd4ab49af256a156d38baa4');
});

test('a packet that another implementation made is opened: the one that libsrtp checks itself with', () => {
  const packet = bytes(`800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb`);
  equal(opened(receiver().unprotect(packet)), `800f1234decafbadcafebabe${'ab'.repeat(16)}`);
});

test('packets of both suites are opened, whatever their header holds, and nothing of the input is changed', () => {
  for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'aes_cm_128_hmac_sha1_32']) {
    const listener = receiver(suite);
    for (const [i, extra] of [
      {},
      { csrc: [1, 2, 3] },
      { extension: { profile: 0xbede, content: new Uint8Array(8) } },
    ].entries()) {
      const rtp = buildRtp(
        { payloadType: 8, marker: true, sequence: i, timestamp: i, ssrc: 7, ...extra },
        new Uint8Array(160).fill(i),
      );
      const packet = protect(rtp, { suite, rollover: 0 });
      const before = hex(packet);
      equal(opened(listener.unprotect(packet)), hex(rtp));
      equal(hex(packet), before);
    }
  }
});

test('numbers wrap, packets come late, doubled and lost, and each is opened with its own rollover counter', () => {
  const listener = receiver();
  const numbers = [
    65_533, 65_535, 65_534, 65_536, 65_535, 65_540, 65_537, 65_540, 98_000, 130_000, 131_071, 131_073, 131_072, 131_070,
  ];
  for (const number of numbers) {
    const packet = protect(plain(number & 0xffff), { rollover: Math.floor(number / 65_536) });
    equal(opened(listener.unprotect(packet)), hex(plain(number & 0xffff)), `${number}`);
  }
});

test('a recording that begins late is opened after up to 15 wraps, and goes on from there', () => {
  for (const rollover of [1, 15]) {
    const listener = receiver();
    equal(opened(listener.unprotect(protect(plain(65_535), { rollover }))), hex(plain(65_535)));
    equal(opened(listener.unprotect(protect(plain(0), { rollover: rollover + 1 }))), hex(plain(0)));
  }
  equal(opened(receiver().unprotect(protect(plain(1), { rollover: 16 }))), 'unauthentic');
});

test('each sender has its own rollover counter', () => {
  const listener = receiver();
  for (const [sequence, ssrc, rollover] of [
    [65_535, 1, 0],
    [5, 2, 0],
    [0, 1, 1],
    [6, 2, 0],
  ] as const) {
    equal(opened(listener.unprotect(protect(plain(sequence, ssrc), { rollover }))), hex(plain(sequence, ssrc)));
  }
});

test('what was changed, made with another key, or is too short is refused, and moves nothing', () => {
  const listener = receiver();
  const packet = protect(plain(10), { rollover: 0 });
  equal(opened(listener.unprotect(packet)), hex(plain(10)));
  for (let at = 0; at < packet.length; at++) {
    const changed = packet.slice();
    changed[at]! ^= 1;
    equal(listener.unprotect(changed).ok, false, `octet ${at}`);
  }
  equal(opened(listener.unprotect(protect(plain(11), { rollover: 0, key: new Uint8Array(16) }))), 'unauthentic');
  equal(opened(listener.unprotect(protect(plain(50_000), { rollover: 0 }).subarray(0, 21))), 'malformed');
  equal(opened(listener.unprotect(new Uint8Array(0))), 'malformed');
  equal(opened(listener.unprotect(protect(plain(12), { rollover: 0 }))), hex(plain(12)));
});

test('only so many senders are remembered', () => {
  const listener = receiver();
  for (let ssrc = 0; ssrc < 1024; ssrc++) equal(listener.unprotect(protect(plain(1, ssrc), { rollover: 0 })).ok, true);
  equal(opened(listener.unprotect(protect(plain(1, 1024), { rollover: 0 }))), 'crowded');
  equal(listener.unprotect(protect(plain(2, 3), { rollover: 0 })).ok, true);
});

test('a key is read from suite and base64, and what is wrong is said without repeating the key', () => {
  const { tagBytes, masterKey, masterSalt } = policy(keySpec('AES_CM_128_HMAC_SHA1_32'));
  deepEqual([tagBytes, hex(masterKey), hex(masterSalt)], [4, hex(SRTP_KEY), hex(SRTP_SALT)]);
  const key = 'A'.repeat(40);
  const refusal = (text: string): string => {
    const parsed = parseSrtpPolicy(text);
    return parsed.ok ? 'read' : parsed.error;
  };
  equal(refusal(`AES_CM_128_HMAC_SHA1_80:${key}`), 'read');
  equal(refusal('nothing'), 'expected SUITE:KEY, a crypto suite and 40 characters of base64');
  for (const suite of ['F8_128_HMAC_SHA1_80', '', 'toString', '__proto__']) {
    equal(refusal(`${suite}:${key}`), `crypto suite ${suite}: AES_CM_128_HMAC_SHA1_80 or AES_CM_128_HMAC_SHA1_32 expected`);
  }
  equal(refusal(`AES_CM_128_HMAC_SHA1_80:${key}A`), 'a key of 41 characters: 40 of base64 expected');
  for (const end of ['=', '-', ' ', 'é']) {
    const wrong = 'a key that is not base64 throughout: A-Z a-z 0-9 + / expected, and no padding';
    equal(refusal(`AES_CM_128_HMAC_SHA1_80:${key.slice(1)}${end}`), wrong);
  }
});
