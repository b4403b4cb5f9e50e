import type { Family } from '../../../model/kernel/index.js';
import type { NgEncoding } from './value.js';

export const NG_COMMANDS = [
  ...(['ping', 'offer', 'answer', 'rollback', 'delete', 'query', 'list', 'statistics'] as const),
  ...(['start recording', 'stop recording', 'pause recording'] as const),
  ...(['play media', 'stop media', 'play DTMF'] as const),
  ...(['block media', 'unblock media', 'silence media', 'unsilence media', 'block DTMF', 'unblock DTMF'] as const),
  ...(['subscribe request', 'subscribe answer', 'unsubscribe'] as const),
  // Ours: which events this connection is to get.
  'events',
] as const;
export type NgCommand = (typeof NG_COMMANDS)[number];

/** Flags with an effect, as they are spelled here; others are known but change nothing, or not known at all. */
export const NG_FLAGS = [
  ...(['trust-address', 'sip-source-address', 'symmetric', 'asymmetric', 'strict-source', 'media-handover'] as const),
  ...(['port-latching', 'no-port-latching', 'record-call', 'loop-protect', 'reset', 'single-codec', 'generate-mid'] as const),
  ...(['no-rtcp-attribute', 'full-rtcp-attribute', 'original-sendrecv', 'strip-extmap', 'fragment', 'reject-ice'] as const),
  ...(['to-tag', 'fatal', 'fast', 'all', 'directional', 'pause', 'block-egress', 'block-dtmf', 'egress', 'inactive'] as const),
  ...(['allow-no-codec-media', 'no-codec-renegotiation'] as const),
] as const;
export type NgFlag = (typeof NG_FLAGS)[number];

/** What `codec` says, codec names as they were given (`PCMU`, `opus/48000/2`, `all`, `full`). */
export type CodecWishes = {
  readonly strip: readonly string[];
  readonly offer: readonly string[];
  readonly except: readonly string[];
  readonly mask: readonly string[];
  /** Would need transcoding: accepted, reported, not done. */
  readonly notDone: readonly string[];
};

/** `sdp-attr`: by media kind, `none` for the session part. Values without `a=`. */
export type AttributeChanges = {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly substitute: readonly { readonly from: string; readonly to: string }[];
};

/** A request, read: every key that means something here, lists as lists, numbers as numbers. Names of tags and calls as given. */
export type NgRequest = {
  readonly command: NgCommand;
  readonly callId: string | null;
  readonly fromTag: string | null;
  readonly toTag: string | null;
  readonly viaBranch: string | null;
  readonly label: string | null;
  readonly setLabel: string | null;
  readonly toLabel: string | null;
  /** Selects the side whose description names this address. */
  readonly address: string | null;
  /** `all`, `offer-answer`, `except-offer-answer`, `flows`; the flag `all` is `all`. */
  readonly all: string | null;
  readonly fromTags: readonly string[];
  readonly sdp: string | null;

  readonly flags: ReadonlySet<NgFlag>;
  readonly supportsLoadLimit: boolean;
  /** `direction`, or `from-interface` and `to-interface`: names of networks facing who sent the description and who gets it. */
  readonly networks: { readonly from: string | null; readonly to: string | null };
  /** `inbound-peer`, `outbound-peer`: addresses, towards which the network is chosen. */
  readonly peers: { readonly from: string | null; readonly to: string | null };
  readonly addressFamily: Family | null;
  readonly mediaAddress: string | null;
  /** The address that the SIP message came from. */
  readonly receivedFrom: { readonly family: Family; readonly host: string } | null;
  readonly transportProtocol: string | null;
  /** Lower case: `remove`, `force`, `default`, `optional`, … Null: not said. */
  readonly ice: string | null;
  readonly rtcpMux: readonly ('offer' | 'require' | 'demux' | 'accept' | 'reject')[];
  readonly bundle: readonly ('accept' | 'offer' | 'require' | 'strict' | 'reject')[];
  readonly dtls: string | null;
  readonly sdes: readonly string[];
  readonly osrtp: readonly string[];
  /** Lower case: `origin`, `origin-full`, `username`, `session-name`, `sdp-version`, `force-increment-sdp-ver`, `zero-address`, … */
  readonly replace: ReadonlySet<string>;
  readonly codec: CodecWishes;
  readonly ptime: number | null;
  readonly ptimeReverse: number | null;
  readonly sdpAttr: Readonly<Record<string, AttributeChanges>>;
  readonly sdpMediaRemove: readonly string[];
  readonly tos: number | null;
  readonly deleteDelaySeconds: number | null;
  readonly metadata: string | null;
  readonly xmlrpcCallback: string | null;
  readonly sipMessageType: 'request' | 'reply' | null;
  readonly sipCode: number | null;

  readonly recordingFile: string | null;
  readonly recordingDir: string | null;
  readonly recordingPattern: string | null;

  readonly file: string | null;
  /** One character a byte; `blob64` is decoded. */
  readonly blob: string | null;
  readonly repeatTimes: number | null;
  readonly repeatDurationMs: number | null;
  /** Packets of 20 ms that are left out at the beginning of a prompt. */
  readonly startPosition: number | null;
  /** 0…15 (RFC 4733); null: none was given, or none that is a digit. */
  readonly digit: number | null;
  readonly durationMs: number | null;
  /** dB, 0 or below. */
  readonly volume: number | null;
  readonly pauseMs: number | null;

  readonly limit: number | null;
  /** Ours: the name of the controller, where its events go, which it has. */
  readonly controller: string | null;
  readonly notify: readonly string[];
  readonly notifyTag: string | null;
  readonly after: number | null;
};

/** A payload, read. */
export type NgReading =
  | {
      readonly kind: 'request';
      readonly encoding: NgEncoding;
      readonly request: NgRequest;
      /** What was given and means nothing here: unknown keys and flags; and what is known and not done, each in a few words. */
      readonly ignored: readonly string[];
      readonly notDone: readonly string[];
    }
  /** `reason`: what the client is told as `error-reason`. `detail`: for the log, what exactly is wrong; null: nothing more than the reason. */
  | { readonly kind: 'error'; readonly encoding: NgEncoding; readonly reason: string; readonly detail: string | null };
