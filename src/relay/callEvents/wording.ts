import type { NgDictionary, NgValue } from '../../protocol/ng/value.js';
import type { CallEvent, SideCounters } from './callEvent.js';
import { textOfBytes } from './text.js';

/** Counts up when a reader of the version before would be misled. New keys may come at any time. */
export const EVENT_VERSION = 1;

/** What a receiver is told in the place of events that were kept too long, or were too many. */
export const LOST_EVENT = 'events-lost';

/** What an event gets on its way out. */
export type Numbering = {
  readonly controller: string;
  /** Counts the events of the controller from 1, … */
  readonly seq: number;
  /** … since then, milliseconds since the Unix epoch: a relay that was restarted counts anew. */
  readonly run: number;
};

/** Events of a controller that are gone. `firstSeq` and `lastSeq`: all of them are between. */
export type Loss = { readonly count: number; readonly firstSeq: number; readonly lastSeq: number; readonly at: number };

/** An event as it is published; of what is not known the key is left out. Text is one character a byte, as everywhere in the NG protocol. */
export function publish(event: CallEvent, { controller, seq, run }: Numbering): NgDictionary {
  const { callId, fromTag, toTag, branch, media, tag, label, reason, counters, details } = event;
  const optional: Readonly<Record<string, string | number | null>> = {
    ...{ 'to-tag': toTag, 'via-branch': branch, media, tag, label, reason },
  };
  const known: Record<string, NgValue> = {};
  for (const [key, value] of Object.entries(optional)) if (value !== null) known[key] = value;
  for (const [key, value] of Object.entries(details)) known[key] = typeof value === 'number' ? Math.round(value) : value;
  return {
    ...{ version: EVENT_VERSION, controller, run: Math.round(run), seq, event: event.event, at: Math.round(event.at) },
    ...{ 'call-id': callId, 'from-tag': fromTag },
    ...known,
    counters: { from: publishCounters(counters.from), to: publishCounters(counters.to) },
  };
}

/** That events are missing here. It has the number of the last one of them, so that whoever goes on behind it is told nothing twice. */
export function publishLoss(
  { count, firstSeq, lastSeq, at }: Loss,
  { controller, run }: Pick<Numbering, 'controller' | 'run'>,
): NgDictionary {
  return {
    ...{ version: EVENT_VERSION, controller, run: Math.round(run), seq: lastSeq, event: LOST_EVENT, at: Math.round(at) },
    ...{ lost: count, 'first-seq': firstSeq, 'last-seq': lastSeq },
  };
}

function publishCounters({ packets, bytes, relayed, dropped, silentMs }: SideCounters): NgDictionary {
  return { packets, bytes, relayed, dropped, ...(silentMs !== null && { 'silent-ms': Math.round(silentMs) }) };
}

/** The JSON of something published, in one line. */
export const jsonOf = (published: NgDictionary): string =>
  JSON.stringify(published, (_, value: unknown) => (typeof value === 'string' ? textOfBytes(value) : value));

/** What goes over a connection of the NG protocol, behind the cookie `event-SEQ`. */
export const pushOf = (published: NgDictionary): NgDictionary => ({ notify: published['event'] ?? '', data: published });

/** As server-sent event (HTML Living Standard §9.2): whoever comes again says the `id` it has. `json` has no line end in it. */
export const streamTextOf = (seq: number, event: string, json: string): string =>
  `id: ${seq}\nevent: ${event}\ndata: ${json}\n\n`;
