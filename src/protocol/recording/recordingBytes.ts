/** A recording as its readers see it. It may be larger than the memory: who has it reads it piece by piece. */
export type RecordingBytes = {
  /** Bytes of the whole. */
  readonly size: number;
  /** `length` bytes from `at` on, valid until the next call; null if the file ends before. A reader goes forwards. */
  readonly read: (at: number, length: number) => Uint8Array | null;
};

/** Where a recording cannot be read on. What came before is good. */
export type RecordingProblem = {
  /** The file ends within a packet, as that of a relay which died; or it does not hold what it should. */
  readonly kind: 'truncated' | 'broken';
  /** Bytes from the beginning of the file. */
  readonly offset: number;
  /** One sentence without the offset: what is there, and what was expected. */
  readonly message: string;
};

export const truncated = (offset: number, message: string): RecordingProblem => ({ kind: 'truncated', offset, message });
export const broken = (offset: number, message: string): RecordingProblem => ({ kind: 'broken', offset, message });

/** `… at byte 230: the file ends 12 bytes into it`: a problem as it is shown. */
export const formatProblem = ({ offset, message }: RecordingProblem): string => `at byte ${offset}: ${message}`;

/** A recording that is in memory as a whole. */
export function recordingInMemory(bytes: Uint8Array): RecordingBytes {
  return {
    size: bytes.length,
    read: (at, length) => (at + length > bytes.length ? null : bytes.subarray(at, at + length)),
  };
}
