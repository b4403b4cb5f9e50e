/** Mutations of what is recorded and copied, and of who waits for what is found out. */
import type { Mutation } from './mutation.js';

const RECORDING = ['property/recording'];
const HISTORIES = ['property/histories'];
const CALL_ORDER = ['pure/callOrder'];
const EVOLVE = 'model/session/evolve.js';
const CHART = 'model/session/chart.js';
const SOUND = 'model/session/decide/sound.js';
const RECORDERS = 'src/relay/session/recorders.js';
const COPIES = 'src/relay/session/copies.js';
const SHARD = 'src/relay/session/shard.js';
const SHARD_SERVER = 'src/relay/supervisor/shardServer.js';
const ORDER = 'src/relay/supervisor/callOrder.js';
const AS_STATED = 'what the states of the sessions say is recorded, and nothing else';
const LIVING = 'a socket, a copy and a fork belong to a session that lives';
const ANSWERED = 'a command is answered as a second description of the relay says';
const IN_ORDER = 'the commands of a call are carried out in their order';

const OF_RECORDINGS: readonly Mutation[] = [
  {
    name: 'a recording that begins is not told to the recorder',
    breaks: AS_STATED,
    file: CHART,
    find: "RecordingStarted: { actions: ['record', 'followRecordings'] }",
    replace: "RecordingStarted: { actions: ['record'] }",
    tests: RECORDING,
  },
  {
    name: 'a recording that ends is not told to the recorder',
    breaks: AS_STATED,
    file: CHART,
    find: "RecordingStopped: { actions: ['record', 'followRecordings'] }",
    replace: "RecordingStopped: { actions: ['record'] }",
    tests: RECORDING,
  },
  {
    name: 'the recorder does not learn of other ports',
    breaks: AS_STATED,
    file: CHART,
    find: "LegOpened: { actions: ['record', 'installPath', 'followRecordings'] }",
    replace: "LegOpened: { actions: ['record', 'installPath'] }",
    tests: RECORDING,
  },
  {
    name: 'RTCP is recorded though it is to be left out',
    breaks: AS_STATED,
    file: RECORDERS,
    find: '(rtcp ? [0, 1] : [0])',
    replace: '[0, 1]',
    tests: RECORDING,
  },
  {
    name: 'of a recording that loses a side both are heard on',
    breaks: AS_STATED,
    file: RECORDERS,
    find: `if (before !== undefined)
            this.#untap(before.number, before.rows);`,
    replace: '',
    tests: RECORDING,
  },
  {
    name: 'it is not told that a side is not recorded any more',
    breaks: AS_STATED,
    file: RECORDERS,
    find: 'if (before !== undefined && isNarrowed(before.told, recording))',
    replace: 'if (recording === null)',
    tests: RECORDING,
  },
  {
    name: 'a recording is never complete',
    breaks: AS_STATED,
    file: RECORDERS,
    find: "this.#world.port?.order({ kind: 'close', number, at: this.#world.now() });",
    replace: '',
    tests: RECORDING,
  },
  {
    name: 'a recording outlives its session',
    breaks: AS_STATED,
    file: SHARD,
    find: 'this.recorders.end(session, state);',
    replace: '',
    tests: RECORDING,
  },
  {
    name: 'the files of a call that cannot be taken up stay where they are made',
    breaks: AS_STATED,
    file: RECORDERS,
    find: 'if (!this.#running.has(session))',
    replace: 'if (false)',
    tests: RECORDING,
  },
  {
    name: 'what was recorded is not recorded any more behind a death',
    breaks: AS_STATED,
    file: SHARD,
    find: "['installPath', 'setTos', 'followRecordings']",
    replace: "['installPath', 'setTos']",
    tests: RECORDING,
  },
  {
    name: 'behind a death a recording goes on in other files',
    breaks: AS_STATED,
    file: RECORDERS,
    find: 'rtcp, startedAt, locals, files };',
    replace: 'rtcp, startedAt, locals, files: [] };',
    tests: RECORDING,
  },
  {
    name: 'what the files of a recording are called is not noted',
    breaks: AS_STATED,
    file: SHARD_SERVER,
    find: "type: 'NameRecording', recording: id, files: notice.files",
    replace: "type: 'NameRecording', recording: id, files: []",
    tests: RECORDING,
  },
  {
    name: 'a recorder that has died is told nothing',
    breaks: AS_STATED,
    file: RECORDERS,
    find: 'for (const [session, running] of [...this.#running])',
    replace: 'for (const [session, running] of [])',
    tests: RECORDING,
  },
  {
    name: 'a packet for which the recorder had no room counts as recorded',
    breaks: AS_STATED,
    file: RECORDERS,
    find: 'isTaken ? PACKETS_RECORDED : PACKETS_UNRECORDED',
    replace: 'PACKETS_RECORDED',
    tests: RECORDING,
  },
];

const OF_COPIES: readonly Mutation[] = [
  {
    name: 'the ports of a first copy stay open when there is a second one',
    breaks: LIVING,
    file: COPIES,
    find: '[...(this.#copies.get(session) ?? []), copy]',
    replace: '[copy]',
    tests: ['property/relayedTo'],
  },
  {
    name: 'a second copy takes the place of the first in the state',
    breaks: LIVING,
    file: EVOLVE,
    find: 'copies: [...state.legs[event.side].copies, { to: event.to, local: event.local }]',
    replace: 'copies: [{ to: event.to, local: event.local }]',
    tests: ['property/relayedTo'],
  },
  {
    name: 'what is copied again to one place takes ports again',
    breaks: ANSWERED,
    file: 'src/relay/control/copy.js',
    find: 'if (present !== undefined)',
    replace: 'if (false)',
    tests: HISTORIES,
  },
  {
    name: 'N of one side ends what is recorded of both',
    breaks: ANSWERED,
    file: 'src/relay/control/copy.js',
    find: 'command.both ? [side, otherSide(side)] : [side]',
    replace: '[side, otherSide(side)]',
    tests: HISTORIES,
  },
  {
    name: 'all streams in one file is no error where they have files of their own',
    breaks: ANSWERED,
    file: SOUND,
    find: 'if (single && sides.length < command.sides.length)',
    replace: 'if (false)',
    tests: HISTORIES,
  },
  {
    name: 'what a side has not said is what it was sent before',
    breaks: ANSWERED,
    file: 'src/relay/control/play.js',
    find: 'if (isOfSession && codecs.length === 0)',
    replace: 'if (false)',
    tests: HISTORIES,
  },
  {
    name: 'a command overtakes one for which something is found out',
    breaks: IN_ORDER,
    file: ORDER,
    find: 'if (waiting !== undefined)',
    replace: 'if (false)',
    tests: CALL_ORDER,
  },
  {
    name: 'what came last is carried out first',
    breaks: IN_ORDER,
    file: ORDER,
    find: 'for (const act of held)',
    replace: 'for (const act of held.reverse())',
    tests: CALL_ORDER,
  },
  {
    name: 'behind one for which something was found out no command is carried out any more',
    breaks: IN_ORDER,
    file: ORDER,
    find: 'this.#held.delete(call);',
    replace: '',
    tests: CALL_ORDER,
  },
];

export const OF_RECORDING: readonly Mutation[] = [...OF_RECORDINGS, ...OF_COPIES];
