import type { Phase } from '../../../model/session/chart.js';
import type { Dialogue } from '../../../model/session/dialogue.js';
import type { CloseReason } from '../../../model/session/event.js';
import type { RecordingForm } from '../../../model/session/recording.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { Story } from '../events/story.js';
import { diagnose } from './diagnose.js';
import type { Evidence, MadeRecording } from './evidence.js';
import { failedCommands } from './exchanges.js';
import type { Finding } from './finding.js';
import { gather } from './gather.js';
import { type ExplainedLeg, explainLeg } from './legs.js';
import { lossPercent } from './rules/endings.js';
import { percentText, whoText } from './words.js';

/**
 * What is said of a call, for people (`format.ts`) and, as it is, for programs: `rtpbridge explain --json` prints this object. Times are
 * milliseconds since the epoch, spans milliseconds, addresses `HOST:PORT`; what is not known is null. Keys and ids stay; more may come.
 *
 *     {
 *       "call": the Call-ID,
 *       "sessions": [{                                   one a media stream, in the order in which they began
 *         "log", "run", "shard", "session": where the log tells of it; log -1: nowhere,
 *         "tag": the From tag of the offer,
 *         "dialogue": { "tags": {caller, callee}, "labels": the same, "branch", "media", "networks": {caller, callee}, "controller",
 *                       "metadata" }, or null: the classic protocol made it,
 *         "phase": "new" | "waiting" | "relaying" | "closed",
 *         "isLive": a running relay has it, "isWhole": the log goes back to its beginning,
 *         "openedAt", "relayingAt", "endedAt", "knownUntil", "closeReason",
 *         "verdict": one sentence,
 *         "causes": [{ "id", "side", "weight", "sentence", "evidence": [text], "advice" }],   why audio is missing, most likely first
 *         "remarks": the same, of what is no fault,
 *         "legs": { "caller": ExplainedLeg, "callee": ExplainedLeg },                         see `legs.ts`
 *         "recordings": [{ "id", "sides", "form", "startedAt", "endedAt", "failed", "files", "packets", "durationMs" }],
 *         "changes": [{ "at", "text" }],
 *         "problems": [text]                              records that cannot follow the ones before them
 *       }],
 *       "failed": [{ "at", "command", "reply", "meaning" }]   commands that were refused: U, L, P, R and C, or of the NG protocol, in words
 *     }
 */
export type Explanation = {
  readonly call: string;
  readonly sessions: readonly ExplainedSession[];
  readonly failed: readonly { readonly at: number; readonly command: string; readonly reply: string; readonly meaning: string }[];
};

export type ExplainedRecording = {
  readonly id: number;
  /** Empty: its beginning is not in the log; nor is its form. */
  readonly sides: readonly Side[];
  readonly form: RecordingForm | null;
  readonly startedAt: number;
  /** Null: it went on to the end of the session, or goes on. */
  readonly endedAt: number | null;
  /** It could not be written. */
  readonly failed: boolean;
  /** Where they stand now that it is complete, or as they are called while it is made. */
  readonly files: readonly string[];
  /** Null: it is not complete, or that is not in the log. */
  readonly packets: number | null;
  readonly durationMs: number | null;
};

/** What the proxy has told of the dialogue that a session is a media stream of. `controller`: whom its events go to. */
export type ExplainedDialogue = Pick<Dialogue, 'tags' | 'labels' | 'branch' | 'media' | 'networks' | 'metadata'> & {
  readonly controller: string | null;
};

export type ExplainedSession = {
  readonly log: number;
  readonly run: number;
  readonly shard: number;
  readonly session: number;
  readonly tag: string;
  readonly dialogue: ExplainedDialogue | null;
  readonly phase: Phase;
  readonly isLive: boolean;
  readonly isWhole: boolean;
  readonly openedAt: number;
  readonly relayingAt: number | null;
  readonly endedAt: number | null;
  /** The last moment of which something is known. */
  readonly knownUntil: number;
  readonly closeReason: CloseReason | null;
  readonly verdict: string;
  readonly causes: readonly Finding[];
  readonly remarks: readonly Finding[];
  readonly legs: Readonly<Record<Side, ExplainedLeg>>;
  readonly recordings: readonly ExplainedRecording[];
  readonly changes: readonly { readonly at: number; readonly text: string }[];
  readonly problems: readonly string[];
};

/** Explains what became of a call. Never throws. `formatTime`: ISO 8601, UTC. */
export function explain(story: Story, formatTime: (at: number) => string): Explanation {
  const sessions = gather(story, formatTime).map(explainSession);
  const failed = failedCommands(story).map(({ at, command, reply, meaning }) => ({ at, command, reply, meaning }));
  return { call: story.call, sessions, failed };
}

/** Whether the logs, or the relay, know the call at all. */
export const isKnown = ({ sessions, failed }: Explanation): boolean => sessions.length + failed.length > 0;

function explainSession(evidence: Evidence): ExplainedSession {
  const { log, run, shard, session, tag, phase, isLive, isWhole, openedAt, relayingAt, closed, endAt, changes, problems } =
    evidence;
  const { causes, remarks } = diagnose(evidence);
  return {
    ...{ log, run, shard, session, tag, dialogue: explainDialogue(evidence), phase, isLive, isWhole, openedAt, relayingAt },
    ...{ endedAt: closed?.at ?? null, knownUntil: endAt, closeReason: closed?.reason ?? null },
    verdict: causes[0]?.sentence ?? healthText(evidence),
    ...{ causes, remarks, changes, problems, recordings: evidence.recordings.map(explainRecording) },
    legs: { caller: explainLeg(evidence, 'caller'), callee: explainLeg(evidence, 'callee') },
  };
}

function explainDialogue({ state: { dialogue } }: Evidence): ExplainedDialogue | null {
  if (dialogue === null) return null;
  const { tags, labels, branch, media, networks, metadata, owner } = dialogue;
  return { tags, labels, branch, media, networks, metadata, controller: owner?.controller ?? null };
}

const explainRecording = (recording: MadeRecording): ExplainedRecording => {
  const { id, sides, form, startedAt, endedAt, hasFailed, files, done } = recording;
  const found = { files: done?.files ?? files, packets: done?.packets ?? null, durationMs: done?.durationMs ?? null };
  return { id, sides, form, startedAt, endedAt, failed: hasFailed, ...found };
};

/** Of a session without anything that is missing. */
function healthText(evidence: Evidence): string {
  const heard = SIDES.filter((side) => evidence.sides[side].rtp.received > 0);
  if (heard.length === 0) return 'Nothing was heard of either side, in too short a time to wonder.';
  const losses = heard.map((side) => {
    const percent = lossPercent(evidence.sides[side]);
    return percent === null ? `loss of the ${side} not known` : `${percentText(percent)} of the ${side}'s packets lost`;
  });
  const verb = heard.length === 2 ? 'were' : 'was';
  const who = whoText(heard);
  return `${who.charAt(0).toUpperCase()}${who.slice(1)} ${verb} heard: ${losses.join(', ')}.`;
}
