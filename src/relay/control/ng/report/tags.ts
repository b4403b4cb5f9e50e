import { otherSide, SIDES, type Side } from '../../../../../model/session/side.js';
import type { Leg } from '../../../../../model/session/state.js';
import { EARLY, RECEIVED, rowBase } from '../../../../media/counters.js';
import { rowOf } from '../../../../media/streams.js';
import type { NgDictionary } from '../../../../protocol/ng/value.js';
import { legIndexOf, type Session } from '../../../session/session.js';
import { sourceOf } from '../../../session/subscriptions.js';
import { tagOf } from '../participants.js';
import { byStrangers, type Draft, secondsOf } from './draft.js';
import { describeMedia, type Heard, hear, type MediaWorld } from './media.js';

/** A party of a call while what is known of it is gathered, over all its dialogues. */
type Party = {
  readonly entry: Draft;
  readonly medias: Draft[];
  /** Whom it hears, and who hears it. */
  readonly subscriptions: Draft[];
  readonly subscribers: Draft[];
};

const ANSWER = 'offer/answer';
const COPY = 'pub/sub';

/** Everybody who takes part in these sessions, by tag, each with its media in the order of their lines. */
export function describeTags(sessions: readonly Session[], world: MediaWorld): NgDictionary {
  const tags = byStrangers();
  const parties = new Map<string, Party>();
  for (const session of sessions) {
    const [caller, callee] = [nameOf(session, 'caller', world), nameOf(session, 'callee', world)];
    const heard: Readonly<Record<Side, Heard>> = {
      caller: hear(session, 'caller', caller ?? '', world),
      callee: hear(session, 'callee', callee ?? '', world),
    };
    for (const side of SIDES) {
      const [tag, other] = side === 'caller' ? [caller, callee] : [callee, caller];
      if (tag === null) continue;
      const party = parties.get(tag) ?? begin(tag, session, side);
      parties.set(tag, party);
      tags[tag] = party.entry;
      if (other !== null) {
        bind(party.subscriptions, other, ANSWER);
        bind(party.subscribers, other, ANSWER);
      }
      party.medias.push(describeMedia(session, heard[side], heard[otherSide(side)], world));
    }
  }
  for (const session of sessions) bindCopy(session, sessions, parties);
  for (const { medias } of parties.values())
    if (medias.length > 1) medias.sort((a, b) => (a['index'] as number) - (b['index'] as number));
  return tags;
}

function bind(bonds: Draft[], tag: string, type: string): void {
  if (bonds.every((each) => each['tag'] !== tag || each['type'] !== type)) bonds.push({ tag, type });
}

/** A subscription (`subscribe request`) binds the party that is copied and the one that hears the copy. */
function bindCopy(session: Session, sessions: readonly Session[], parties: ReadonlyMap<string, Party>): void {
  const { dialogue } = session.snapshot.context;
  const source = dialogue?.subscribes === undefined ? null : sourceOf(sessions, session);
  if (source === null || dialogue?.subscribes === undefined) return;
  const from = tagOf({ session: source, side: dialogue.subscribes.side });
  const to = dialogue.tags.callee;
  if (from === null || to === null) return;
  const [publisher, subscriber] = [parties.get(from), parties.get(to)];
  if (subscriber !== undefined) bind(subscriber.subscriptions, from, COPY);
  if (publisher !== undefined) bind(publisher.subscribers, to, COPY);
}

/** A side without a tag that is known is shown where something is known of it. Null: it is not. */
function nameOf(session: Session, side: Side, { counters: { values } }: MediaWorld): string | null {
  const tag = tagOf({ session, side });
  if (tag !== null) return tag;
  const leg: Leg = session.snapshot.context.legs[side];
  const base = rowBase(rowOf(session.slot, legIndexOf(side), 0));
  const isHeard = values[base + RECEIVED]! + values[base + EARLY]! > 0;
  return leg.lastSignal !== null || leg.rtp.address !== null || isHeard ? `<untagged ${session.session}>` : null;
}

function begin(tag: string, { snapshot }: Session, side: Side): Party {
  const { dialogue, openedAt, recordings } = snapshot.context;
  const [medias, subscriptions, subscribers]: [Draft[], Draft[], Draft[]] = [[], [], []];
  const entry: Draft = { tag };
  if (dialogue !== null) {
    const label = dialogue.labels[side];
    if (dialogue.branch !== null) entry['via-branch'] = dialogue.branch;
    if (label !== null) entry['label'] = label;
    if (dialogue.metadata !== null) entry['metadata'] = dialogue.metadata;
  }
  entry['created'] = secondsOf(openedAt);
  entry['subscriptions'] = subscriptions;
  entry['subscribers'] = subscribers;
  entry['medias'] = medias;
  if (recordings.length > 0)
    entry['recording'] = { excluded: recordings.every(({ sides }) => !sides.includes(side)) ? 1 : 0, forwarding: 0 };
  return { entry, medias, subscriptions, subscribers };
}
