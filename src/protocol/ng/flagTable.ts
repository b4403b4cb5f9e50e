import { BLOCKING, CHOOSING, DELETE, DESCRIBED, EVERY, OF_CALL, PLAY, RECORDING, SETUP, SUBSCRIBE } from './commandGroups.js';
import type { NgCommand, NgFlag } from './request.js';

/** What a word in `flags` is, known to us. */
export type FlagRow = {
  readonly name: string;
  readonly commands: readonly NgCommand[];
  readonly help: string;
  /** `done`: it has its effect, or what it asks for is so without it. */
  readonly effect: 'done' | 'not done';
  /** What it sets in `NgRequest.flags`; null: nothing. */
  readonly sets: NgFlag | null;
  /** Other names for it. */
  readonly also: readonly string[];
};

type Short = readonly [commands: readonly NgCommand[], help: string, name?: string, ...also: string[]];

/** Flags with an effect. The third word is how a flag is written, where that is not its name here; what follows are other names for it. */
const WITH_EFFECT: Readonly<Record<NgFlag, Short>> = {
  'trust-address': [DESCRIBED, 'media goes to the addresses of the description; the usual way'],
  'sip-source-address': [DESCRIBED, 'media goes to where the SIP message came from, see `received-from`', 'SIP-source-address'],
  symmetric: [DESCRIBED, 'the address of a party is learned from what it sends; the usual way'],
  asymmetric: [DESCRIBED, 'nothing is learned: media goes where the description says'],
  'strict-source': [SETUP, 'packets from elsewhere than the learned address are dropped'],
  'media-handover': [SETUP, 'the address may be learned anew at any time; not safe'],
  'port-latching': [SETUP, 'the relay keeps its port when the other party changes its own'],
  'no-port-latching': [SETUP, 'the relay takes a new port with each new description'],
  'record-call': [SETUP, 'the call is recorded'],
  'loop-protect': [SETUP, 'a mark in the description keeps it from being changed twice'],
  reset: [SETUP, 'what was learned of the party is forgotten'],
  'single-codec': [SETUP, 'the answer keeps its first codec only'],
  'generate-mid': [SETUP, 'media without `a=mid` are given one'],
  'no-rtcp-attribute': [SETUP, 'no `a=rtcp` is written'],
  'full-rtcp-attribute': [SETUP, '`a=rtcp` is written with address'],
  'original-sendrecv': [SETUP, '`a=sendrecv` and the like stay as they are'],
  'strip-extmap': [SETUP, 'header extensions (`a=extmap`) are removed from the description'],
  fragment: [SETUP, 'the body is a fragment of trickled candidates (RFC 8840)', 'fragment', 'trickle-ice-sdpfrag'],
  'reject-ice': [SETUP, 'an offer of ICE is not taken up', 'reject-ICE'],
  'to-tag': [[...DELETE, 'query'], 'the To tag counts: only this dialogue is meant'],
  fatal: [DELETE, 'an unknown call is an error instead of a warning'],
  fast: [DELETE, 'no statistics are returned'],
  all: [CHOOSING, 'every party of the call; with the unblocking commands also what was blocked one by one'],
  directional: [BLOCKING, 'only what `from-tag` sends is meant'],
  pause: [RECORDING, 'as `pause recording`'],
  'block-egress': [PLAY, 'the party hears nothing but the prompt'],
  inactive: [SUBSCRIBE, 'the copy does not begin yet'],
  'block-dtmf': [SETUP, 'keys of the party do not pass from the beginning on', 'block-DTMF'],
  egress: [BLOCKING, 'what goes to the party is meant, not what it sends; it is named as with directional'],
  'allow-no-codec-media': [SETUP, 'media that have lost all codecs are refused instead of given them back'],
  'no-codec-renegotiation': [SETUP, 'codecs keep their order', 'no-codec-renegotiation', 'reuse-codecs'],
};

/** What is so in any case. */
const ANYWAY: readonly Short[] = [
  [SETUP, 'a mark of another relay does not count; the usual way', 'force'],
  [SETUP, 'the answer may have other payload numbers; the usual way', 'allow-asymmetric-codecs'],
  [EVERY, 'nothing is decoded; the usual way', 'passthrough'],
  [OF_CALL, 'the log of events has all of every call', 'debug'],
  [SETUP, 'one-way streams are forwarded like any other', 'unidirectional'],
  [SETUP, 'keys can be sent with `play DTMF` without it', 'inject-DTMF'],
  [SUBSCRIBE, 'the media of the offer have labels, and whose they are is returned; the usual way', 'SIPREC'],
  [EVERY, 'there is no player that mixes', 'no-player'],
  [EVERY, 'there is no jitter buffer', 'no-jitter-buffer'],
  [EVERY, 'there is no Redis', 'no-redis-update'],
  [RECORDING.concat(SETUP), 'there is no database of recordings', 'skip-recording-db'],
];

const NOT_DONE: readonly Short[] = [
  [SUBSCRIBE, 'the answer may lack codecs', 'allow-transcoding'],
  [SETUP, 'media is always transcoded', 'force-transcoding'],
  [SETUP, 'every codec is accepted', 'always-transcode'],
  [SETUP, 'a player mixes what the parties hear', 'audio-player'],
  [DESCRIBED, 'the copy goes both ways', 'bidirectional'],
  [SETUP, 'an unknown To tag is a new branch, not another name of the waiting one', 'new-branch'],
  [SETUP, 'media passes before the answer', 'early-media'],
  [DELETE, 'what was recorded is thrown away', 'discard-recording'],
  [SETUP, 'keys are recognised by their sound', 'detect-DTMF'],
  [SETUP, 'short packets are dropped', 'block-short'],
  [SETUP, 'the party is left out of recordings', 'exclude-recording'],
  [SETUP, 'keys steer the recording', 'recording-vsc'],
  [SETUP.concat(RECORDING), 'the parties are told that they are recorded', 'recording-announcement'],
  [SETUP, 'RTCP is made anew', 'generate-RTCP'],
  [SUBSCRIBE, 'the copies are mixed into one', 'mix'],
  [SUBSCRIBE, 'RTCP is copied', 'RTCP-mirror'],
  [SETUP, 'nothing is sent to a party that has sent nothing yet', 'NAT-wait'],
  [SETUP, 'empty packets open the way through a NAT', 'pierce-NAT'],
  [SETUP, 'the order of codecs is changed', 'reorder-codecs'],
  [SETUP, 'both parties use the same codecs', 'symmetric-codecs'],
  [SETUP, 'the parties may use different codecs', 'asymmetric-codecs'],
  [SETUP, 'changes of the codec are kept from the other party', 'static-codecs'],
  [SETUP, 'media is decoded in any case', 'no-passthrough'],
  [SETUP, 'keys in the description are padded', 'pad-crypto'],
  [SETUP, 'the To tag may change after a final reply', 'provisional'],
  [SETUP, 'SRTP is always decrypted and encrypted anew', 'recrypt'],
  [SETUP, 'candidates come one by one (RFC 8838)', 'trickle-ICE'],
  [SETUP, '`a=tls-id` is left alone', 'no-tls-id'],
  [SUBSCRIBE.concat('unsubscribe'), 'earlier subscriptions end first', 'unsubscribe'],
];

const row = (effect: FlagRow['effect'], sets: NgFlag | null, [commands, help, name, ...also]: Short): FlagRow => ({
  name: name ?? sets ?? '',
  ...{ commands, help, effect, sets, also },
});

/** Stands for several: see `applyWebRtc`. */
export const WEBRTC = 'webrtc';

/** Every flag that is known, each once. What a flag is called in `flags` may also be a key that is set to `yes`. */
export const NG_FLAG_TABLE: readonly FlagRow[] = [
  ...Object.entries(WITH_EFFECT).map(([name, short]) => row('done', name as NgFlag, short)),
  ...ANYWAY.map((short) => row('done', null, short)),
  row('done', null, [
    SETUP,
    'UDP/TLS/RTP/SAVPF, rtcp-mux offered and required, no `a=rtcp`, SDES off, generate-mid; of ICE see there',
    'WebRTC',
  ]),
  ...NOT_DONE.map((short) => row('not done', null, short)),
];
