import type { Side } from '../../../model/session/side.js';
import type { Evidence } from './evidence.js';

/** Why audio is or was missing, or what else is worth knowing. Stable names: scripts may look for them. */
export type FindingId =
  // The session itself.
  | 'no-port'
  | 'command-refused'
  | 'no-answer'
  | 'early-packets'
  | 'defect'
  | 'port-lost'
  | 'set-aside'
  | 'timeout'
  | 'recovered'
  | 'forked'
  | 'subscription'
  // Where packets go to and come from.
  | 'network-mismatch'
  | 'asymmetric-elsewhere'
  | 'asymmetric-port'
  | 'refused-source'
  | 'takeover-refused'
  | 'foreign-source'
  | 'no-destination'
  | 'unreachable'
  | 'private-address'
  | 'relay-address'
  | 'learned-elsewhere'
  | 'asymmetric'
  // What was agreed on, and what the proxy wanted.
  | 'offer-unanswered'
  | 'offer-given-up'
  | 'another-party'
  | 'not-done'
  | 'deletion-held'
  | 'kept'
  // What is heard.
  | 'silent'
  | 'went-silent'
  | 'both-silent'
  | 'pause'
  | 'hold'
  | 'branch-muted'
  | 'media-blocked'
  | 'dtmf-blocked'
  | 'prompt'
  | 'prompt-failed'
  | 'prompt-refused'
  | 'codec-mismatch'
  | 'not-rtp'
  | 'loss'
  // What is left of it.
  | 'recording-failed';

export type Finding = {
  readonly id: FindingId;
  /** The side that is the matter: that is not heard, cannot be reached, or sends what nobody takes. Null: both, or neither. */
  readonly side: Side | null;
  /** How likely it is why audio is missing, 1…100: the highest is told first. 0: it is no fault, only worth knowing. */
  readonly weight: number;
  /** One sentence, in plain words. */
  readonly sentence: string;
  /** What it is concluded from. */
  readonly evidence: readonly string[];
  /** What to do about it, where that is clear enough. */
  readonly advice: string | null;
};

/** Looks for one cause. Pure and total. */
export type Rule = (evidence: Evidence) => readonly Finding[];
