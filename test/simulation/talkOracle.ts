import { otherSide, type Side } from '../../model/session/side.js';
import { type Description, LearningSide, type Place } from '../../model/spec/addressLearning.js';

export type Component = 'rtp' | 'rtcp';

/** A packet as it is heard: what says which it is, from which port of the relay it came, and where it was heard. */
export type Hearing = { readonly what: string; readonly from: string; readonly at: string };

/** RTP packets of a call, in the order in which Q tells them. */
export type Figures = [ofCaller: number, ofCallee: number, relayed: number, dropped: number];

export const placeText = ({ host, port }: Place): string => `${host}:${port}`;
const componentAt = ({ host, port }: Place, component: Component): Place => ({
  host,
  port: component === 'rtp' ? port : port + 1,
});

/** One call as its phones know it: what they were told, and where the relay must send what they say. */
export class ExpectedCall {
  readonly name: string;
  /** Where each side is to send its packets; null: it was not told yet. */
  readonly ports: Record<Side, Place | null> = { caller: null, callee: null };
  readonly figures: Figures = [0, 0, 0, 0];
  /** The call whose packets it is sent in the place of its own. */
  source: ExpectedCall | null = null;
  readonly #sides: Readonly<Record<Side, LearningSide>> = { caller: new LearningSide(), callee: new LearningSide() };

  constructor(name: string) {
    this.name = name;
  }

  get isComplete(): boolean {
    return this.ports.caller !== null && this.ports.callee !== null;
  }

  get pairs(): number {
    return (this.ports.caller === null ? 0 : 1) + (this.ports.callee === null ? 0 : 1);
  }

  describe(side: Side, description: Description, nowMs: number): void {
    this.#sides[side].describe(description, nowMs);
  }

  /** Where a side is heard of, as far as the relay knows. */
  addressOf(side: Side): Place | null {
    return this.#sides[side].rtp.address;
  }

  /** A packet of a side arrives from somewhere. Answers who hears it: `all` are the calls that there are. */
  receive(
    side: Side,
    component: Component,
    packet: Parameters<LearningSide['receive']>[1],
    what: string,
    all: readonly ExpectedCall[],
  ): Hearing[] {
    if (!this.isComplete || !this.#sides[side].receive(component, packet)) return [];
    if (component === 'rtp') this.figures[side === 'caller' ? 0 : 1]++;
    const own = this.source === null ? this.#send(side, component, what) : null;
    if (component === 'rtp') this.figures[own === null ? 3 : 2]++;
    const others = all.filter(({ source }) => source === this).map((call) => call.#send(side, component, what));
    return [own, ...others].filter((hearing) => hearing !== null);
  }

  /** What the side hears that faces `from`. */
  #send(from: Side, component: Component, what: string): Hearing | null {
    const to = otherSide(from);
    const { address } = this.#sides[to][component];
    const port = this.ports[to];
    return address === null || port === null
      ? null
      : { what, from: placeText(componentAt(port, component)), at: placeText(address) };
  }
}
