import * as to from './commandGroups.js';
import type { NgCommand } from './request.js';

/**
 * What stands behind a key. `name`: text that is kept as it is (call-ids, tags, addresses, paths). `text`: any other text. `words`: a list, or
 * one string with commas. `word`: one of them. `number`: an integer, also as text. `switch`: yes, no, on, off. `description`: a session
 * description. `bytes`: binary. `dictionary`: lists by name.
 */
export type KeyKind = 'name' | 'names' | 'text' | 'word' | 'words' | 'number' | 'switch' | 'description' | 'bytes' | 'dictionary';

/** What a key is, known to us. */
export type KeyRow = {
  readonly name: string;
  readonly kind: KeyKind;
  readonly commands: readonly NgCommand[];
  readonly help: string;
  readonly effect: 'done' | 'not done';
  /** Other names for it. */
  readonly also: readonly string[];
  /** The words it knows, in small letters; empty: any. */
  readonly known: readonly string[];
};

type More = { readonly also?: readonly string[]; readonly known?: readonly string[] };

const key = <const N extends string>(name: N, kind: KeyKind, commands: readonly NgCommand[], help: string, more: More = {}) => ({
  ...{ name, kind, commands, help, effect: 'done' as const, also: more.also ?? [], known: more.known ?? [] },
});

const NETWORK = 'name of the network facing';
const SEEN_BY = 'of the description that is returned';

/** Keys with an effect, `command` first. Each but the first three has a reader in `readers.ts`. */
const KEYS_DONE = [
  key('command', 'word', to.EVERY, 'what is to be done'),
  key('flags', 'words', to.EVERY, 'switches, see the table of flags'),
  key(
    'rtpp-flags',
    'text',
    to.EVERY,
    'keys and flags of this table as words of one string; where a key says something else, the key counts',
  ),
  key('call-id', 'name', to.OF_CALL, 'Call-ID of the call'),
  key('from-tag', 'name', to.OF_CALL, 'tag of who offers, in the answer as well; elsewhere of the party that is meant'),
  key('to-tag', 'name', to.OF_CALL, 'tag of who answers; of a subscription its own'),
  key('via-branch', 'name', to.OF_CALL, 'tells the branches of a call that forks apart'),
  key('label', 'name', to.OF_CALL, 'free name for the party, or the party of that name', { also: ['from-label'] }),
  key('set-label', 'name', [...to.DESCRIBED, ...to.CHOOSING], 'new name for the party'),
  key('to-label', 'name', to.CHOOSING, 'the party at the other end, by its name'),
  key('address', 'name', to.CHOOSING, 'the party whose description has this address'),
  key('all', 'word', to.CHOOSING, 'every party, or the flows of an offer and its answer, or all but these', {
    known: ['all', 'offer-answer', 'except-offer-answer', 'flows'],
  }),
  key('from-tags', 'names', ['subscribe request'], 'tags of the parties of which a copy is wanted'),
  key('sdp', 'description', to.DESCRIBED, 'session description (RFC 8866)'),
  key('supports', 'words', to.EVERY, '`load limit`: the answer may be `load limit` instead of an error', {
    known: ['load limit'],
  }),
  key('direction', 'names', to.DESCRIBED, `${NETWORK} who sent this description, and ${NETWORK} who gets it`, {
    also: ['interface'],
  }),
  key('from-interface', 'name', to.DESCRIBED, `${NETWORK} who sent this description`),
  key('to-interface', 'name', to.DESCRIBED, `${NETWORK} who gets it`),
  key('peer', 'names', to.DESCRIBED, 'addresses of who sent the description and who gets it, by which networks are chosen'),
  key('inbound-peer', 'name', to.DESCRIBED, 'address of who sent the description, by which its network is chosen'),
  key('outbound-peer', 'name', to.DESCRIBED, 'address of who gets it, by which its network is chosen'),
  key('address-family', 'word', to.DESCRIBED, `addresses ${SEEN_BY}`, { known: ['ip4', 'ip6'] }),
  key('media-address', 'name', to.DESCRIBED, 'media goes to this address, whatever the description says'),
  key(
    'received-from',
    'names',
    to.EVERY,
    'family (IP4, IP6) and address that the SIP message came from, see `SIP-source-address`',
  ),
  key(
    'transport-protocol',
    'word',
    to.DESCRIBED,
    `protocol in the \`m=\` lines ${SEEN_BY}; with secured media it cannot be changed yet`,
  ),
  key('ICE', 'words', to.SETUP, 'remove: no candidates pass; default: they are left alone; other wishes are not done yet', {
    known: ['remove', 'default'],
  }),
  key('rtcp-mux', 'words', to.DESCRIBED, 'RTP and RTCP on one port (RFC 5761)', {
    known: ['offer', 'require', 'demux', 'accept', 'reject'],
  }),
  key('bundle', 'words', to.DESCRIBED, 'several media on one port (RFC 9143)', {
    known: ['accept', 'offer', 'require', 'strict', 'reject'],
  }),
  key('DTLS', 'word', to.DESCRIBED, 'off: fingerprints pass; other wishes are not done yet', {
    also: ['DTLS-reverse'],
    known: ['off'],
  }),
  key('SDES', 'words', to.DESCRIBED, 'off: keys pass; other wishes are not done yet', { known: ['off'] }),
  key('OSRTP', 'words', to.DESCRIBED, 'off: nothing is changed; other wishes (RFC 8643) are not done yet', { known: ['off'] }),
  key('replace', 'words', to.DESCRIBED, `what is replaced ${SEEN_BY}`, {
    known: [
      ...['origin', 'origin-full', 'username', 'session-name', 'sdp-version', 'force-increment-sdp-ver', 'zero-address'],
      'session-connection',
    ],
  }),
  key(
    'codec',
    'dictionary',
    to.DESCRIBED,
    'strip, offer, except, mask: which codecs the description keeps; other lists are not done yet',
    {
      known: ['strip', 'offer', 'except', 'mask'],
    },
  ),
  key('ptime', 'number', to.DESCRIBED, '`a=ptime` towards who gets the description, milliseconds', { also: ['repacketize'] }),
  key('ptime-reverse', 'number', to.DESCRIBED, '`a=ptime` the other way, milliseconds'),
  key('sdp-attr', 'dictionary', to.DESCRIBED, 'by `none` (session) or kind of media: add, remove, substitute lines of `a=`'),
  key('sdp-media-remove', 'words', to.DESCRIBED, `kinds of media that are refused in their place ${SEEN_BY}`),
  key('extmap', 'dictionary', to.DESCRIBED, 'strip all: as the flag `strip-extmap`; other wishes are not done yet', {
    known: ['strip'],
  }),
  key('TOS', 'number', to.DESCRIBED, 'TOS byte of the media packets of the call, 0 to 255'),
  key('delete-delay', 'number', to.DELETE, 'seconds that media goes on, at most a day; 0: it ends at once'),
  key('metadata', 'text', to.OF_CALL, 'kept with the call: in its statistics, events and recordings'),
  key('xmlrpc-callback', 'name', to.SETUP, 'address told by XML-RPC when the media of the call have timed out'),
  key('sip-message-type', 'word', to.EVERY, 'what the SIP message was', { known: ['sip_request', 'sip_reply'] }),
  key('sip-code', 'number', to.EVERY, 'status of the SIP reply'),
  key('record-call', 'switch', to.SETUP, 'the call is recorded'),
  key('recording-file', 'name', [...to.SETUP, ...to.RECORDING], 'file of the recording', { also: ['output-destination'] }),
  key('recording-dir', 'name', [...to.SETUP, ...to.RECORDING], 'folder of the recording, inside that of the relay'),
  key('recording-pattern', 'name', [...to.SETUP, ...to.RECORDING], 'how the file of the recording is named'),
  key('file', 'name', to.PLAY, 'prompt, a file in the folder of prompts'),
  key('blob', 'bytes', to.PLAY, 'prompt, the bytes of a file'),
  key('blob64', 'bytes', to.PLAY, 'prompt, the bytes of a file in base64 (RFC 4648)'),
  key('repeat-times', 'number', to.PLAY, 'how often the prompt is played'),
  key('repeat-duration', 'number', to.PLAY, 'for how long it is repeated, milliseconds'),
  key(
    'start-pos',
    'number',
    to.PLAY,
    'packets of 20 ms that are left out at its beginning, see `last-frame-pos` of `stop media`',
  ),
  key('code', 'word', to.PLAY_DTMF, 'key, 0 to 15 or one of 0-9 * # A-D', { also: ['digit'] }),
  key('duration', 'number', to.PLAY_DTMF, 'how long the key is held, milliseconds'),
  key('volume', 'number', to.PLAY_DTMF, 'level, dB, 0 or below; its sign may be left out'),
  key(
    'pause',
    'number',
    [...to.PLAY_DTMF, 'stop recording'],
    'silence after the key, milliseconds; with `stop recording` the flag of that name',
  ),
  key('limit', 'number', ['list'], 'how many Call-IDs are returned at most'),
  key('controller', 'name', [...to.SETUP, 'events'], 'name under which the events of the call are collected'),
  key(
    'notify',
    'names',
    [...to.SETUP, 'events'],
    'where its events are sent: connection, http://…, https://…, xmlrpc:http://…, unix:PATH, tcp:HOST:PORT',
  ),
  key('notify-tag', 'text', to.SETUP, 'said in its classic notifications'),
  key('after', 'number', ['events'], 'number of the last event that was received: what came later is sent again'),
] as const;

const not = (name: string, kind: KeyKind, commands: readonly NgCommand[], help: string, more: More = {}): KeyRow => ({
  ...{ name, kind, commands, help, effect: 'not done' as const, also: more.also ?? [], known: more.known ?? [] },
});

const TRIGGERED = 'keys that steer';

/** Keys that are known and change nothing. */
const KEYS_NOT_DONE: readonly KeyRow[] = [
  not('ICE-lite', 'word', to.SETUP, 'ICE without checks of its own, by direction'),
  not('DTLS-fingerprint', 'word', to.SETUP, 'hash of the certificate'),
  not('T.38', 'words', to.SETUP, 'fax gateway', { also: ['T38'] }),
  not('T.38-version', 'number', to.SETUP, 'version that the fax gateway says', { also: ['T38-version'] }),
  not('endpoint-learning', 'word', to.SETUP, 'how addresses are learned'),
  not('drop-traffic', 'word', to.SETUP, 'no media of the call passes'),
  not('media-echo', 'word', to.SETUP, 'media is sent back, or nowhere'),
  not('delay-buffer', 'number', [...to.SETUP, ...to.BLOCK_DTMF], 'media is held back, milliseconds'),
  not('audio-player', 'word', to.SETUP, 'a player mixes what the parties hear'),
  not('generate-RTCP', 'switch', to.SETUP, 'RTCP is made anew'),
  not('transcode', 'words', to.SETUP, 'codecs that are added by transcoding'),
  not('DTMF-security', 'word', [...to.SETUP, ...to.BLOCK_DTMF], 'what takes the place of blocked keys'),
  not('DTMF-security-trigger', 'word', to.SETUP, `${TRIGGERED} the blocking of keys`),
  not('DTMF-security-trigger-end', 'word', to.SETUP, `${TRIGGERED} the end of it`),
  not('DTMF-delay', 'number', [...to.SETUP, ...to.BLOCK_DTMF], 'keys are held back, milliseconds'),
  not('DTMF-log-dest', 'name', to.SETUP, 'where keys are told'),
  not('frequencies', 'words', [...to.SETUP, ...to.BLOCK_DTMF], 'tones that take the place of blocked keys'),
  not('trigger', 'text', [...to.SETUP, ...to.BLOCK_DTMF], `${TRIGGERED} the blocking of keys`),
  not('trigger-end', 'text', [...to.SETUP, ...to.BLOCK_DTMF], `${TRIGGERED} the end of it`),
  not('trigger-end-time', 'number', [...to.SETUP, ...to.BLOCK_DTMF], 'how long the blocking lasts, milliseconds'),
  not('trigger-end-digits', 'number', [...to.SETUP, ...to.BLOCK_DTMF], 'after how many keys the blocking ends'),
  not('recording-media-slot-offer', 'number', to.SETUP, 'place of the party in a recording of several channels'),
  not('recording-media-slot-answer', 'number', to.SETUP, 'place of the other party'),
  not('recording-media-slots', 'number', to.SETUP, 'channels of a recording'),
  not('vsc-start-rec', 'text', to.SETUP, `${TRIGGERED} the recording: start`),
  not('vsc-stop-rec', 'text', to.SETUP, `${TRIGGERED} the recording: stop`),
  not('vsc-pause-rec', 'text', to.SETUP, `${TRIGGERED} the recording: pause`),
  not('vsc-start-stop-rec', 'text', to.SETUP, `${TRIGGERED} the recording: start and stop`),
  not('vsc-pause-resume-rec', 'text', to.SETUP, `${TRIGGERED} the recording: pause and go on`),
  not('vsc-start-pause-resume-rec', 'text', to.SETUP, `${TRIGGERED} the recording: start, pause and go on`),
  not('moh', 'dictionary', to.SETUP, 'music for who is put on hold'),
  not('db-id', 'number', to.PLAY, 'prompt out of a database'),
  not('template', 'name', to.EVERY, 'options under a name'),
  not('alias-key', 'word', to.SETUP, 'how unknown tags are taken for known parties'),
  not('instance', 'name', to.EVERY, 'name of the node that sends the request'),
  not('source-tag', 'name', to.EVERY, 'party whose sound is mixed in'),
  not('source-call-id', 'name', to.EVERY, 'its call'),
  not('to-call-id', 'name', to.EVERY, 'call that is joined with this one'),
  not('calls', 'names', to.EVERY, 'calls whose parties are joined'),
  not('tags', 'names', to.EVERY, 'parties that are joined'),
  not('medias', 'names', to.EVERY, 'media of a description that is made'),
];

export type NgKeyName = (typeof KEYS_DONE)[number]['name'];

/** Every key that is known, each once. */
export const NG_KEY_TABLE: readonly KeyRow[] = [...KEYS_DONE, ...KEYS_NOT_DONE];
