import { formatAddress, unreachable } from '../../../model/kernel/index.js';
import type { SessionEvent, Tally } from '../../../model/session/event.js';
import { formatTarget } from '../../../model/session/notify.js';
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
    case 'NetworkChosen':
      return `leg of the ${event.side} is to stand on ${event.network.host}${event.network.advertised ? `, advertised as ${event.network.advertised}` : ''}`;
    case 'ResizingChanged':
      return event.resizeMs === null
        ? `packets of the ${event.side} are left as long as they are`
        : `packets of the ${event.side} are made ${event.resizeMs} ms long`;
    case 'TosChanged':
      return `what is sent to the ${event.side} has TOS ${event.tos}`;
    case 'TtlChanged':
      return `${event.side} may be silent for ${seconds(event.ttlMs)}`;
    case 'NotifyChanged':
      return event.notify === null
        ? 'nobody is notified of a timeout'
        : `${formatTarget(event.notify.target)} is notified of a timeout with ${printable(event.notify.tag)}`;
    case 'DtmfCatchChanged':
      return `digits of the ${event.side} (payload type ${event.dtmf.payloadType}) are told${event.dtmf.swallow ? ', and not relayed' : ''}`;
    case 'CopyStarted':
      return `what comes from the ${event.side} is copied to ${formatAddress(event.to)} from ${formatAddress(event.local)}`;
    case 'CopyStopped':
      return `what comes from the ${event.side} is not copied any more`;
    case 'ForkStarted':
      return `hears session ${printable(event.source.tag)} of call ${printable(event.source.call)}`;
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
