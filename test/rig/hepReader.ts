/** A reader of HEP version 3 for tests, written from its description and not from the builder. */

export type HepChunk = { readonly vendor: number; readonly type: number; readonly content: Buffer };

/** The chunks of a packet that is complete and nothing else, in their order. Throws if it is not HEP3. */
export function readHep3(packet: Uint8Array): HepChunk[] {
  const bytes = Buffer.from(packet);
  if (bytes.toString('latin1', 0, 4) !== 'HEP3') throw new Error('no HEP3');
  if (bytes.readUInt16BE(4) !== bytes.length) throw new Error(`it says ${bytes.readUInt16BE(4)} bytes and has ${bytes.length}`);
  const chunks: HepChunk[] = [];
  for (let at = 6; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at + 4);
    if (length < 6 || at + length > bytes.length) throw new Error(`a chunk of ${length} bytes at ${at}`);
    chunks.push({
      vendor: bytes.readUInt16BE(at),
      type: bytes.readUInt16BE(at + 2),
      content: bytes.subarray(at + 6, at + length),
    });
    at += length;
  }
  return chunks;
}

/** Whole packets from the front of a stream, and what is left. */
export function splitHep3(stream: Buffer): { readonly packets: Buffer[]; readonly rest: Buffer } {
  const packets: Buffer[] = [];
  let at = 0;
  while (stream.length >= at + 6 && stream.length >= at + stream.readUInt16BE(at + 4)) {
    packets.push(stream.subarray(at, at + stream.readUInt16BE(at + 4)));
    at += packets.at(-1)!.length;
  }
  return { packets, rest: stream.subarray(at) };
}

/** The content of the one chunk of a type. */
export function chunkOf(chunks: readonly HepChunk[], type: number): Buffer {
  const found = chunks.filter((chunk) => chunk.type === type);
  if (found.length !== 1) throw new Error(`${found.length} chunks of type ${type}`);
  return found[0]!.content;
}
