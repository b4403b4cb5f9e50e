import { type AnyActorScope, createActor, initialTransition, type SnapshotFrom } from 'xstate';
import { sessionChart } from '../../../model/session/chart.js';
import type { Effect } from '../../../model/session/effect.js';
import type { SessionEvent } from '../../../model/session/event.js';

export type Snapshot = SnapshotFrom<typeof sessionChart>;

/** Where every session starts. Snapshots are immutable, so one will do for all of them. */
export const NEW_SESSION: Snapshot = initialTransition(sessionChart)[0];

const effects: Effect[] = [];

/**
 * XState wants an actor to run a transition in. Making one for each event, as its own `transition()` does, costs three times the
 * transition itself; the chart has no children, delays or emitted events, so one actor, never started, serves for all sessions.
 */
const actor = createActor(sessionChart);
const scope: AnyActorScope = {
  self: actor,
  id: actor.id,
  sessionId: actor.sessionId,
  system: actor.system,
  defer: () => {},
  emit: () => {},
  logger: () => {},
  stopChild: () => {},
  actionExecutor: (action) => {
    effects.push(action.type as Effect);
  },
};

/**
 * Takes events into a session: the chart decides what state follows and which effects are due, `evolve` (called by it) what the session
 * then is. A chart ignores what it does not know, so an event that moves nothing is a bug: it throws, and the session ends as a defect.
 */
export function apply(
  snapshot: Snapshot,
  events: readonly SessionEvent[],
): { readonly snapshot: Snapshot; readonly effects: readonly Effect[] } {
  effects.length = 0;
  let current = snapshot;
  for (const event of events) {
    const next = sessionChart.transition(current, event, scope) as Snapshot;
    if (next.context === current.context) throw new Error(`the chart ignored ${event.type} in ${String(current.value)}`);
    current = next;
  }
  return { snapshot: current, effects: [...new Set(effects)] };
}
