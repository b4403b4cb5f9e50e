import type { Format, MediaDescription } from '../../../../../model/session/dialogue.js';
import { otherSide, type Side } from '../../../../../model/session/side.js';
import { isMuxed, type SessionState } from '../../../../../model/session/state.js';
import type { SourceReport, StreamReport } from '../../../../media/streamReport.js';
import type { StreamSources } from '../../../../media/streamSources.js';
import { rowOf } from '../../../../media/streams.js';
import type { NgDictionary } from '../../../../protocol/ng/value.js';
import { legIndexOf, type Session } from '../../../session/session.js';
import type { Draft } from './draft.js';
import { describeSource, egressOf, ingressOf } from './source.js';
import { describeStream, type StreamWorld, type Total } from './stream.js';

export type MediaWorld = StreamWorld & {
  readonly sources: StreamSources;
  /** What stands under `SSRC`: filled on the way. */
  readonly ssrcs: Draft;
  readonly totals: { readonly RTP: Total; readonly RTCP: Total };
};

/** What is heard of a side of a session. */
export type Heard = {
  readonly side: Side;
  readonly tag: string;
  readonly report: StreamReport;
  /** SSRC → what is told of it. */
  readonly entries: ReadonlyMap<number, NgDictionary>;
};

const NO_ENTRIES: ReadonlyMap<number, NgDictionary> = new Map();

/** Looks at what a side is heard with, and puts its SSRCs under `SSRC`. */
export function hear({ slot }: Session, side: Side, tag: string, { sources, ssrcs, detail }: MediaWorld): Heard {
  const report = sources.read(rowOf(slot, legIndexOf(side), 0), detail === 'whole');
  if (report.sources.length === 0) return { side, tag, report, entries: NO_ENTRIES };
  const entries = new Map<number, NgDictionary>();
  for (const source of detail === 'lean' ? report.sources.slice(0, 1) : report.sources) {
    const entry = describeSource(source, { tag, side }, detail);
    entries.set(source.ssrc, entry);
    // A caller of several branches sends each of them the same stream: the one that most came of stands for it.
    const known = ssrcs[source.ssrc] as NgDictionary | undefined;
    if (known === undefined || (known['packets'] as number) < source.packets) ssrcs[source.ssrc] = entry;
  }
  return { side, tag, report, entries };
}

/** One media line of a side. `heard`: of the side itself; `other`: of the other one, which it hears. */
export function describeMedia(session: Session, heard: Heard, other: Heard, world: MediaWorld): Draft {
  const { side } = heard;
  const state = session.snapshot.context;
  const { description } = state.legs[side];
  const [current] = heard.report.sources;
  const ssrc = current?.ssrc ?? null;
  const media: Draft = {
    index: state.dialogue?.media ?? 1,
    type: description?.kind ?? 'audio',
    protocol: description?.protocol ?? 'RTP/AVP',
  };
  const codec = codecOf(state, side, current);
  if (codec !== null) media['codec'] = codec;
  media['streams'] = [
    describeStream(session, side, 0, ssrc, world, world.totals.RTP),
    describeStream(session, side, 1, null, world, world.totals.RTCP),
  ];
  media['flags'] = flagsOf(state, side);
  if (world.detail === 'lean') return media;
  media['ingress SSRCs'] = [...heard.entries].map(([each, entry]) => ingressOf(each, entry));
  media['egress SSRCs'] = [...other.entries].map(([each, entry]) => egressOf(each, entry));
  addOwn(media, state, heard, world.detail === 'whole' ? description : null);
  return media;
}

/** Seen from the relay, as rtpengine says it: it receives what the side sends. */
function flagsOf(state: SessionState, side: Side): string[] {
  const { asymmetric, description, held, local } = state.legs[side];
  const direction = description?.direction ?? 'sendrecv';
  const flags = local === null ? [] : ['initialized'];
  if (asymmetric) flags.push('asymmetric');
  if ((direction === 'sendrecv' || direction === 'recvonly') && !held) flags.push('send');
  if (direction === 'sendrecv' || direction === 'sendonly') flags.push('recv');
  if (isMuxed(state, side)) flags.push('rtcp-mux');
  if (description?.protocol.includes('SAVP')) flags.push('passthrough');
  return flags;
}

/** What only we tell: see `keys.ts`. `description` null: it is not to be told. */
function addOwn(media: Draft, state: SessionState, { side, report }: Heard, description: MediaDescription | null): void {
  const { mutes, held, playback } = state.legs[side];
  const { dialogue } = state;
  media['side'] = side;
  if (dialogue !== null) media['network'] = dialogue.networks[side];
  if (dialogue !== null && dialogue.branch !== null) media['via-branch'] = dialogue.branch;
  if (description !== null && description.formats.length > 0) media['offered codecs'] = description.formats.map(formatText);
  if (mutes.length > 0) media['muted'] = mutes;
  if (held) media['on hold'] = 1;
  if (playback !== null) media['hears'] = playback.prompt;
  if (report.roundTripUs !== null) media['round-trip time'] = report.roundTripUs;
  if (report.forgotten > 0) media['forgotten SSRCs'] = report.forgotten;
}

const formatText = ({ payloadType, name }: Format): string => (name === '' ? `payload type ${payloadType}` : name);

const NO_SPEECH = /^(?:telephone-event|CN)(?:\/|$)/i;

/**
 * What a side talks in: what its last packet was, or, between two words, what most of its packets were; before any has come, the first that
 * both sides know. Null: not known.
 */
function codecOf(state: SessionState, side: Side, source: SourceReport | undefined): string | null {
  const own = state.legs[side].description?.formats ?? [];
  const other = state.legs[otherSide(side)].description?.formats ?? [];
  if (source === undefined) {
    const speech = own.filter(({ name }) => !NO_SPEECH.test(name));
    const common = speech.find(({ name }) => other.some((each) => each.name === name)) ?? speech[0];
    return common === undefined ? null : formatText(common);
  }
  let voice: SourceReport['payloadTypes'][number] | null = null;
  for (const type of source.payloadTypes) {
    if (type.codec !== null && NO_SPEECH.test(type.codec)) continue;
    if (voice === null || type.packets > voice.packets || type.payloadType === source.lastPayloadType) voice = type;
    if (type.payloadType === source.lastPayloadType) break;
  }
  if (voice === null) return null;
  const { payloadType, codec, clockRate } = voice;
  const listed = [...other, ...own].find((format) => format.payloadType === payloadType && format.name !== '');
  if (listed !== undefined) return listed.name;
  return codec === null ? `payload type ${payloadType}` : `${codec}/${clockRate}`;
}
