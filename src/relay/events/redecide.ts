import { millis } from '../../../model/kernel/index.js';
import { type Decision, decide } from '../../../model/session/decide/index.js';
import type { SessionEvent } from '../../../model/session/event.js';
import type { Network } from '../../../model/session/network.js';
import { REFUSALS } from '../../../model/session/refusal.js';
import { INITIAL_STATE, type SessionState } from '../../../model/session/state.js';
import type { Surroundings } from '../../../model/session/surroundings.js';
import { asciiJson, firstDifference } from './difference.js';
import type { DecisionSetting, StepRecord } from './record.js';
import { describeEvent, printableText } from './timeline.js';

const NO_PACKETS = { received: 0, relayed: 0, dropped: 0 } as const;
const NO_TALLY = { caller: NO_PACKETS, callee: NO_PACKETS } as const;
/** Silent since ever. */
const NEVER_HEARD = { caller: millis(0), callee: millis(0) } as const;
const NO_NETWORK: Network = { host: '', advertised: null };

/** A command that today's `decide` answers otherwise than it was answered then. */
export type Redecision = {
  readonly recorded: Decision;
  /** Null: it threw `thrown`. */
  readonly today: Decision | null;
  readonly thrown?: string;
};

/**
 * Gives a recorded command to today's `decide`, with the state that the recorded events before it made (null: no session yet) and the
 * surroundings of then. Answers null if the outcome is the same, event by event. `setting`: of the segment header; null where it has none.
 */
export function redecide(before: SessionState | null, record: StepRecord, setting: DecisionSetting | null): Redecision | null {
  const { events, refusal, command } = record;
  const recorded: Decision = refusal === undefined ? { ok: true, value: events } : { ok: false, error: refusal };
  try {
    const today = decide(before ?? INITIAL_STATE, command, surroundingsOf(record, setting ?? settingOf(events)));
    return firstDifference(recorded, today) === null ? null : { recorded, today };
  } catch (error) {
    return { recorded, today: null, thrown: (error as Error).message };
  }
}

function surroundingsOf(record: StepRecord, setting: DecisionSetting): Surroundings {
  const { at, events, sparePort, heardAt } = record;
  const opened = events.find((event) => event.type === 'LegOpened');
  const closed = events.find((event) => event.type === 'SessionClosed');
  return {
    ...setting,
    now: at,
    // Logs of earlier versions tell the port only where it was used,
    sparePort: sparePort ?? opened?.local ?? null,
    // and not what the timer looked at: it is in the log only where it ended the session.
    heardAt: heardAt ?? NEVER_HEARD,
    tally: closed?.tally ?? NO_TALLY,
  };
}

/** Of logs of earlier versions, whose headers lack it: it is needed where a session begins, and told there. */
function settingOf(events: readonly SessionEvent[]): DecisionSetting {
  const opened = events.find((event) => event.type === 'SessionOpened');
  if (opened === undefined) return { ttlMs: 0, setupTtlMs: 0, independentTtl: false, network: NO_NETWORK };
  const { ttlMs, setupTtlMs, independentTtl, networks } = opened;
  // Where the command names a network for one leg only, the standard one is that of the callee.
  return { ttlMs, setupTtlMs, independentTtl, network: networks.callee };
}

/** A difference for people: the command, what was made of it then (`-`) and today (`+`), and what is in both. */
export function describeRedecision(record: StepRecord, { recorded, today, thrown }: Redecision, head: string): string[] {
  const then = wordsOf(recorded);
  const now = today === null ? [`throws: ${printableText(thrown ?? '')}`] : wordsOf(today);
  // Two events may differ in something that no words tell.
  const isTold = today === null || then.length !== now.length || then.some((line, i) => line !== now[i]);
  const lines = isTold ? [then, now] : [exactly(recorded), exactly(today)];
  return [`${head}${record.command.type} ${asciiJson(argumentsOf(record))}`, ...differing(lines[0] ?? [], lines[1] ?? [])];
}

function argumentsOf({ command }: StepRecord): Readonly<Record<string, unknown>> {
  const { type: _, ...rest } = command;
  return rest;
}

function wordsOf(decision: Decision): string[] {
  if (!decision.ok) return [`refused: ${REFUSALS[decision.error]}`];
  if (decision.value.length === 0) return ['nothing happens'];
  return decision.value.map((event) => printableText(describeEvent(event)));
}

const exactly = (decision: Decision): string[] => (decision.ok ? decision.value.map(asciiJson) : [asciiJson(decision)]);

/** What both begin and end with stands once. */
function differing(then: readonly string[], now: readonly string[]): string[] {
  const shorter = Math.min(then.length, now.length);
  let first = 0;
  while (first < shorter && then[first] === now[first]) first++;
  let last = 0;
  while (last < shorter - first && then.at(-1 - last) === now.at(-1 - last)) last++;
  const same = (lines: readonly string[]): string[] => lines.map((line) => `    ${line}`);
  return [
    ...same(then.slice(0, first)),
    ...then.slice(first, then.length - last).map((line) => `  - ${line}`),
    ...now.slice(first, now.length - last).map((line) => `  + ${line}`),
    ...same(then.slice(then.length - last)),
  ];
}
