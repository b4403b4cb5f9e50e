import { equal, match } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { buildSenderReport } from '../../src/protocol/rtp/senderReport.js';
import type { UdpControl } from './control.js';
import { DatagramPeer } from './enginePeer.js';

const PCMU = 0;
const PCMU_20_MS_BYTES = 160;

let madeParties = 0;

/** An end of a call as a phone is one: RTP on an even port, RTCP on the next, a stream with its own SSRC. */
export class Party {
  readonly rtp: DatagramPeer;
  readonly rtcp: DatagramPeer;
  readonly ssrc = 0x1000_0000 + ++madeParties;
  sequence = 100;

  private constructor(rtp: DatagramPeer, rtcp: DatagramPeer) {
    this.rtp = rtp;
    this.rtcp = rtcp;
  }

  /** Closed with the test. */
  static async open(t: TestContext, host = '127.0.0.1'): Promise<Party> {
    const [rtp, rtcp] = await DatagramPeer.openPair(host);
    t.after(() => Promise.all([rtp.close(), rtcp.close()]));
    return new Party(rtp, rtcp);
  }

  /** The next packet of this party's stream: 20 ms of PCMU (RFC 3551), its payload made of SSRC and sequence number. */
  nextRtp(ssrc: number = this.ssrc): Uint8Array {
    const sequence = this.sequence++;
    const payload = new Uint8Array(PCMU_20_MS_BYTES).fill((ssrc ^ sequence) & 0xff);
    const timestamp = sequence * PCMU_20_MS_BYTES;
    return buildRtp({ payloadType: PCMU, marker: false, sequence, timestamp, ssrc }, payload);
  }

  /** A sender report (RFC 3550 §6.4.1) of this party's stream. */
  nextRtcp(): Uint8Array {
    const packets = this.sequence;
    const sent = { atMs: Date.now(), rtpTimestamp: packets * PCMU_20_MS_BYTES, packets, octets: packets * PCMU_20_MS_BYTES };
    return buildSenderReport({ ssrc: this.ssrc, ...sent, cname: `party-${this.ssrc}` });
  }

  /** Sends `count` packets of its stream. */
  async send(port: number, count = 1): Promise<Uint8Array[]> {
    const packets = Array.from({ length: count }, () => this.nextRtp());
    for (const packet of packets) await this.rtp.send(packet, port);
    return packets;
  }

  /** Sends packets and checks that they come to `other` byte for byte, in order, from `exit`, and that nothing else does. */
  async reaches(other: Party, entry: number, exit: number, count = 1): Promise<void> {
    const packets = await this.send(entry, count);
    const arrived = await other.rtp.take(count);
    for (const [n, { bytes, from }] of arrived.entries()) {
      equal(Buffer.from(packets[n]!).compare(bytes), 0, `packet ${n} of ${count} came changed or out of order`);
      equal(from.port, exit, 'it comes from where the other side sends to');
    }
    equal(other.rtp.arrived.length, 0);
  }
}

/** The ports of a call that a relay gave: each faces the party it is named after. */
export type CallPorts = { readonly facesCallee: number; readonly facesCaller: number };

/** A U or L that must be answered with a port. */
export async function askPort(control: UdpControl, command: string): Promise<number> {
  const answer = await control.ask(command);
  match(answer, /^[1-9]\d* 127\.0\.0\.1$/, command);
  return Number.parseInt(answer, 10);
}

/** Sets a call up by U and L, as a SIP proxy does. */
export async function setUpCall(control: UdpControl, call: string, caller: Party, callee: Party): Promise<CallPorts> {
  const facesCallee = await askPort(control, `U ${call} 127.0.0.1 ${caller.rtp.port} from-${call}`);
  const facesCaller = await askPort(control, `L ${call} 127.0.0.1 ${callee.rtp.port} from-${call} to-${call}`);
  return { facesCallee, facesCaller };
}

/** What `I` says of the instance. */
export type Totals = { created: number; active: number; streams: number; received: number; transmitted: number };

export async function totals(control: UdpControl): Promise<Totals> {
  const lines = (await control.ask('I')).split('\n');
  const [created, active, streams, received, transmitted] = lines.map((line) => Number(line.split(': ')[1]));
  return { created: created!, active: active!, streams: streams!, received: received!, transmitted: transmitted! };
}

/** Tries again until it does not throw, for at most so long. For counters that one thread writes and another reads. */
export async function eventually<T>(attempt: () => Promise<T>, limitMs = 1_000): Promise<T> {
  for (const end = Date.now() + limitMs; ; await delay(10)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
