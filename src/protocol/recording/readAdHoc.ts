import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { RecordedPacket } from './recordedPacket.js';
import { RecordedSource } from './recordedSource.js';

import { broken, type RecordingBytes, type RecordingProblem, truncated } from './recordingBytes.js';

/**
 * The header of a packet in an ad-hoc recording of rtpproxy; the file has none. Numbers in the order of the host that wrote it, which here
 * is little-endian; the port in network order.
 *
 *      0  family (2: IPv4, 10: IPv6)     2  port     4  address, the rest of 16 bytes zero
 *     20  arrival, seconds since 1970, IEEE double     28  bytes of the packet that follows
 */
const HEADER_BYTES = 30;
const PORT_AT = 2;
const HOST_AT = 4;
const TIME_AT = 20;
const LENGTH_AT = 28;

const AF_INET = 2;
const AF_INET6 = 10;

/** Seconds since 1970 that a recording may say: up to the year 9999, as ISO 8601 writes it. */
const LAST_SECOND = 253_402_300_800;

/**
 * The packets of an ad-hoc recording, in the order of the file, which is that of their arrival. The last thing that comes may be why it cannot be
 * read on. An empty file holds no packets, and is sound.
 */
export function* readAdHoc(file: RecordingBytes): Generator<Result<RecordedPacket, RecordingProblem>, void> {
  const source = new RecordedSource();
  for (let at = 0; at < file.size; ) {
    const header = file.read(at, HEADER_BYTES);
    if (header === null)
      return yield refuse(truncated(at, `the file ends ${file.size - at} bytes into a header of ${HEADER_BYTES}`));
    const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
    const family = view.getUint16(0, true);
    if (family !== AF_INET && family !== AF_INET6) {
      return yield refuse(broken(at, `address family ${family}: ${AF_INET} (IPv4) or ${AF_INET6} (IPv6) expected`));
    }
    const seconds = view.getFloat64(TIME_AT, true);
    if (!(seconds >= 0 && seconds < LAST_SECOND)) {
      return yield refuse(broken(at, `time of arrival ${seconds}: seconds since 1970 expected`));
    }
    const length = view.getUint16(LENGTH_AT, true);
    const address = source.addressOf(header, HOST_AT, family === AF_INET ? 4 : 16, view.getUint16(PORT_AT, false));
    const payload = file.read(at + HEADER_BYTES, length);
    if (payload === null) {
      const there = file.size - at - HEADER_BYTES;
      return yield refuse(truncated(at, `the file ends ${there} bytes into a packet of ${length}`));
    }
    yield ok({ atMs: seconds * 1000, source: address, payload });
    at += HEADER_BYTES + length;
  }
}
