import type { Prompt } from '../../../media/player/prompt.js';
import type { NgDictionary } from '../../../protocol/ng/value.js';
import type { NgOrigin } from '../../ng/ngOrigin.js';
import type { ExecutionWorld } from '../execution.js';

/** The carrying out of one request of the NG protocol on the shard of its call. */
export type NgExecution = ExecutionWorld & {
  readonly origin: NgOrigin;
  /** What `play media` is to play. */
  readonly prompts: NgPrompts;
};

/** What was found for `play media`: under which name it is found again, and for each list of payload types what can be played. */
export type NgPrompts = { readonly name: string; readonly found: readonly (readonly [codecs: string, prompt: Prompt | null])[] };
export const NO_PROMPTS: NgPrompts = { name: '', found: [] };

/** By which payload types a prompt is found for a side. */
export const codecsKey = (codecs: readonly number[]): string => codecs.join(',');

/** What a request is answered with: keys besides `result`, or the reason why not. */
export type NgOutcome =
  | { readonly kind: 'ok'; readonly extra: NgDictionary }
  | { readonly kind: 'pong' }
  | { readonly kind: 'error'; readonly reason: string }
  /** Told as such to clients that know it, to others as an error. */
  | { readonly kind: 'load limit'; readonly message: string };

export const done = (extra: NgDictionary = {}): NgOutcome => ({ kind: 'ok', extra });
export const failed = (reason: string): NgOutcome => ({ kind: 'error', reason });

/** Texts that clients know, as rtpengine has them. */
export const NG_ERRORS = {
  unknownCall: 'Unknown call-id',
  unknownCallOther: 'Unknown call-ID',
  noPorts: 'Ran out of ports',
  sessionLimit: 'Parallel session limit reached',
  load: 'Load limit exceeded',
  noMatch: "Call-ID not found or tags didn't match",
  association: 'Invalid dialogue association',
  noSuchTag: 'From-tag given, but no such tag exists',
  noSuchLabel: 'No monologue matching the given label',
  noSuchAddress: 'Failed to match address to any tag',
  noParty: 'No participant party specified',
  noToTag: 'To-tag not found',
  noMedias: 'No medias found (no monologues matched)',
  noSubscription: 'Failed to request subscription',
  badAnswer: 'Failed to process subscription answer',
  notPlaying: 'Not currently playing media',
} as const;
