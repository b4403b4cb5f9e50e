import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { encodePrompt as encode, MAX_PROMPT_BYTES } from '../../relay/tools/encodePrompt.js';
import { containerOf } from '../../relay/tools/soundLayout.js';
import { installedCodecs } from '../audio/audioCodecs.js';
import { type FileContents, type FileState, readRegularFile } from './regularFile.js';

/** By so many a sound file is told from others. */
const MAGIC_BYTES = 12;
const GONE = 'is not there any more';

export type EncodePromptOrder = {
  /** The sound file, byte for byte. */
  readonly path: Uint8Array;
  readonly payloadType: number;
};

/** What came of a file in some state; `isSettled` as in `FileContents`. */
export type EncodedPrompt =
  | { readonly kind: 'frames'; readonly frames: Uint8Array; readonly state: FileState; readonly isSettled: boolean }
  /** The file has no header of a sound. */
  | { readonly kind: 'noSound'; readonly state: FileState; readonly isSettled: boolean }
  /** It has one, but cannot be made into a prompt. */
  | { readonly kind: 'badSound'; readonly reason: string; readonly state: FileState; readonly isSettled: boolean }
  /** Nothing on this machine encodes that payload type: it was not even looked at. */
  | { readonly kind: 'noCodec' };

/** Reads a sound file and encodes it, which takes a thread of its own some time. Refused where the file is not to be had. */
export async function encodePrompt({ path, payloadType }: EncodePromptOrder): Promise<Result<EncodedPrompt, string>> {
  const codec = (await installedCodecs()).get(payloadType);
  if (codec === undefined) return ok({ kind: 'noCodec' });
  const file = Buffer.from(path);
  const head = await readRegularFile(file, Number.POSITIVE_INFINITY, MAGIC_BYTES);
  if (!head.ok) return refuse(head.error ?? GONE);
  if (containerOf(head.value.bytes) === null) return ok({ kind: 'noSound', ...stateOf(head.value) });
  const read = await readRegularFile(file, MAX_PROMPT_BYTES);
  if (!read.ok) return refuse(read.error ?? GONE);
  const encoded = encode(read.value.bytes, codec);
  if (!encoded.ok) return ok({ kind: 'badSound', reason: encoded.error, ...stateOf(read.value) });
  return ok({ kind: 'frames', frames: encoded.value, ...stateOf(read.value) });
}

const stateOf = ({ state, isSettled }: FileContents): Pick<FileContents, 'state' | 'isSettled'> => ({ state, isSettled });
