import { decodeUrlText } from '../bytes/urlText.js';
import { type DtmfEvent, USUAL_EVENT_PAYLOAD_TYPE } from '../rtp/telephoneEvent.js';

/** What `&& M3:n <tag> [payload type [flags]]` asks for. */
export type DtmfArguments = {
  /** Stands in front of every line to the notify target; Latin-1. */
  readonly tag: string;
  readonly payloadType: number;
  /** Event packets are reported and not relayed. */
  readonly swallow: boolean;
};

const LARGEST_PAYLOAD_TYPE = 127;

/**
 * Reads the arguments of the sub-command, those behind `M3:n`. Null where rtpproxy's module answers -1: none or more than three, an
 * encoding or a payload type that is none, a flag other than `h`. Beyond rtpproxy, a tag with a line end or a NUL in it is refused too:
 * it is often made of a Call-ID, which a stranger chose, and would forge lines of its own on the notify socket.
 */
export function parseDtmfArguments(args: readonly string[]): DtmfArguments | null {
  const [encoded, payloadText = `${USUAL_EVENT_PAYLOAD_TYPE}`, flags = '', ...surplus] = args;
  if (encoded === undefined || surplus.length > 0) return null;
  const tag = decodeUrlText(encoded);
  if (tag === null || ['\n', '\r', '\0'].some((character) => tag.includes(character))) return null;
  const payloadType = /^[+-]?\d+$/.test(payloadText) ? Number(payloadText) : -1;
  if (payloadType < 0 || payloadType > LARGEST_PAYLOAD_TYPE) return null;
  if (!/^[hH]*$/.test(flags)) return null;
  return { tag, payloadType: Math.abs(payloadType), swallow: flags !== '' };
}

/** The line for the notify target, without its line end. `side`: 0 if the caller's leg heard the event, 1 if the callee's did. */
export function formatDtmfLine(tag: string, { digit, volume, duration }: DtmfEvent, side: 0 | 1): string {
  return `${tag} ${digit} ${volume} ${duration} ${side}`;
}
