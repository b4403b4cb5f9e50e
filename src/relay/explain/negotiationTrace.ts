import type { MediaDescription } from '../../../model/session/dialogue.js';
import type { SessionEvent } from '../../../model/session/event.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { Mute, SessionState } from '../../../model/session/state.js';
import type { HeldDeletion, Hold, MadeOffer, Muting } from './evidence.js';

type OfSide = { offers: readonly MadeOffer[]; mutings: readonly Muting[]; holds: readonly Hold[] };

const newSide = (): OfSide => ({ offers: [], mutings: [], holds: [] });

/** What a trace remembers of the dialogue: changes that were offered, who was muted, and deletions that were not carried out at once. */
export class NegotiationTrace {
  readonly sides: Readonly<Record<Side, OfSide>> = { caller: newSide(), callee: newSide() };
  deletions: readonly HeldDeletion[] = [];
  parties: readonly { readonly at: number; readonly side: Side }[] = [];

  follow(event: SessionEvent): void {
    const { at } = event;
    switch (event.type) {
      case 'OfferMade':
        this.#closeOffers(event.side, at, false);
        this.#offer(event.side, { at, offer: event.offer, until: null, taken: null });
        break;
      case 'OfferClosed':
        this.#closeOffers(event.side, at, event.taken);
        break;
      case 'MutesChanged':
        this.#mute(event.side, event.mutes, at);
        break;
      case 'MediaDescribed':
        this.#describe(event.side, event.description, at);
        break;
      case 'PartyChanged':
        this.parties = [...this.parties, { at, side: event.side }];
        break;
      case 'DeletionSet':
        this.#endDeletion(at, 'renewed');
        this.deletions = [...this.deletions, { at, until: event.until, unlessHeard: event.unlessHeard, end: null, endAt: null }];
        break;
      case 'DeletionCancelled':
        this.#endDeletion(at, event.reason);
        break;
      case 'SessionClosed':
        this.#endDeletion(at, 'closed');
        break;
      default:
    }
  }

  /** The session as it is at a time: what of it no event has told began before the log does. */
  agree({ legs, deletion }: SessionState, at: number): void {
    for (const side of SIDES) {
      const { pending, mutes, description } = legs[side];
      const open = this.sides[side].offers.at(-1);
      if (pending === null) this.#closeOffers(side, at, null);
      else if (open === undefined || open.until !== null || open.at !== pending.at)
        this.#offer(side, { at: pending.at, offer: pending.offer, until: null, taken: null });
      this.#mute(side, mutes, at);
      if (description !== null) this.#describe(side, description, at);
    }
    if (deletion !== null && !this.deletions.some(({ until, end }) => end === null && until === deletion.until)) {
      const { since, until, unlessHeard } = deletion;
      this.deletions = [...this.deletions, { at: since, until, unlessHeard, end: null, endAt: null }];
    }
  }

  #offer(side: Side, offer: MadeOffer): void {
    this.sides[side].offers = [...this.sides[side].offers, offer];
  }

  /** `taken` null: that is not known. */
  #closeOffers(side: Side, until: number, taken: boolean | null): void {
    const { offers } = this.sides[side];
    this.sides[side].offers = offers.map((offer) => (offer.until === null ? { ...offer, until, taken } : offer));
  }

  #mute(side: Side, mutes: readonly Mute[], at: number): void {
    const known = this.sides[side].mutings.map((each) =>
      each.until === null && !mutes.includes(each.mute) ? { ...each, until: at } : each,
    );
    const isOn = (mute: Mute): boolean => known.some((each) => each.until === null && each.mute === mute);
    const begun = mutes.filter((mute) => !isOn(mute)).map((mute): Muting => ({ mute, from: at, until: null }));
    this.sides[side].mutings = [...known, ...begun];
  }

  /** A side that does not want to send, or to hear, has the call on hold (RFC 3264 §8.4). */
  #describe(side: Side, { direction }: MediaDescription, at: number): void {
    const { holds } = this.sides[side];
    const last = holds.at(-1);
    if (last?.until === null && last.how === direction) return;
    const ended = holds.map((hold) => (hold.until === null ? { ...hold, until: at } : hold));
    this.sides[side].holds = direction === 'sendrecv' ? ended : [...ended, { from: at, until: null, how: direction }];
  }

  #endDeletion(endAt: number, end: NonNullable<HeldDeletion['end']>): void {
    this.deletions = this.deletions.map((each) => (each.end === null ? { ...each, end, endAt } : each));
  }
}
