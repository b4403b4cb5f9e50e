import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { RTP_MALFORMED, rtpHeaderLength, rtpSequence, rtpSsrc } from '../rtp/header.js';
import type { CryptoPort } from './cryptoPort.js';
import { deriveSessionKeys, packetIv, type SessionKeys } from './keys.js';
import type { SrtpPolicy } from './policy.js';

/** Why a packet could not be read: too short to be one; not from who has the key; from one sender too many. */
export type SrtpRefusal = 'malformed' | 'unauthentic' | 'crowded';

/**
 * Who begins to listen late does not know how often the sequence numbers have wrapped. So often is tried, which at 50 packets a second
 * is the first six hours of a call.
 */
const MOST_ROLLOVERS_MISSED = 16;
/** Senders that are remembered: more than a call has, so that hostile packets fill no memory. */
const MOST_SENDERS = 1024;

const HALF = 0x8000;
const MODULUS = 0x10000;

/** RFC 3711 §3.2.3, as far as it moves: rollover counter and highest sequence number. */
type Sender = { rollover: number; highest: number };

/**
 * The receiving side of SRTP (RFC 3711 §3.3) with AES in counter mode and HMAC-SHA1, for packets of a recording: any number of senders that
 * share a master key. There is no list of packets seen: a duplicate in a recording is one that was there, and harms nobody.
 */
export class SrtpReceiver {
  readonly #crypto: CryptoPort;
  readonly #keys: SessionKeys;
  readonly #tagBytes: number;
  readonly #senders = new Map<number, Sender>();

  constructor(crypto: CryptoPort, policy: SrtpPolicy) {
    this.#crypto = crypto;
    this.#keys = deriveSessionKeys(crypto, policy.masterKey, policy.masterSalt);
    this.#tagBytes = policy.tagBytes;
  }

  /** The RTP packet that an SRTP packet protects, in memory of its own. */
  unprotect(packet: Uint8Array): Result<Uint8Array, SrtpRefusal> {
    const end = packet.length - this.#tagBytes;
    const header = end < 0 ? RTP_MALFORMED : rtpHeaderLength(packet, 0, end);
    if (header === RTP_MALFORMED) return refuse('malformed');
    const ssrc = rtpSsrc(packet, 0);
    const sender = this.#senders.get(ssrc);
    const sequence = rtpSequence(packet, 0);
    if (sender === undefined && this.#senders.size >= MOST_SENDERS) return refuse('crowded');
    const rollover = this.#authentic(packet, end, sender === undefined ? ROLLOVERS_AT_FIRST : guessRollover(sender, sequence));
    if (rollover === null) return refuse('unauthentic');
    if (sender === undefined) this.#senders.set(ssrc, { rollover, highest: sequence });
    else follow(sender, rollover, sequence);
    const plain = packet.slice(0, end);
    const iv = packetIv(this.#keys.cipherSalt, ssrc, rollover, sequence);
    plain.set(this.#crypto.aesCtr(this.#keys.cipherKey, iv, plain.subarray(header)), header);
    return ok(plain);
  }

  /** Which of these rollover counters the tag was made with (§4.2); null: none of them. */
  #authentic(packet: Uint8Array, end: number, rollovers: readonly number[]): number | null {
    const counter = new Uint8Array(4);
    for (const rollover of rollovers) {
      new DataView(counter.buffer).setUint32(0, rollover);
      const tag = this.#crypto.hmacSha1(this.#keys.authKey, [packet.subarray(0, end), counter]);
      let difference = 0;
      for (let i = 0; i < this.#tagBytes; i++) difference |= tag[i]! ^ packet[end + i]!;
      if (difference === 0) return rollover;
    }
    return null;
  }
}

const ROLLOVERS_AT_FIRST: readonly number[] = Array.from({ length: MOST_ROLLOVERS_MISSED }, (_, rollover) => rollover);

/** RFC 3711 §3.3.1: the counter that makes the packet's index the nearest to the highest one. */
function guessRollover({ rollover, highest }: Sender, sequence: number): readonly number[] {
  if (highest < HALF && sequence - highest > HALF) return rollover === 0 ? [] : [rollover - 1];
  return highest >= HALF && highest - HALF > sequence ? [(rollover + 1) >>> 0] : [rollover];
}

function follow(sender: Sender, rollover: number, sequence: number): void {
  const step = (rollover - sender.rollover) * MODULUS + sequence - sender.highest;
  if (step <= 0) return;
  sender.rollover = rollover;
  sender.highest = sequence;
}
