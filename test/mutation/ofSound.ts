/** Mutations of what is played, and of the rules for that and for what is recorded and copied. */
import type { Mutation } from './mutation.js';

const RULES = ['property/rules'];
const PLAYING = ['property/playing'];
const AFTER_DEATH = ['pure/soundAfterDeath'];
const EVOLVE = 'model/session/evolve.js';
const CHART = 'model/session/chart.js';
const SOUND = 'model/session/decide/sound.js';
const SETTINGS = 'model/session/decide/settings.js';
const PLAYBACKS = 'src/relay/session/playbacks.js';
const SHARD = 'src/relay/session/shard.js';
const SHARD_SERVER = 'src/relay/supervisor/shardServer.js';
const PROMPT_ALONE = 'who hears a prompt hears nothing else, and no packet of it twice';

/** Of the rules of the model. */
const OF_RULES: readonly Mutation[] = [
  {
    name: 'a recording whose last side is stopped goes on',
    breaks: 'recording … is of no side',
    file: EVOLVE,
    find: 'return left.length > 0 ? { ...recording, sides: left } : null;',
    replace: 'return { ...recording, sides: left };',
    tests: RULES,
  },
  {
    name: 'it is not noted how many recordings were begun',
    breaks: 'recording … is there, and … were begun',
    file: EVOLVE,
    find: 'recordingsBegun: event.recording.id',
    replace: 'recordingsBegun: state.recordingsBegun',
    tests: RULES,
  },
  {
    name: 'the latest recording stands first',
    breaks: 'recording … stands behind recording …',
    file: EVOLVE,
    find: 'recordings: [...state.recordings, event.recording]',
    replace: 'recordings: [event.recording, ...state.recordings]',
    tests: RULES,
  },
  {
    name: 'a side is recorded again under the name that it is recorded under',
    breaks: 'the … is recorded twice under one name, as … and as …',
    file: SOUND,
    find: 'const sides = command.sides.filter((side) => !under.some((recording) => recording.sides.includes(side)));',
    replace: 'const sides = command.sides;',
    tests: RULES,
  },
  {
    name: 'a side is copied again to where it is copied',
    breaks: 'the … is copied to … twice',
    file: SETTINGS,
    find: 'return ok(isCopied ? []',
    replace: 'return ok(false ? []',
    tests: RULES,
  },
  {
    name: 'a prompt is noted to be heard never',
    breaks: 'the … is to hear … no times',
    file: EVOLVE,
    find: 'playback: event.playback }',
    replace: 'playback: { ...event.playback, count: 0 } }',
    tests: RULES,
  },
  {
    name: 'the end of a prompt that is replaced is not told',
    breaks: 'the … is to hear a prompt while it hears another',
    file: SOUND,
    find: `if (state.legs[side].playback !== null)
        events.push`,
    replace: 'if (false) events.push',
    tests: RULES,
  },
  {
    name: 'a prompt ends that is not heard',
    breaks: 'a prompt of the … ends, which hears none',
    file: SOUND,
    find: 'return ok(state.legs[side].playback === null ? []',
    replace: 'return ok(false ? []',
    tests: RULES,
  },
  {
    name: 'a recording gets the number of one that is there',
    breaks: 'recording … is begun behind recording …',
    file: SOUND,
    find: 'id: state.recordingsBegun + 1,',
    replace: 'id: state.recordings.length + 1,',
    tests: RULES,
  },
  {
    name: 'a recording that is complete gets files',
    breaks: 'recording … gets files, and is not there',
    file: SOUND,
    find: 'if (present === undefined || sameNames(present.files, files))',
    replace: 'if (present !== undefined && sameNames(present.files, files))',
    tests: RULES,
  },
  {
    name: 'sides are stopped that were not recorded',
    breaks: 'recording … of the … ends, and is not there',
    file: SOUND,
    find: 'const stopped = sides.filter(isRecorded);',
    replace: 'const stopped = sides;',
    tests: RULES,
  },
  {
    name: 'a copy is stopped that is not there',
    breaks: 'a copy of the … ends, and is not there',
    file: SETTINGS,
    find: 'return ok(state.legs[side].copies.some(isMeant) ?',
    replace: 'return ok(true ?',
    tests: RULES,
  },
];

const OF_PROMPTS: readonly Mutation[] = [
  {
    name: 'who hears a prompt hears the other side, too',
    breaks: PROMPT_ALONE,
    file: 'src/relay/media/compilePath.js',
    find: 'prompt: isRtp &&',
    replace: 'prompt: false &&',
    tests: PLAYING,
  },
  {
    name: 'in a dialogue who hears a prompt hears the other side, too',
    breaks: PROMPT_ALONE,
    file: 'src/relay/media/compilePath.js',
    find: 'drown: isRtp &&',
    replace: 'drown: false &&',
    tests: ['pure/ngPlaying'],
  },
  {
    name: 'who hears a prompt hears another session, too',
    breaks: PROMPT_ALONE,
    file: 'src/media/plane.js',
    find: "injected: of(strange, 'latch', 'demux', 'count', 'analyse', 'rtcp', 'resize', 'mute', 'report')",
    replace: "injected: of(strange, 'latch', 'demux', 'count', 'analyse', 'rtcp', 'resize', 'mute', 'report', 'prompt')",
    tests: PLAYING,
  },
  {
    name: 'the other side is silenced with the next change of the call',
    breaks: PROMPT_ALONE,
    file: CHART,
    find: "PlaybackStarted: { actions: ['record', 'installPath'] }",
    replace: "PlaybackStarted: { actions: ['record'] }",
    tests: PLAYING,
  },
  {
    name: 'a prompt that is stopped is heard on',
    breaks: PROMPT_ALONE,
    file: CHART,
    find: "PlaybackEnded: { actions: ['record', 'followPlayback', 'installPath'] }",
    replace: "PlaybackEnded: { actions: ['record', 'installPath'] }",
    tests: PLAYING,
  },
  {
    name: 'the end of a prompt is told of the caller, whoever heard it',
    breaks: PROMPT_ALONE,
    file: 'src/relay/session/notices.js',
    find: "type: 'StopPlay', side: sideOf(row)",
    replace: "type: 'StopPlay', side: SIDES[0]",
    tests: PLAYING,
  },
  {
    name: 'a prompt is heard once, however often it is to be',
    breaks: PROMPT_ALONE,
    file: 'src/media/player/player.js',
    find: ': packetsPerRound * count;',
    replace: ': packetsPerRound;',
    tests: PLAYING,
  },
  {
    name: 'behind a death a prompt begins anew',
    breaks: PROMPT_ALONE,
    file: PLAYBACKS,
    find: 'const sent = Math.max(0, Math.floor((nowMs - startedAt) / shape.ms) + 1);',
    replace: 'const sent = 0;',
    tests: PLAYING,
  },
  {
    name: 'behind a death the last packet of a prompt is heard again',
    breaks: PROMPT_ALONE,
    file: PLAYBACKS,
    find: 'Math.floor((nowMs - startedAt) / shape.ms) + 1',
    replace: 'Math.floor((nowMs - startedAt) / shape.ms)',
    tests: PLAYING,
  },
  {
    name: 'behind a death the next packet of a prompt is heard too early',
    breaks: PROMPT_ALONE,
    file: PLAYBACKS,
    find: 'dueMs: Math.min(startedAt + sent * shape.ms, nowMs + shape.ms)',
    replace: 'dueMs: nowMs',
    tests: PLAYING,
  },
  {
    name: 'behind a death the timestamps of a prompt begin anew',
    breaks: PROMPT_ALONE,
    file: 'src/media/player/player.js',
    find: 'this.#timestamp = (voice.timestamp + this.passed * this.ticks) | 0;',
    replace: 'this.#timestamp = voice.timestamp | 0;',
    tests: PLAYING,
  },
  {
    name: 'a prompt that was sought takes the place of one that began meanwhile',
    breaks: PROMPT_ALONE,
    file: SHARD_SERVER,
    find: 'if (shard.playbacks.isPlaying(target, side))',
    replace: 'if (false)',
    tests: AFTER_DEATH,
  },
  {
    name: 'in which numbers a stream goes on behind a prompt is written down some time later',
    breaks: 'what was counted outlives a death',
    file: SHARD,
    find: 'isConfirmed || isHeardOut ||',
    replace: 'isConfirmed ||',
    tests: AFTER_DEATH,
  },
];

export const OF_SOUND: readonly Mutation[] = [...OF_RULES, ...OF_PROMPTS];
