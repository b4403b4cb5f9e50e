import type { EventType, SessionEvent } from '../../../model/session/event.js';
import { SIDES } from '../../../model/session/side.js';
import { describeEvent } from '../events/timeline.js';
import { SILENCE_MS } from './evidence.js';
import { heardTimes } from './samples.js';
import type { SessionTrace } from './trace.js';

/** What matters to whoever asks why nothing is heard. */
const TOLD: ReadonlySet<EventType> = new Set<EventType>([
  ...(['SessionOpened', 'NetworkChosen', 'LegOpened', 'RemoteSignalled', 'LegHeld', 'SymmetryChanged', 'CodecsOffered'] as const),
  ...([
    'MediaDescribed',
    'OfferMade',
    'OfferClosed',
    'PartyChanged',
    'RemoteForgotten',
    'SourcesChanged',
    'MutesChanged',
    'DeletionSet',
    'DeletionCancelled',
  ] as const),
  ...(['ForkStarted', 'RemoteLatched', 'SourceRefused', 'RemoteUnreachable', 'SessionRecovered', 'SessionClosed'] as const),
  ...([
    'DtmfPlayed',
    'PlaybackStarted',
    'PlaybackEnded',
    'CopyStarted',
    'CopyStopped',
    'RecordingStarted',
    'RecordingStopped',
  ] as const),
]);

type Change = { readonly at: number; readonly text: string };

/** What changed in a session, in the order of time, and when its sides were heard for the first and the last time. */
export function changesOf(trace: SessionTrace): readonly Change[] {
  // What a description says of codecs is more than their numbers.
  const isDescribed = trace.events.some(({ type }) => type === 'MediaDescribed');
  const isNews = (event: SessionEvent): boolean => isTold(event) && !(isDescribed && event.type === 'CodecsOffered');
  const told = trace.events.filter(isNews).map((event) => ({ at: event.at, text: describeEvent(event) }));
  return [...told, ...heardChanges(trace)].sort((a, b) => a.at - b.at);
}

/** RTCP goes along with RTP. */
const isTold = (event: SessionEvent): boolean =>
  TOLD.has(event.type) && !(event.type === 'RemoteLatched' && event.component === 'rtcp');

function heardChanges(trace: SessionTrace): Change[] {
  const endAt = trace.closed?.at ?? trace.lastAt;
  return SIDES.flatMap((side): Change[] => {
    const { firstHeardAt, lastHeardAt } = heardTimes(trace.rtpOf(side), trace.sides[side]);
    const first = firstHeardAt === null ? [] : [{ at: firstHeardAt, text: `first packet of the ${side}` }];
    const isSilent = lastHeardAt !== null && endAt - lastHeardAt >= SILENCE_MS;
    return isSilent ? [...first, { at: lastHeardAt, text: `last packet of the ${side}` }] : first;
  });
}
