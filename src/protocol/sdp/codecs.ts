import { numberIn, skipBlanks, wordEnd, wordsOf } from './lines.js';
import type { SdpCodec, SdpLine, SdpMedia, SdpPlan } from './sdp.js';

/** Which codecs of a section are to stay, made ready for looking up. */
export type CodecChoice = {
  /** `all` or `full` is to go. */
  readonly stripsAll: boolean;
  readonly strip: ReadonlySet<string>;
  readonly keep: ReadonlySet<string>;
  /** What comes first: the place in the list by name. */
  readonly order: ReadonlyMap<string, number>;
  readonly single: boolean;
  readonly mayLoseAll: boolean;
};

/** Null: all stay as they are. */
export function codecChoice({ codec, singleCodec, allowNoCodecMedia }: SdpPlan): CodecChoice | null {
  const { strip, mask, except, offer } = codec;
  // Nothing is transcoded, so that a masked codec is one that the other side must not see.
  const out = [...strip, ...mask].map((name) => name.toLowerCase());
  if (out.length === 0 && offer.length === 0 && !singleCodec) return null;
  const order = new Map<string, number>();
  for (const name of offer) if (!order.has(name.toLowerCase())) order.set(name.toLowerCase(), order.size);
  return {
    stripsAll: out.includes('all') || out.includes('full'),
    strip: new Set(out),
    keep: new Set([...except, ...offer].map((name) => name.toLowerCase())),
    order,
    single: singleCodec,
    mayLoseAll: allowNoCodecMedia,
  };
}

/** A codec with all the names that it may be called by. */
type Named = { readonly codec: SdpCodec; readonly name: string; readonly rate: string; readonly calls: readonly string[] };

function named(codec: SdpCodec): Named {
  const [name = '', rate = '', channels = '1'] = codec.name.toLowerCase().split('/');
  const number = String(codec.payloadType);
  const calls = name === '' ? [number] : [name, `${name}/${rate}`, `${name}/${rate}/${channels}`, number];
  return { codec, name, rate, calls };
}

const EVENTS = 'telephone-event';
/** Carried beside a codec: alone they are no media. */
const BESIDE = new Set([EVENTS, 'cn', 'rtx', 'red', 'ulpfec', 'flexfec', 'flexfec-03']);
const isMain = ({ name }: Named): boolean => !BESIDE.has(name);

/** The section with the codecs that are to stay; null: none would, and none may. Formats that are no payload types stay. */
export function chooseCodecs(lines: readonly SdpLine[], media: SdpMedia, choice: CodecChoice): readonly SdpLine[] | null {
  const all = media.codecs.map(named);
  const stripped = choice.stripsAll || choice.strip.size > 0 ? strip(all, choice) : all;
  const lostAll = all.length > 0 && (all.some(isMain) ? !stripped.some(isMain) : stripped.length === 0);
  if (lostAll && choice.mayLoseAll) return null;
  const ordered = inOrder(lostAll ? all : stripped, choice.order);
  const chosen = choice.single ? single(ordered) : ordered;
  if (chosen.length === all.length && chosen.every((one, i) => one === all[i])) return lines;
  return withCodecs(lines, media, chosen);
}

function strip(all: readonly Named[], { stripsAll, strip: out, keep }: CodecChoice): Named[] {
  const names = (set: ReadonlySet<string>, { calls }: Named): boolean => calls.some((call) => set.has(call));
  return withFollowers(
    all,
    (one) => !(stripsAll || names(out, one)) || names(keep, one),
    (one) => !names(out, one) || names(keep, one),
  );
}

/** Those that stay by `stays`; what is for others (redundancy, retransmission) stays with them, if it may. */
function withFollowers(all: readonly Named[], stays: (one: Named) => boolean, may: (one: Named) => boolean): Named[] {
  const gone = new Set<number>();
  const staying = new Set<Named>();
  const settle = (one: Named, isStaying: boolean): void => {
    if (isStaying) staying.add(one);
    else gone.add(one.codec.payloadType);
  };
  const [red, rtx] = ['red', 'rtx'].map((name) => all.filter((one) => one.name === name)) as [Named[], Named[]];
  for (const one of all) if (one.name !== 'red' && one.name !== 'rtx') settle(one, stays(one));
  // Redundancy comes before retransmission, which may be for it.
  for (const one of [...red, ...rtx]) {
    const leaders = leadersOf(one);
    settle(one, leaders.length === 0 ? stays(one) : may(one) && !leaders.some((payloadType) => gone.has(payloadType)));
  }
  return all.filter((one) => staying.has(one));
}

/** `apt=96` (RFC 4588 §8.6) and `111/111` (RFC 2198 §5): the payload types that it is for. */
function leadersOf({ name, codec: { fmtp } }: Named): number[] {
  if (fmtp === null) return [];
  const text = name === 'rtx' ? (/(?:^|[; ])apt=(\d{1,3})(?!\d)/.exec(fmtp)?.[1] ?? '') : fmtp.trim();
  const types = text.split('/').map((word) => numberIn(word, 0, word.length));
  return types.includes(-1) ? [] : types;
}

function inOrder(list: readonly Named[], order: ReadonlyMap<string, number>): readonly Named[] {
  if (order.size === 0) return list;
  const ranks = new Map(list.map((one) => [one, Math.min(...one.calls.map((call) => order.get(call) ?? order.size))]));
  return [...list].sort((a, b) => ranks.get(a)! - ranks.get(b)!);
}

/** The first, telephone events at its rate (or at any, where there are none), and what retransmits it. */
function single(list: readonly Named[]): readonly Named[] {
  const first = list.find(isMain);
  if (first === undefined) return list;
  const events = list.filter(({ name }) => name === EVENTS);
  const fitting = events.filter(({ rate }) => rate === first.rate);
  const with_ = new Set([first, ...(fitting.length > 0 ? fitting : events)]);
  const isFor = (one: Named): boolean => one.name === 'rtx' && leadersOf(one)[0] === first.codec.payloadType;
  return list.filter((one) => with_.has(one) || isFor(one));
}

function withCodecs(lines: readonly SdpLine[], media: SdpMedia, chosen: readonly Named[]): readonly SdpLine[] {
  const kept = new Set(chosen.map(({ codec }) => codec.payloadType));
  const gone = new Set(media.codecs.map(({ payloadType }) => payloadType).filter((payloadType) => !kept.has(payloadType)));
  const known = new Set(media.codecs.map(({ payloadType }) => payloadType));
  const others = media.formats.filter((format) => !known.has(numberIn(format, 0, format.length)));
  const formats = [...chosen.map(({ codec }) => String(codec.payloadType)), ...others];
  const [first, ...rest] = lines as [SdpLine, ...SdpLine[]];
  const [kind, port, protocol] = wordsOf(first.value);
  const value = [kind, port, protocol, ...formats].join(' ');
  return [{ ...first, value }, ...rest.filter(({ type, value: said }) => type !== 'a' || !gone.has(payloadTypeOf(said)))];
}

const ABOUT_A_TYPE = ['rtpmap:', 'fmtp:', 'rtcp-fb:'];

/** The payload type that an attribute is about; -1: none. */
function payloadTypeOf(value: string): number {
  const name = ABOUT_A_TYPE.find((one) => value.startsWith(one));
  if (name === undefined) return -1;
  const at = skipBlanks(value, name.length);
  return numberIn(value, at, wordEnd(value, at));
}
