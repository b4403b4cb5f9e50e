/** Recordings as files: which there are, and what is in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readRecording } from '../../src/protocol/recording/readRecording.js';
import { formatProblem, recordingInMemory } from '../../src/protocol/recording/recordingBytes.js';

const HEADER_BYTES = 12;
const SSRC_AT = 8;

/** A recorded RTP packet. */
export type RecordedRtp = {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
};

/** The packets of an ad-hoc or pcap file. @throws when the file does not consist of whole records */
export function packetsIn(path: string): Buffer[] {
  const packets: Buffer[] = [];
  for (const read of readRecording(recordingInMemory(readFileSync(path)))) {
    if (!read.ok) throw new Error(`${path}: ${formatProblem(read.error)}`);
    packets.push(Buffer.from(read.value.payload));
  }
  return packets;
}

/** The same as RTP. */
export const rtpIn = (path: string): RecordedRtp[] =>
  packetsIn(path).map((packet) => ({
    sequence: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(SSRC_AT),
    payload: packet.subarray(HEADER_BYTES),
  }));

/** Waits until there are so many files, all of them complete. Answers their names in order. */
export async function completeFiles(folder: string, count: number, limitMs = 10_000): Promise<string[]> {
  for (const until = Date.now() + limitMs; ; await delay(20)) {
    const names = readdirSync(folder).sort();
    if (names.length === count && !names.some((name) => name.includes('.part'))) return names;
    if (Date.now() > until)
      throw new Error(`${count} files expected in ${folder}, there are ${names.length}: ${names.slice(0, 20)}`);
  }
}

/** A WAV file of ours: its rate, and both sides. @throws when it is none */
export function stereoIn(path: string): { readonly rate: number; readonly sides: readonly [Int16Array, Int16Array] } {
  const bytes = readFileSync(path);
  const length = bytes.readUInt32LE(40);
  if (bytes.length !== 44 + length) throw new Error(`${path}: ${length} bytes of sound in a file of ${bytes.length}`);
  const samples = new Int16Array(Uint8Array.from(bytes.subarray(44)).buffer);
  const side = (channel: number): Int16Array =>
    Int16Array.from({ length: samples.length / 2 }, (_, i) => samples[i * 2 + channel]!);
  return { rate: bytes.readUInt32LE(24), sides: [side(0), side(1)] };
}

/** The folder of recordings within that of a relay. */
export const recordingsOf = (dir: string): string => join(dir, 'recordings');
