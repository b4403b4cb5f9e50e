import type { Phase } from '../../../model/session/chart.js';
import type { SessionCommand } from '../../../model/session/command.js';
import { DIRECTIONS, SOURCE_RULES } from '../../../model/session/dialogue.js';
import type { CloseReason, EventType, RecoveryCause, Reference } from '../../../model/session/event.js';
import type { PlaybackEnd } from '../../../model/session/playback.js';
import { RECORDING_FORMS, type RecordingEnd } from '../../../model/session/recording.js';
import { REFUSALS, type Refusal } from '../../../model/session/refusal.js';
import { COMPONENTS, SIDES } from '../../../model/session/side.js';
import { MUTES } from '../../../model/session/state.js';
import {
  type Check,
  count,
  either,
  fields,
  flag,
  listOf,
  listOfNumbers,
  mapOfNumbers,
  moment,
  nullable,
  oneOf,
  optional,
  span,
  text,
  variants,
  whole,
} from './checks.js';
import type { SegmentHeader } from './logEntry.js';
import type { LogRecord } from './record.js';

/** How many media threads a relay may have at the most, and more. */
const MOST_SHARDS = 65_535;
const HOST = /^[\w:.%-]{0,255}$/;

const all = <K extends string>(names: Readonly<Record<K, true>>): Check => oneOf(Object.keys(names));
const each = (names: readonly string[], check: Check): Check => fields(Object.fromEntries(names.map((name) => [name, check])));
const bothSides = (check: Check): Check => each(SIDES, check);
const bothComponents = (check: Check): Check => each(COMPONENTS, check);

const side = oneOf(SIDES);
const component = oneOf(COMPONENTS);
const host = text(HOST);
/** A packet may come from port 0, and behind RTP on 65535 that of RTCP is counted as 0. */
const address = fields({ host, port: whole(0, 65_535) });
const network = fields({ host, advertised: nullable(host) });
const codecs = listOf(whole(0, 255));
const tos = whole(0, 255);
const reference = all<Reference>({ strong: true, caller: true, callee: true });
const cause = all<RecoveryCause>({ process: true, thread: true });
const reason = all<CloseReason>({
  ...{ deleted: true, timeout: true, purged: true, shutdown: true, defect: true },
  ...{ 'port-lost': true, 'set-aside': true },
});
const dtmf = fields({ tag: text(), payloadType: whole(0, 255), swallow: flag });
const source = fields({ call: text(), tag: text(), hears: bothSides(nullable(side)) });
const tally = fields({ received: count, relayed: count, dropped: count });
const notify = fields({
  target: variants('kind', {
    unix: { path: text() },
    tcp: { host: text(), port: whole(0, 65_535), bind: nullable(text()) },
    xmlrpc: { url: text() },
  }),
  tag: text(),
  toTag: nullable(text()),
});

/** Of an RTP header: a field of 32 bits. */
const long = whole(0, 0xffffffff);
const played = {
  ...{
    prompt: text(),
    payloadType: whole(0, 127),
    ptimeMs: whole(1, 1000),
    count: whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  },
  ...{ skip: optional(count), durationMs: optional(count) },
  voice: fields({ ssrc: long, sequence: whole(0, 0xffff), timestamp: long }),
};
const playback = fields({ ...played, startedAt: moment });
const playbackEnd = all<PlaybackEnd>({ finished: true, stopped: true, replaced: true, failed: true });
const pressed = fields({ code: whole(0, 15), payloadType: whole(0, 127), durationMs: count, volume: whole(0, 63) });
const sides = listOf(side);
const form = oneOf(RECORDING_FORMS);
const recordingEnd = all<RecordingEnd>({ stopped: true, failed: true });
const recording = fields({
  ...{ id: whole(1, Number.MAX_SAFE_INTEGER), sides, form, single: flag, name: nullable(text()), startedAt: moment },
  files: listOf(text()),
});

const direction = oneOf(DIRECTIONS);
const description = fields({
  ...{ kind: text(), protocol: text(), direction, rtcpMux: flag, ptimeMs: nullable(count) },
  formats: listOf(fields({ payloadType: whole(0, 127), name: text(), fmtp: nullable(text()) })),
});
const sources = oneOf(SOURCE_RULES);
const offer = fields({
  ...{ address: nullable(address), rtcp: nullable(address), held: flag, asymmetric: flag, description },
  ...{ sources: nullable(sources), reset: flag, newPorts: flag },
});
const dialogue = fields({
  ...{
    tags: bothSides(nullable(text())),
    branch: nullable(text()),
    media: whole(1, 65_535),
    labels: bothSides(nullable(text())),
  },
  ...{ networks: bothSides(text()), metadata: nullable(text()), demux: flag },
  origins: bothSides(nullable(fields({ version: text(), digest: text() }))),
  owner: nullable(fields({ controller: text(), ways: listOf(text()), tag: optional(text()) })),
  subscribes: optional(fields({ caller: nullable(text()), branch: nullable(text()), media: whole(1, 65_535), side })),
});
const mute = oneOf(MUTES);

const latched = { side, component, address, latched: flag, learned: flag };
const sourced = { side, component, address };

const COMMANDS: Readonly<Record<SessionCommand['type'], Readonly<Record<string, Check>>>> = {
  Signal: {
    ...{ side, address: nullable(address), held: flag, asymmetric: flag, codecs, resizeMs: nullable(count), newPort: flag },
    networks: nullable(variants('kind', { both: { network }, each: { caller: network, callee: nullable(network) } })),
    notify: either(nullable(notify), oneOf(['keep'])),
    ttlMs: bothSides(nullable(count)),
    reference: nullable(reference),
    opening: nullable(fields({ call: text(), tag: text() })),
  },
  Negotiate: {
    ...{ kind: oneOf(['offer', 'answer']), side, offer, within: flag, tag: nullable(text()) },
    networks: nullable(variants('kind', { both: { network }, each: { caller: network, callee: nullable(network) } })),
    notify: either(nullable(notify), oneOf(['keep'])),
    opening: nullable(fields({ call: text(), tag: text(), dialogue })),
  },
  Withdraw: { side: nullable(side) },
  SetDialogue: { dialogue },
  SetMute: { side, mute, on: flag },
  Delete: { delayMs: count, unlessHeard: flag },
  NoteSource: latched,
  NoteRefused: sourced,
  NoteUnreachable: { side, component },
  Recover: { cause, downMs: span },
  SetTtl: { side, ttlMs: count },
  SetTos: { side, tos },
  CatchDtmf: { side, dtmf },
  Copy: { side, to: address, local: address },
  StopCopy: { side, local: nullable(address) },
  Play: { side, playback: fields(played) },
  StopPlay: { side, reason: playbackEnd },
  PlayDtmf: { side, dtmf: pressed },
  Record: { sides, form, single: flag, name: nullable(text()) },
  NameRecording: { recording: whole(1, Number.MAX_SAFE_INTEGER), files: listOf(text()) },
  StopRecording: { recording: whole(1, Number.MAX_SAFE_INTEGER), sides, reason: recordingEnd },
  Fork: { source },
  Release: { reference },
  CheckIdle: {},
  Close: { reason },
};

const EVENTS: Readonly<Record<EventType, Readonly<Record<string, Check>>>> = {
  SessionOpened: {
    ...{ call: text(), tag: text(), setupTtlMs: count, ttlMs: count, independentTtl: flag, reference },
    networks: bothSides(network),
  },
  NetworkChosen: { side, network },
  LegOpened: { side, local: address },
  RemoteSignalled: { side, address, rtcp: optional(address), moved: optional(flag) },
  LegHeld: { side },
  SymmetryChanged: { side, asymmetric: flag },
  CodecsOffered: { side, codecs },
  ResizingChanged: { side, resizeMs: nullable(count) },
  TosChanged: { side, tos },
  TtlChanged: { side, ttlMs: count },
  NotifyChanged: { notify: nullable(notify) },
  DtmfCatchChanged: { side, dtmf },
  CopyStarted: { side, to: address, local: address },
  CopyStopped: { side, local: nullable(address) },
  PlaybackStarted: { side, playback },
  PlaybackEnded: { side, reason: playbackEnd },
  DtmfPlayed: { side, dtmf: pressed },
  RecordingStarted: { recording },
  RecordingNamed: { recording: whole(1, Number.MAX_SAFE_INTEGER), files: listOf(text()) },
  RecordingStopped: { recording: whole(1, Number.MAX_SAFE_INTEGER), sides, reason: recordingEnd },
  ForkStarted: { source },
  DialogueChanged: { dialogue },
  PartyChanged: { side },
  RemoteForgotten: { side },
  SourcesChanged: { side, sources },
  MediaDescribed: { side, description },
  OfferMade: { side, offer },
  OfferClosed: { side, taken: flag },
  MutesChanged: { side, mutes: listOf(mute) },
  DeletionSet: { until: moment, unlessHeard: flag },
  DeletionCancelled: { reason: oneOf(['signalled', 'heard']) },
  RemoteLatched: latched,
  SourceRefused: sourced,
  RemoteUnreachable: sourced,
  SessionRecovered: { cause, downMs: span },
  ReferenceTaken: { reference },
  ReferenceReleased: { reference },
  SessionClosed: { reason, tally: bothSides(tally) },
};

const remote = fields({
  ...{ address: nullable(address), previous: nullable(address), latched: flag, untrusted: flag, signalledAt: nullable(moment) },
});
const leg = fields({
  ...{ network, local: nullable(address), rtp: remote, rtcp: remote, asymmetric: flag, codecs, held: flag, holds: count },
  ...{ resizeMs: nullable(count), tos: nullable(tos), ttlMs: nullable(count), dtmf: nullable(dtmf) },
  copies: listOf(fields({ to: address, local: address })),
  ...{ mutes: listOf(mute), description: nullable(description), strict: flag, sources },
  pending: nullable(fields({ side, offer, at: moment })),
  playback: nullable(playback),
  refused: listOf(address),
  unreachable: bothComponents(nullable(address)),
  lastSignal: nullable(fields({ address, at: moment, rtcp: optional(address) })),
});
const state = fields({
  ...{ call: text(), tag: text(), openedAt: moment, setupTtlMs: count, ttlMs: count, independentTtl: flag },
  ...{ recordings: listOf(recording), recordingsBegun: count },
  ...{ notify: nullable(notify), fork: nullable(source), legs: bothSides(leg), recoveries: count, closed: nullable(reason) },
  references: fields({ strong: flag, caller: flag, callee: flag }),
  dialogue: nullable(dialogue),
  deletion: nullable(fields({ since: moment, until: moment, unlessHeard: flag })),
});
const stream = fields({
  ...{ counters: listOfNumbers, latch: nullable(listOfNumbers), analysis: nullable(listOfNumbers) },
  ...{ splice: optional(nullable(listOfNumbers)), sources: optional(nullable(listOfNumbers)) },
});
const sample = fields({ touchedAt: bothSides(moment), streams: listOf(nullable(stream)) });

const session = whole(0, Number.MAX_SAFE_INTEGER);
const shard = whole(0, MOST_SHARDS);
const numbered = { seq: whole(1, Number.MAX_SAFE_INTEGER), at: moment, shard };
const RECORDS: Readonly<Record<LogRecord['kind'], Readonly<Record<string, Check>>>> = {
  step: {
    ...numbered,
    ...{ call: text(), session, command: variants('type', COMMANDS), events: listOf(variants('type', withTime(EVENTS))) },
    refusal: optional(oneOf(Object.keys(REFUSALS) as Refusal[])),
    sparePort: optional(address),
    heardAt: optional(bothSides(moment)),
  },
  exchange: { ...numbered, call: text(), from: text(), command: text(), reply: text() },
  sample: { ...numbered, session, sample },
  snapshot: {
    ...{ ...numbered, call: text(), session, state, sample },
    phase: all<Phase>({ new: true, waiting: true, relaying: true, closed: true }),
  },
  base: { ...numbered, sessions: count, counters: mapOfNumbers },
  vitals: { ...numbered, counters: mapOfNumbers },
  recording: {
    ...{
      ...numbered,
      call: text(),
      session,
      recording: whole(1, Number.MAX_SAFE_INTEGER),
      startedAt: moment,
      durationMs: span,
      packets: count,
    },
    files: listOf(fields({ path: text(), packets: count, bytes: count })),
  },
  end: numbered,
};

function withTime(events: typeof EVENTS): Readonly<Record<string, Readonly<Record<string, Check>>>> {
  return Object.fromEntries(Object.entries(events).map(([type, table]) => [type, { at: moment, ...table }]));
}

const record = variants('kind', RECORDS);

const header = fields({
  shard,
  run: moment,
  startedAt: moment,
  version: whole(1, Number.MAX_SAFE_INTEGER),
  shards: optional(nullable(whole(1, MOST_SHARDS))),
  program: optional(nullable(text())),
  setting: optional(
    nullable(fields({ ttlMs: count, setupTtlMs: count, independentTtl: flag, network, deleteGraceMs: optional(count) })),
  ),
});

/**
 * What keeps a value from being a record of the log, in words (`events[0].side is "both"`), or null: then everything that `Fold`, `apply` and
 * whoever shows records will touch is there and of its kind. A checksum says that nothing was damaged, not that it was we who wrote
 * it. Never throws. Parts that are not known are let through: a later version may add some.
 */
export const wrongInRecord = (value: unknown): string | null => inWords(record(value));

/** The same for the first frame of a segment. Its version may be one that is not known here. */
export const wrongInHeader = (value: unknown): string | null => inWords(header(value));

const inWords = (wrong: string | null): string | null =>
  wrong === null || !wrong.startsWith('.') ? wrong && `it${wrong}` : wrong.slice(1);

/** For values that `wrongInRecord` found nothing wrong with. */
export const isRecord = (value: unknown): value is LogRecord => wrongInRecord(value) === null;
export const isHeader = (value: unknown): value is SegmentHeader => wrongInHeader(value) === null;
