import type { Format } from '../../../model/session/dialogue.js';
import { otherSide, type Side } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import type { StreamCodec } from '../../protocol/rtp/payloadTypes.js';

const TELEPHONE_EVENT = /^telephone-event(?:\/|$)/i;

/** What a side may send: what the other one listed, who gave the payload types (RFC 3264 §5.1), and what it listed itself. */
const formatsSentBy = ({ legs }: SessionState, side: Side): readonly Format[] => [
  ...(legs[otherSide(side)].description?.formats ?? []),
  ...(legs[side].description?.formats ?? []),
];

/** Maps are made once for what descriptions say, which are the same objects as long as nothing changes. */
const known = new WeakMap<readonly Format[], WeakMap<readonly Format[], ReadonlyMap<number, StreamCodec>>>();
const NOTHING: readonly Format[] = [];

/** The codecs of what comes from a side, by payload type. Null: nothing is known of them. */
export function codecsSentBy(state: SessionState, side: Side): ReadonlyMap<number, StreamCodec> | null {
  const first = state.legs[otherSide(side)].description?.formats ?? NOTHING;
  const second = state.legs[side].description?.formats ?? NOTHING;
  if (first.length + second.length === 0) return null;
  const made = known.get(first) ?? new WeakMap<readonly Format[], ReadonlyMap<number, StreamCodec>>();
  const present = made.get(second);
  if (present !== undefined) return present;
  const codecs = codecsOf(first, second);
  known.set(first, made.set(second, codecs));
  return codecs;
}

function codecsOf(first: readonly Format[], second: readonly Format[]): ReadonlyMap<number, StreamCodec> {
  const codecs = new Map<number, StreamCodec>();
  for (const { payloadType, name } of [...first, ...second]) {
    if (name === '' || codecs.has(payloadType)) continue;
    const [codec = '', rate = ''] = name.split('/');
    const clockRate = Number(rate);
    if (clockRate > 0) codecs.set(payloadType, { name: codec, clockRate });
  }
  return codecs;
}

/** The payload type of digits (RFC 4733) that come from a side. Null: none was agreed on. */
export function telephoneEventOf(state: SessionState, side: Side): number | null {
  return formatsSentBy(state, side).find(({ name }) => TELEPHONE_EVENT.test(name))?.payloadType ?? null;
}
