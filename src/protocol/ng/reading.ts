import type { Family } from '../../../model/kernel/index.js';
import type { AttributeChanges, CodecWishes, NgCommand, NgFlag, NgRequest } from './request.js';
import type { NgValue } from './value.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Attributes = { -readonly [K in keyof AttributeChanges]: AttributeChanges[K][number][] };

/** A request while it is being read, as it is where nothing was said. (Written out as a class: so it is made fast.) */
export class Draft {
  readonly command: NgCommand;
  callId: string | null = null;
  fromTag: string | null = null;
  toTag: string | null = null;
  viaBranch: string | null = null;
  label: string | null = null;
  setLabel: string | null = null;
  toLabel: string | null = null;
  address: string | null = null;
  all: string | null = null;
  readonly fromTags: string[] = [];
  sdp: string | null = null;

  readonly flags = new Set<NgFlag>();
  supportsLoadLimit = false;
  readonly networks: Writable<NgRequest['networks']> = { from: null, to: null };
  readonly peers: Writable<NgRequest['peers']> = { from: null, to: null };
  addressFamily: Family | null = null;
  mediaAddress: string | null = null;
  receivedFrom: NgRequest['receivedFrom'] = null;
  transportProtocol: string | null = null;
  ice: string | null = null;
  readonly rtcpMux: NgRequest['rtcpMux'][number][] = [];
  readonly bundle: NgRequest['bundle'][number][] = [];
  dtls: string | null = null;
  readonly sdes: string[] = [];
  readonly osrtp: string[] = [];
  readonly replace = new Set<string>();
  readonly codec: { readonly [K in keyof CodecWishes]: string[] } = { strip: [], offer: [], except: [], mask: [], notDone: [] };
  ptime: number | null = null;
  ptimeReverse: number | null = null;
  readonly sdpAttr: Record<string, Attributes> = Object.create(null);
  readonly sdpMediaRemove: string[] = [];
  tos: number | null = null;
  deleteDelaySeconds: number | null = null;
  metadata: string | null = null;
  xmlrpcCallback: string | null = null;
  sipMessageType: 'request' | 'reply' | null = null;
  sipCode: number | null = null;

  recordingFile: string | null = null;
  recordingDir: string | null = null;
  recordingPattern: string | null = null;

  file: string | null = null;
  blob: string | null = null;
  repeatTimes: number | null = null;
  repeatDurationMs: number | null = null;
  startPosition: number | null = null;
  digit: number | null = null;
  durationMs: number | null = null;
  volume: number | null = null;
  pauseMs: number | null = null;

  limit: number | null = null;
  controller: string | null = null;
  readonly notify: string[] = [];
  notifyTag: string | null = null;
  after: number | null = null;

  constructor(command: NgCommand) {
    this.command = command;
  }
}

/** A request on its way from the wire, with what is to be said of it. */
export type Reading = {
  readonly request: Draft;
  readonly ignored: string[];
  readonly notDone: string[];
  /** Words out of `RTP`, `SRTP`, `AVP`, `AVPF`, `DTLS` that together name a transport. */
  readonly transportWords: Set<string>;
  /** Whether the command takes the key that is being read: only then is it said what of it is not done. */
  takes: boolean;
  /** Why the request cannot be carried out, as the client is told; null: nothing speaks against it. */
  complaint: string | null;
};

/** Takes what stands behind a key. False: it cannot be understood, and nothing has changed. */
export type Reader = (reading: Reading, value: NgValue, name: string) => boolean;

/** The fields of a request that may hold such values. */
export type FieldOf<T> = { [K in keyof Draft]: T extends Draft[K] ? (null extends Draft[K] ? K : never) : never }[keyof Draft];

/** Of each kind: strangers may send any number of them, and of any length. */
const MAX_NOTES = 64;
const MAX_NOTE_LENGTH = 100;

/** Says once that something means nothing here. */
export const ignore = (reading: Reading, what: string): void => note(reading.ignored, what);

/** Says once that something is known and not done, where the command takes it. */
export function leaveUndone(reading: Reading, what: string): void {
  if (reading.takes) note(reading.notDone, what);
}

/** Says that a key has a value without which the request must not be carried out, where the command takes it. The first one counts. */
export function complain(reading: Reading, name: string, value: NgValue, expected: string): void {
  const shown = typeof value === 'object' ? '[...]' : JSON.stringify(typeof value === 'string' ? cut(value) : value);
  if (reading.takes) reading.complaint ??= `${name} ${shown}: expected ${expected}`;
}

const cut = (text: string): string => (text.length > MAX_NOTE_LENGTH ? `${text.slice(0, MAX_NOTE_LENGTH)}...` : text);

function note(notes: string[], what: string): void {
  const text = cut(what);
  if (notes.length < MAX_NOTES && !notes.includes(text)) notes.push(text);
}

export const newReading = (command: NgCommand): Reading => ({
  request: new Draft(command),
  ignored: [],
  notDone: [],
  transportWords: new Set(),
  takes: true,
  complaint: null,
});
