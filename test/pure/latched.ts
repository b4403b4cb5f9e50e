import { type Address, udpPort } from '../../model/kernel/index.js';
import type { Packet } from '../../src/media/engine.js';
import { CONFIRM, type Judgement, LatchTable, LEARN, LEARN_UNLATCHED } from '../../src/media/stages/latch.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';

export const at = (host: string, port: number): Address => ({ host, port: udpPort(port) });

/** What matters of a packet to the latching rule. `ssrc` null: bytes that are no RTP. */
export type FromSource = {
  readonly source: Address;
  readonly ssrc: number | null;
  readonly sequence: number;
  readonly atMs: number;
};

export function packetFrom({ source, ssrc, sequence, atMs }: FromSource, row: number): Packet {
  const header = { payloadType: 0, marker: false, sequence: sequence & 0xffff, timestamp: 0, ssrc: ssrc ?? 0 };
  const bytes = ssrc === null ? Uint8Array.of(1, 2, 3) : buildRtp(header, new Uint8Array(20));
  const words = new Uint32Array(SOCKADDR_WORDS);
  encodeSockaddr(source, words, 0);
  return { row, bytes, start: 0, length: bytes.length, words, source: 0, nowMs: atMs };
}

/** What the model knows of a remote, and gives to the table. */
export type Given = {
  address: Address | null;
  previous: Address | null;
  latched: boolean;
  asymmetric: boolean;
  signalledAtMs: number;
};

export const givenAt = (address: Address | null, latched: boolean): Given => ({
  ...{ address, previous: null, latched, asymmetric: false, signalledAtMs: Number.NEGATIVE_INFINITY },
});

/** A latch table with the addresses of its rows, which it is given anew after every judgement, as the relay does. */
export class Latched {
  readonly table: LatchTable;
  readonly #given = new Map<number, Given>();

  constructor(rows = 4) {
    this.table = new LatchTable(rows, new Uint32Array(rows * SOCKADDR_WORDS));
    for (let row = 0; row < rows; row++) this.table.clear(row);
  }

  given(row: number): Given {
    return { ...(this.#given.get(row) ?? givenAt(null, false)) };
  }

  install(row: number, given: Given): void {
    this.#given.set(row, given);
    const { address, previous, latched, asymmetric, signalledAtMs } = given;
    if (address === null) this.table.remotes.fill(0, row * SOCKADDR_WORDS, (row + 1) * SOCKADDR_WORDS);
    else encodeSockaddr(address, this.table.remotes, row * SOCKADDR_WORDS);
    const place = this.table.previousAt(row);
    if (previous !== null) encodeSockaddr(previous, place.words, place.at);
    this.table.install(row, { asymmetric, latched, hasPrevious: previous !== null, signalledAtMs });
  }

  /** What the table says of a packet; what follows from it is installed. */
  take(sent: FromSource, row = 0): Judgement {
    const judgement = this.table.judge(packetFrom(sent, row));
    if (judgement === CONFIRM) this.install(row, { ...this.given(row), latched: true });
    if (judgement === LEARN || judgement === LEARN_UNLATCHED) {
      this.install(row, { ...this.given(row), address: sent.source, latched: judgement === LEARN });
    }
    return judgement;
  }
}
