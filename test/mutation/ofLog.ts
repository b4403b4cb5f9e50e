/** Mutations of what is written down, and of who waits for it. */
import type { Mutation } from './mutation.js';

const RULES = ['property/rules'];

export const OF_LOG: readonly Mutation[] = [
  {
    name: 'what a timer does is not written down',
    breaks: 'what the relay holds is what a fold of its log holds',
    file: 'src/relay/session/step.js',
    find: 'if (!decision.ok || events.length > 0)',
    replace: "if (!decision.ok || (events.length > 0 && command.type !== 'CheckIdle'))",
    tests: [...RULES, 'property/replay'],
  },
  {
    name: 'the log takes the first event of a step for all',
    breaks: 'what the relay holds is what a fold of its log holds',
    file: 'src/relay/session/step.js',
    find: 'call, session, command, events };',
    replace: 'call, session, command, events: events.slice(0, 1) };',
    tests: [...RULES, 'property/replay'],
  },
  {
    name: 'a fold keeps sessions that have ended',
    breaks: 'what the relay holds is what a fold of its log holds',
    file: 'src/relay/events/fold.js',
    find: 'if (folded.snapshot.context.closed !== null)',
    replace: 'if (false)',
    tests: ['property/segmentWriter'],
  },
  {
    name: 'two records have one number',
    breaks: 'the records of a shard are numbered without gaps',
    file: 'src/relay/session/journal.js',
    find: 'seq: this.#nextSeq++,',
    replace: "seq: record.kind === 'sample' ? this.#nextSeq : this.#nextSeq++,",
    tests: [...RULES, 'property/replay'],
  },
  {
    name: 'a thread that takes over numbers its records anew',
    breaks: 'the records of a shard are numbered without gaps',
    file: 'src/relay/session/journal.js',
    find: 'this.#nextSeq = lastSeq + 1;',
    replace: 'this.#nextSeq = 1;',
    tests: RULES,
  },
  {
    name: 'a snapshot has one session of each call',
    breaks: 'a snapshot holds every session',
    file: 'src/relay/session/directory.js',
    find: 'yield* sessions;',
    replace: 'yield sessions[0];',
    tests: [...RULES, 'property/replay'],
  },
  {
    name: 'a segment that follows another begins with half a snapshot',
    breaks: 'a snapshot holds every session',
    file: 'src/io/log/segmentWriter.js',
    find: 'if (done === true) {',
    replace: 'if (done === true || i > 0) {',
    tests: ['property/segmentWriter'],
  },
  {
    name: 'one segment of a shard stays',
    breaks: 'the newest segments of a shard stay',
    file: 'src/relay/events/retention.js',
    find: 'const KEPT_PER_SHARD = 2;',
    replace: 'const KEPT_PER_SHARD = 1;',
    tests: ['property/retention'],
  },
  {
    name: 'answers do not wait for the log',
    breaks: 'an answer leaves only when the log has what it tells of',
    file: 'workers/media.js',
    find: 'if (server.hasReplies)',
    replace: 'if (false)',
    tests: ['wire/replyFlush'],
  },
  {
    name: 'an answer that waits for the disk leaves when the disk is busy',
    breaks: 'an answer leaves only when the log has what it tells of',
    file: 'src/io/log/syncGate.js',
    find: 'this.#gathered.push({ paths, release });',
    replace: 'if (this.#current === null) this.#gathered.push({ paths, release }); else this.#current.push({ paths, release });',
    tests: ['pure/syncGate'],
  },
];
