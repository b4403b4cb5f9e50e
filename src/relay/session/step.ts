import { type CallId, millis } from '../../../model/kernel/index.js';
import type { SessionCommand } from '../../../model/session/command.js';
import { type Decision, decide } from '../../../model/session/decide/index.js';
import type { Effect } from '../../../model/session/effect.js';
import type { SessionEvent } from '../../../model/session/event.js';
import type { SessionState } from '../../../model/session/state.js';
import type { Surroundings } from '../../../model/session/surroundings.js';
import type { StepRecord } from '../events/record.js';
import { apply, type Snapshot } from './apply.js';

/** What a step is made with, besides the session. */
export type StepWorld = {
  /** Writes the step down: before it is applied, so that nothing can have happened that the log does not know. */
  readonly append: (record: NewStep) => void;
  /** Carries out an effect of the session, whose state is already the new one. */
  readonly perform: (effect: Effect, state: SessionState) => void;
};

type NewStep = Omit<StepRecord, 'seq' | 'shard'>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

export type Stepping = { snapshot: Snapshot; readonly session: number; readonly call: CallId };

const NOTHING: readonly SessionEvent[] = [];

/** Without spreads: they would make up a good part of what a step costs. */
function recordOf({ call, session }: Stepping, command: SessionCommand, around: Surroundings, decision: Decision): NewStep {
  const { sparePort, heardAt } = around;
  const events = decision.ok ? decision.value : NOTHING;
  const record: Writable<NewStep> = { kind: 'step', at: millis(around.now), call, session, command, events };
  if (sparePort !== null) record.sparePort = sparePort;
  if (command.type === 'CheckIdle') record.heardAt = heardAt;
  if (!decision.ok) record.refusal = decision.error;
  return record;
}

/**
 * One command to one session: decide → append → apply → effects. The only place where that order is written. Throws only for a bug;
 * whoever drives the session then ends it as a defect.
 */
export function step(session: Stepping, command: SessionCommand, around: Surroundings, world: StepWorld): Decision {
  const decision = decide(session.snapshot.context, command, around);
  const events = decision.ok ? decision.value : NOTHING;
  if (!decision.ok || events.length > 0) world.append(recordOf(session, command, around, decision));
  if (events.length === 0) return decision;
  const applied = apply(session.snapshot, events);
  session.snapshot = applied.snapshot;
  for (const effect of applied.effects) world.perform(effect, applied.snapshot.context);
  return decision;
}
