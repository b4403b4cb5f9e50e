import { isSubscription } from '../../../model/session/state.js';
import type { Evidence } from './evidence.js';
import type { Finding, FindingId, Rule } from './finding.js';
import * as addresses from './rules/addresses.js';
import * as endings from './rules/endings.js';
import * as negotiation from './rules/negotiation.js';
import * as signalling from './rules/signalling.js';
import * as silence from './rules/silence.js';
import * as sound from './rules/sound.js';
import * as sources from './rules/sources.js';

const RULES: readonly Rule[] = [
  ...[endings.brokenEnd, endings.timedOut, endings.recovered, endings.lossy, endings.notRtp],
  ...[signalling.noPort, signalling.commandRefused, signalling.noAnswer, signalling.earlyPackets],
  ...[signalling.codecMismatch, signalling.forked, signalling.subscribed],
  ...[
    addresses.networkMismatch,
    addresses.noDestination,
    addresses.unreachable,
    addresses.privateAddress,
    addresses.relayAddress,
  ],
  ...[negotiation.offerUnanswered, negotiation.offerGivenUp, negotiation.anotherParty, negotiation.notDone],
  ...[negotiation.branchMuted, negotiation.mediaBlocked, negotiation.dtmfBlocked, negotiation.deletionHeld],
  ...[sources.asymmetricElsewhere, sources.refusedFromTheStart, sources.takeoverRefused],
  ...[sources.foreignSource, sources.learnedElsewhere, sources.asymmetricPort, sources.asymmetricFine],
  ...[sound.hearsPrompt, sound.promptFailed, sound.promptRefused, sound.recordingFailed],
  ...[silence.onHold, silence.bothSilent, silence.silentFromTheStart, silence.wentSilent, silence.paused],
];

const SILENCES: readonly FindingId[] = ['silent', 'went-silent', 'both-silent'];

/** What need not be said any more of a side (or of both) where something says why. */
const TELLS: Readonly<Partial<Record<FindingId, readonly FindingId[]>>> = {
  forked: [...SILENCES, 'no-destination', 'private-address', 'relay-address', 'codec-mismatch'],
  timeout: ['went-silent'],
  'both-silent': ['silent', 'went-silent'],
  'no-port': ['no-answer'],
  'command-refused': ['no-answer'],
  'network-mismatch': ['silent', 'no-destination', 'relay-address', 'private-address'],
  'no-destination': ['silent'],
  'private-address': ['silent'],
  'relay-address': ['silent'],
  unreachable: ['silent', 'went-silent'],
  'asymmetric-elsewhere': ['silent', 'went-silent'],
  'asymmetric-port': ['unreachable'],
  'refused-source': ['silent'],
  'takeover-refused': ['went-silent'],
};

export type Diagnosis = {
  /** Why audio is or was missing, the most likely first. Empty: nothing is missing as far as the relay knows. */
  readonly causes: readonly Finding[];
  /** What is worth knowing, and no fault. */
  readonly remarks: readonly Finding[];
};

/** Looks at what is known of a session for everything that can be wrong with it. */
export function diagnose(evidence: Evidence): Diagnosis {
  const isOfInterest = isSubscription(evidence.state) ? isAboutSubscriber : () => true;
  const found = RULES.flatMap((rule) => rule(evidence)).filter(isOfInterest);
  const causes = found.filter(({ weight }) => weight > 0);
  const left = causes.filter((finding) => !causes.some((other) => isToldBy(finding, other)));
  return {
    causes: left.sort((a, b) => b.weight - a.weight),
    remarks: found.filter(({ weight }) => weight === 0),
  };
}

/** A subscriber is there to hear: that it is silent, and that it has no other side, is nothing to wonder about. */
const isAboutSubscriber = ({ id, side }: Finding): boolean =>
  side !== 'caller' &&
  ![...SILENCES, 'pause', 'hold', 'codec-mismatch', 'no-answer', 'command-refused', 'private-address', 'relay-address'].includes(
    id,
  );

/** A cause of both sides tells for each of them; one of a single side only for that. A timeout names both. */
function isToldBy({ id, side }: Finding, other: Finding): boolean {
  const told = TELLS[other.id]?.includes(id) ?? false;
  return told && (other.side === null || other.side === side || other.id === 'timeout');
}
