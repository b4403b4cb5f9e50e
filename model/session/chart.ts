import { assign, setup } from 'xstate';
import type { CloseReason, SessionEvent } from './event.js';
import { evolve } from './evolve.js';
import { INITIAL_STATE, isComplete, type SessionState } from './state.js';

/** The states of the chart. */
export type Phase = 'new' | 'waiting' | 'relaying' | 'closed';

/** Ends that nobody asked for: whoever wants to hear of a timeout wants to hear of these, too, or the call would hang on without media. */
const isUnasked = (reason: CloseReason): boolean => reason === 'timeout' || reason === 'port-lost' || reason === 'set-aside';

/** What may happen to a session whether or not both its legs are open. */
const ALWAYS = {
  NetworkChosen: { actions: 'record' },
  RemoteSignalled: { actions: ['record', 'installPath'] },
  LegHeld: { actions: ['record', 'armIdleTimer'] },
  SymmetryChanged: { actions: ['record', 'installPath'] },
  CodecsOffered: { actions: 'record' },
  ResizingChanged: { actions: ['record', 'installPath'] },
  TosChanged: { actions: ['record', 'setTos'] },
  TtlChanged: { actions: ['record', 'armIdleTimer'] },
  NotifyChanged: { actions: 'record' },
  DtmfCatchChanged: { actions: ['record', 'installPath'] },
  CopyStarted: { actions: 'record' },
  CopyStopped: { actions: 'record' },
  PlaybackStarted: { actions: ['record', 'installPath'] },
  // How the stream goes on behind the prompt is known when the player has been stopped, and is part of the path.
  PlaybackEnded: { actions: ['record', 'followPlayback', 'installPath'] },
  // While a key is sent the stream that it interrupts takes another path.
  DtmfPlayed: { actions: ['record', 'installPath'] },
  RecordingStarted: { actions: ['record', 'followRecordings'] },
  RecordingNamed: { actions: 'record' },
  RecordingStopped: { actions: ['record', 'followRecordings'] },
  ForkStarted: { actions: ['record', 'installPath'] },
  DialogueChanged: { actions: ['record', 'installPath'] },
  PartyChanged: { actions: ['record', 'installPath'] },
  RemoteForgotten: { actions: ['record', 'installPath'] },
  SourcesChanged: { actions: ['record', 'installPath'] },
  MediaDescribed: { actions: ['record', 'installPath', 'armIdleTimer'] },
  OfferMade: { actions: 'record' },
  OfferClosed: { actions: 'record' },
  MutesChanged: { actions: ['record', 'installPath'] },
  DeletionSet: { actions: ['record', 'armIdleTimer'] },
  DeletionCancelled: { actions: ['record', 'armIdleTimer'] },
  SourceRefused: { actions: 'record' },
  RemoteUnreachable: { actions: 'record' },
  SessionRecovered: { actions: 'record' },
  ReferenceTaken: { actions: 'record' },
  ReferenceReleased: { actions: 'record' },
  SessionClosed: [
    { guard: 'endsUnheard', target: 'closed', actions: ['record', 'notifyTimeout', 'releaseSession'] },
    { target: 'closed', actions: ['record', 'releaseSession'] },
  ],
} as const;

/**
 * The chart says when, `evolve` says what. It consumes events only, never commands; effects come out as names (`effect.ts`).
 *
 * Of a subscription only one leg is ever opened.
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
    setTos: () => {},
    followPlayback: () => {},
    followRecordings: () => {},
    armIdleTimer: () => {},
    notifyTimeout: () => {},
    releaseSession: () => {},
  },
  guards: {
    bothLegsOpen: ({ context, event }) => isComplete(evolve(context, event)),
    endsUnheard: ({ context, event }) => event.type === 'SessionClosed' && isUnasked(event.reason) && context.notify !== null,
  },
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
        ...ALWAYS,
        LegOpened: [
          { guard: 'bothLegsOpen', target: 'relaying', actions: ['record', 'installPath', 'followRecordings', 'armIdleTimer'] },
          { actions: ['record', 'installPath', 'followRecordings'] },
        ],
      },
    },
    relaying: {
      on: {
        ...ALWAYS,
        LegOpened: { actions: ['record', 'installPath', 'followRecordings'] },
        RemoteLatched: { actions: ['record', 'installPath'] },
      },
    },
    closed: { type: 'final' },
  },
});
