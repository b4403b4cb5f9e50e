import { MAX_NG_NAME, MAX_NG_TEXT } from './bounds.js';
import { NG_COMMANDS, type NgCommand, type NgRequest } from './request.js';
import { normalName } from './spelling.js';

/** What a command cannot do without. */
type Need = 'sdp' | 'call-id' | 'from-tag' | 'to-tag';

export type NgCommandRow = { readonly needs: readonly Need[]; readonly help: string };

const OF_CALL = ['call-id'] as const;

/** Every command, in a few words. The needs stand in the order in which they are missed. */
export const NG_COMMAND_ROWS: Readonly<Record<NgCommand, NgCommandRow>> = {
  ping: { needs: [], help: 'is answered with pong' },
  offer: { needs: ['sdp', 'call-id', 'from-tag'], help: 'opens ports for a description that is offered, and returns it changed' },
  answer: { needs: ['sdp', 'call-id', 'from-tag', 'to-tag'], help: 'does the same for the description that answers an offer' },
  rollback: { needs: OF_CALL, help: 'takes back an offer inside a call that was refused; what ran before goes on' },
  delete: { needs: OF_CALL, help: 'ends a call or one branch of it, and returns its statistics' },
  query: { needs: OF_CALL, help: 'returns the statistics of a call' },
  list: { needs: [], help: 'returns the Call-IDs of running calls' },
  statistics: { needs: [], help: 'returns counters of the whole relay' },
  'start recording': { needs: OF_CALL, help: 'starts recording a call' },
  'stop recording': { needs: OF_CALL, help: 'stops recording a call' },
  'pause recording': { needs: OF_CALL, help: 'stops recording a call: what is recorded later goes into files of its own' },
  'play media': {
    needs: OF_CALL,
    help: 'plays a prompt to a party in the place of what it would hear; copies and recordings go on',
  },
  'stop media': { needs: OF_CALL, help: 'stops a prompt' },
  'play DTMF': { needs: OF_CALL, help: 'sends a key as telephone event (RFC 4733), as if the party had pressed it' },
  'block media': { needs: OF_CALL, help: 'lets no media of a party through' },
  'unblock media': { needs: OF_CALL, help: 'lets it through again' },
  'silence media': { needs: OF_CALL, help: 'replaces the sound of a party by silence' },
  'unsilence media': { needs: OF_CALL, help: 'lets the sound through again' },
  'block DTMF': { needs: OF_CALL, help: 'lets no telephone events of a party through' },
  'unblock DTMF': { needs: OF_CALL, help: 'lets them through again' },
  'subscribe request': { needs: OF_CALL, help: 'returns an offer of a copy of what parties send' },
  'subscribe answer': { needs: ['call-id', 'to-tag', 'sdp'], help: 'takes the answer to that offer; the copy begins' },
  unsubscribe: { needs: ['call-id', 'to-tag'], help: 'ends the copy' },
  events: { needs: [], help: 'has the events of a controller sent over this connection' },
};

/** What rtpengine can be told to do, and rtpbridge cannot. */
export const NG_COMMANDS_NOT_HAD: readonly string[] = [
  ...['start forwarding', 'stop forwarding', 'publish', 'inject start', 'inject stop', 'connect', 'mesh'],
  ...['create', 'create answer', 'transform', 'cli'],
];

const COMMANDS = new Map<string, NgCommand>();
for (const command of NG_COMMANDS) COMMANDS.set(command, command).set(normalName(command), command);
const NOT_HAD = new Map(NG_COMMANDS_NOT_HAD.map((command) => [normalName(command), command]));

/** By its exact name, or one that differs in case only, or has `-` or `_` for blanks. Null: it is none of ours. */
export const commandNamed = (name: string): NgCommand | null => COMMANDS.get(name) ?? COMMANDS.get(normalName(name)) ?? null;

/** Why a command is not carried out that is none of ours, as the client is told. */
export function noSuchCommand(name: string): string {
  const known = NOT_HAD.get(normalName(name));
  return known === undefined ? 'Unrecognized command' : `rtpbridge does not do "${known}"`;
}

const IS_THERE: Readonly<Record<Need, (request: NgRequest) => boolean>> = {
  sdp: (request) => request.sdp !== null,
  'call-id': (request) => request.callId !== null,
  'from-tag': (request) => request.fromTag !== null,
  'to-tag': (request) => request.toTag !== null,
};

const MISSING: Readonly<Record<Need, string>> = {
  sdp: 'No SDP body in message',
  'call-id': 'No call-id in message',
  'from-tag': 'No from-tag in message',
  'to-tag': 'No to-tag in message',
};

/** What is kept with a call, by key. */
const KEPT = [
  ['call-id', 'callId', MAX_NG_NAME],
  ['from-tag', 'fromTag', MAX_NG_NAME],
  ['to-tag', 'toTag', MAX_NG_NAME],
  ['via-branch', 'viaBranch', MAX_NG_NAME],
  ['label', 'label', MAX_NG_TEXT],
  ['set-label', 'setLabel', MAX_NG_TEXT],
  ['notify-tag', 'notifyTag', MAX_NG_NAME],
  ['recording-file', 'recordingFile', MAX_NG_NAME],
  ['recording-pattern', 'recordingPattern', MAX_NG_NAME],
  ['file', 'file', MAX_NG_NAME],
  ['metadata', 'metadata', MAX_NG_TEXT],
] as const;

function lengthProblem(request: NgRequest): string | null {
  for (const [key, field, most] of KEPT) {
    const length = request[field]?.length ?? 0;
    if (length > most) return `${key}: expected at most ${most} bytes, not ${length}`;
  }
  return null;
}

/** Why a request that was read cannot be carried out, as the client is told. Null: nothing speaks against it. */
export function requestProblem(request: NgRequest): string | null {
  const missing = NG_COMMAND_ROWS[request.command].needs.find((need) => !IS_THERE[need](request));
  if (missing !== undefined) return MISSING[missing];
  if (request.command === 'play DTMF' && request.digit === null) return "Out of range 'code' specified";
  if (request.command === 'list' && request.limit !== null && request.limit < 0) return 'invalid limit, must be >= 0';
  return lengthProblem(request);
}
