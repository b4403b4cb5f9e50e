import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { AD_HOC_HEADER_BYTES, type RecordHead, readAdHocHead } from '../../protocol/recording/adHocWriter.js';
import {
  isPcapFileHeader,
  PCAP_FILE_HEADER_BYTES,
  PCAP_RECORD_HEADER_BYTES,
  readPcapHead,
} from '../../protocol/recording/pcapWriter.js';
import { errorCode } from './recordFolder.js';

const WINDOW_BYTES = 1 << 16;

/** What stands in a file that is gone on with. Times are milliseconds since the Unix epoch; null: there is no packet. */
export type WholeRecords = {
  readonly bytes: number;
  readonly packets: number;
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
};

type Layout = {
  readonly begin: number;
  readonly headBytes: number;
  readonly read: (bytes: Uint8Array, at: number) => RecordHead | null;
};

const LAYOUTS: Readonly<Record<'ad-hoc' | 'pcap', Layout>> = {
  'ad-hoc': { begin: 0, headBytes: AD_HOC_HEADER_BYTES, read: readAdHocHead },
  pcap: { begin: PCAP_FILE_HEADER_BYTES, headBytes: PCAP_RECORD_HEADER_BYTES, read: readPcapHead },
};

/** Cuts off what a crash has left at the end of a file that is no whole record. The error says why the file cannot be gone on with. */
export function cutTornTail(fd: number, form: 'ad-hoc' | 'pcap'): Result<WholeRecords, string> {
  try {
    const { size } = fstatSync(fd);
    const layout = LAYOUTS[form];
    if (size < layout.begin) {
      ftruncateSync(fd, 0);
      return ok({ bytes: 0, packets: 0, firstAtMs: null, lastAtMs: null });
    }
    const window = new Uint8Array(WINDOW_BYTES);
    readSync(fd, window, 0, WINDOW_BYTES, 0);
    if (form === 'pcap' && !isPcapFileHeader(window)) return refuse('it is no capture that was begun here');
    const found = walk(fd, size, layout, window);
    ftruncateSync(fd, found.bytes);
    return ok(found);
  } catch (error) {
    return refuse(errorCode(error));
  }
}

/** From head to head, as far as records are whole. `window` holds the beginning of the file. */
function walk(fd: number, size: number, { begin, headBytes, read }: Layout, window: Uint8Array): WholeRecords {
  let windowAt = 0;
  let packets = 0;
  let at = begin;
  let [firstAtMs, lastAtMs]: (number | null)[] = [null, null];
  while (at + headBytes <= size) {
    if (at + headBytes > windowAt + WINDOW_BYTES) {
      readSync(fd, window, 0, WINDOW_BYTES, at);
      windowAt = at;
    }
    const head = read(window, at - windowAt);
    if (head === null || at + head.bytes > size) break;
    firstAtMs ??= head.atMs;
    lastAtMs = head.atMs;
    packets++;
    at += head.bytes;
  }
  return { bytes: at, packets, firstAtMs: firstAtMs ?? null, lastAtMs: lastAtMs ?? null };
}
