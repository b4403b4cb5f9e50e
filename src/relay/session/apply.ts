import { type Phase, sessionChart } from '../../../model/session/chart.js';
import type { Effect } from '../../../model/session/effect.js';
import type { EventType, SessionEvent } from '../../../model/session/event.js';
import { evolve } from '../../../model/session/evolve.js';
import { INITIAL_STATE, type SessionState } from '../../../model/session/state.js';

/** Where a session stands in the chart, and what it is. Immutable. */
export type Snapshot = { readonly value: Phase; readonly context: SessionState };

/** Where every session starts. Snapshots are immutable, so one will do for all of them. */
export const NEW_SESSION: Snapshot = { value: 'new', context: INITIAL_STATE };

type Guard = (given: { context: SessionState; event: SessionEvent }) => boolean;
type Transition = { readonly guard: Guard | null; readonly target: Phase; readonly effects: readonly Effect[] };

type Transitions = ReadonlyMap<EventType, readonly Transition[]>;

function readChart(): ReadonlyMap<Phase, Transitions> {
  const phases = Object.entries(sessionChart.states).map(([phase, { transitions }]) => {
    const rows = [...transitions].map(([type, candidates]) => {
      const read = candidates.map(({ guard, target, actions }): Transition => {
        const [first, ...effects] = actions.map(nameOf);
        if (first !== 'record') throw new Error(`the chart does not begin with "record" at ${type} in ${phase}`);
        return { guard: guardOf(guard), target: (target?.[0]?.key ?? phase) as Phase, effects: effects as Effect[] };
      });
      return [type as EventType, read] as const;
    });
    return [phase as Phase, new Map(rows)] as const;
  });
  return new Map(phases);
}

const nameOf = (part: unknown): string => (typeof part === 'string' ? part : (part as { readonly type: string }).type);

function guardOf(guard: unknown): Guard | null {
  if (guard === undefined) return null;
  const found = (sessionChart.implementations.guards as Readonly<Record<string, unknown>>)[nameOf(guard)];
  if (typeof found !== 'function') throw new Error(`the chart has no guard ${nameOf(guard)}`);
  return found as Guard;
}

/**
 * What follows an event in a phase: the transitions of XState's chart, read from it once. XState's own `transition` finds them anew for every
 * event, and makes a snapshot with room for children, tags and history, which cost more than half of what a call did (see decision 0015). A
 * property test holds the two against each other.
 */
const TABLE = readChart();

/**
 * Takes events into a session: the chart decides what state follows and which effects are due, `evolve` what the session then is. A chart
 * ignores what it does not know, so an event that moves nothing is a bug: it throws, and the session ends as a defect.
 */
export function apply(
  snapshot: Snapshot,
  events: readonly SessionEvent[],
): { readonly snapshot: Snapshot; readonly effects: readonly Effect[] } {
  const effects = new Set<Effect>();
  let { value, context } = snapshot;
  for (const event of events) {
    const given = { context, event };
    const transition = TABLE.get(value)
      ?.get(event.type)
      ?.find(({ guard }) => guard === null || guard(given));
    if (transition === undefined) throw new Error(`the chart ignored ${event.type} in ${value}`);
    context = evolve(context, event);
    value = transition.target;
    for (const effect of transition.effects) effects.add(effect);
  }
  return { snapshot: events.length > 0 ? { value, context } : snapshot, effects: [...effects] };
}
