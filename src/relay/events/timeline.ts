import { formatAddress, unreachable } from '../../../model/kernel/index.js';
import type { SessionEvent, Tally } from '../../../model/session/event.js';
import { REFUSALS } from '../../../model/session/refusal.js';
import type { StepRecord } from '../ports.js';

/** One step as lines of a timeline: time, shard and session, Call-ID, what happened. `formatTime`: how a time is shown. */
export function describeRecord(record: StepRecord, formatTime: (at: number) => string): string[] {
  const head = `${formatTime(record.at)}  ${record.shard}/${record.session}  ${printable(record.call)}  `;
  if (record.refusal !== undefined) return [`${head}${record.command.type} refused: ${REFUSALS[record.refusal]}`];
  return record.events.map((event) => head + describeEvent(event));
}

function describeEvent(event: SessionEvent): string {
  switch (event.type) {
    case 'SessionOpened':
      return `session opened for tag ${printable(event.tag)}; ends after ${seconds(event.setupTtlMs)} of silence, ${seconds(event.ttlMs)} once both legs are open`;
    case 'LegOpened':
      return `leg of the ${event.side} opened on ${formatAddress(event.local)}`;
    case 'RemoteSignalled':
      return `${event.side} is said to receive at ${formatAddress(event.address)}`;
    case 'LegHeld':
      return `${event.side} is put on hold`;
    case 'SymmetryChanged':
      return `${event.side} ${event.asymmetric ? 'does not send from where it receives: no address is learned' : 'sends from where it receives'}`;
    case 'CodecsOffered':
      return event.codecs.length > 0
        ? `${event.side} offers payload types ${event.codecs.join(', ')}`
        : `${event.side} names no payload types`;
    case 'RemoteLatched':
      return `${event.component.toUpperCase()} of the ${event.side} comes from ${formatAddress(event.address)}${event.learned ? ': learned' : ', as signalled'}`;
    case 'ReferenceTaken':
      return `${describeReference(event.reference)} reference taken`;
    case 'ReferenceReleased':
      return `${describeReference(event.reference)} reference released, others remain`;
    case 'SessionClosed':
      return `session closed: ${event.reason}; caller ${describeTally(event.tally.caller)}; callee ${describeTally(event.tally.callee)}`;
    default:
      return unreachable(event);
  }
}

const seconds = (ms: number): string => `${ms / 1000} s`;

const describeReference = (reference: string): string => (reference === 'strong' ? 'strong' : `weak (${reference})`);

const describeTally = ({ received, relayed, dropped }: Tally): string =>
  `${received} received, ${relayed} relayed, ${dropped} dropped`;

/** What clients send may hold control characters: a line stays one line, and a terminal is left alone. */
const printable = (text: string): string =>
  [...text]
    .map((letter) => (letter > '~' || letter < '!' ? `\\x${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}` : letter))
    .join('');
