import { assign, setup } from 'xstate';
import type { SessionEvent } from './event.js';
import { evolve } from './evolve.js';
import { INITIAL_STATE, isComplete, type SessionState } from './state.js';

/**
 * The chart says when, `evolve` says what. It consumes events only, never commands; effects come out as names (`effect.ts`).
 *
 *     new ──SessionOpened──▶ waiting ──LegOpened, both legs now open──▶ relaying
 *                               └────────────SessionClosed──────┬──────────┘
 *                                                               ▼
 *                                                             closed
 */
export const sessionChart = setup({
  types: { context: {} as SessionState, events: {} as SessionEvent },
  actions: {
    record: assign(({ context, event }) => evolve(context, event)),
    installPath: () => {},
    armIdleTimer: () => {},
    releaseSession: () => {},
  },
  guards: { bothLegsOpen: ({ context, event }) => isComplete(evolve(context, event)) },
}).createMachine({
  id: 'session',
  context: INITIAL_STATE,
  initial: 'new',
  states: {
    new: {
      on: { SessionOpened: { target: 'waiting', actions: ['record', 'armIdleTimer'] } },
    },
    waiting: {
      on: {
        LegOpened: [
          { guard: 'bothLegsOpen', target: 'relaying', actions: ['record', 'installPath', 'armIdleTimer'] },
          { actions: ['record', 'installPath'] },
        ],
        RemoteSignalled: { actions: ['record', 'installPath'] },
        LegHeld: { actions: 'record' },
        SymmetryChanged: { actions: ['record', 'installPath'] },
        CodecsOffered: { actions: 'record' },
        ReferenceTaken: { actions: 'record' },
        ReferenceReleased: { actions: 'record' },
        SessionClosed: { target: 'closed', actions: ['record', 'releaseSession'] },
      },
    },
    relaying: {
      on: {
        RemoteSignalled: { actions: ['record', 'installPath'] },
        LegHeld: { actions: 'record' },
        SymmetryChanged: { actions: ['record', 'installPath'] },
        CodecsOffered: { actions: 'record' },
        RemoteLatched: { actions: ['record', 'installPath'] },
        ReferenceTaken: { actions: 'record' },
        ReferenceReleased: { actions: 'record' },
        SessionClosed: { target: 'closed', actions: ['record', 'releaseSession'] },
      },
    },
    closed: { type: 'final' },
  },
});
