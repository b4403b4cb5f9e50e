import type { Result } from '../../../model/kernel/index.js';
import { readAdHoc } from './readAdHoc.js';
import { isPcap, readPcap } from './readPcap.js';
import type { RecordedPacket } from './recordedPacket.js';
import type { RecordingBytes, RecordingProblem } from './recordingBytes.js';

export type RecordingKind = 'pcap' | 'ad-hoc';

/** What a recording is: pcap if it begins like that, otherwise the ad-hoc format of rtpproxy. */
export const kindOfRecording = (file: RecordingBytes): RecordingKind => (isPcap(file) ? 'pcap' : 'ad-hoc');

/** The packets of a recording of either kind, and at last possibly why it cannot be read on. */
export function readRecording(file: RecordingBytes): Generator<Result<RecordedPacket, RecordingProblem>, void> {
  return kindOfRecording(file) === 'pcap' ? readPcap(file) : readAdHoc(file);
}
