import { setTimeout as pause } from 'node:timers/promises';
import type { OwnedEvent } from '../../relay/callEvents/callEvent.js';
import { type Letter, type Mailbox, Reader } from '../../relay/callEvents/mailbox.js';
import { Mailboxes, type OfficeLimits, type Taken } from '../../relay/callEvents/office.js';
import type { EventConnections, EventStream, EventStreams } from '../../relay/callEvents/ports.js';
import { isToldBy, parseWay, shownWay, type Way } from '../../relay/callEvents/ways.js';
import type { EventSettings } from '../../relay/settings/settings.js';
import { Audience } from './audience.js';
import { ClassicCarrier } from './classic.js';
import { PAUSES_MS, Sender } from './sender.js';
import { WebhookCarrier } from './webhook.js';

/** How long the end of the relay waits for what has not been delivered, milliseconds. */
const CLOSE_LIMIT_MS = 800;
/** How often it is looked at what has become too old, and at connections that ended unnoticed. */
const TICK_MS = 1_000;
/** How long a receiver that takes nothing more is left alone. */
const BLOCKED_MS = 20;
/** Clients of server-sent events hear something so often at least, so that whatever stands between sees that they are there. */
const COMMENT_MS = 15_000;
/** Receivers at a time, of all controllers. */
const MOST_SENDERS = 256;
/** Ways that cannot be used, and of which that was said: not again. */
const MOST_UNUSABLE = 1_000;

export type OfficeWorld = {
  readonly settings: EventSettings;
  readonly connections: EventConnections;
  /** Wall-clock time, milliseconds. */
  readonly clock: () => number;
  readonly warn: (text: string) => void;
  readonly limits?: Partial<OfficeLimits>;
  /** Before each further attempt, the last one for all that follow. */
  readonly pausesMs?: readonly number[];
};

type Lane = { readonly reader: Reader; readonly sender: Sender; readonly way: string };

/**
 * Brings events of calls to those who own the calls, whichever way they wish, and keeps them for who is away. Lives in the main thread.
 */
export class EventOffice implements EventStreams {
  readonly #world: OfficeWorld;
  #settings: EventSettings;
  readonly #mailboxes: Mailboxes;
  readonly #audiences = new Map<Mailbox, Audience>();
  readonly #lanes = new Map<Mailbox, Map<string, Lane>>();
  readonly #senders = new Map<string, Sender>();
  readonly #unusable = new Set<string>();
  readonly #ticks: NodeJS.Timeout;
  #blocked: NodeJS.Timeout | null = null;
  #commentedAt: number;
  #refused = 0;
  #isClosed = false;

  constructor(world: OfficeWorld) {
    this.#world = world;
    this.#settings = world.settings;
    this.#commentedAt = world.clock();
    this.#mailboxes = new Mailboxes(world.clock(), world.settings, world.limits);
    this.#ticks = setInterval(() => this.tick(), TICK_MS);
    this.#ticks.unref();
    world.connections.onClosed((connection) => {
      for (const audience of this.#audiences.values()) if (audience.closed(connection)) this.#pump(audience);
    });
  }

  /** Takes other settings from now on. */
  set settings(settings: EventSettings) {
    this.#settings = settings;
    this.#mailboxes.settings = settings;
  }

  /** An event is to be told. Returns at once. */
  take(owned: OwnedEvent): void {
    if (this.#isClosed) return;
    const taken = this.#mailboxes.take(owned, this.#world.clock());
    if (taken === null) {
      if (this.#refused++ === 0)
        this.#world.warn(`events: ${JSON.stringify(owned.owner.controller)} is one controller too many, its events are lost`);
      return;
    }
    const audience = this.#audienceOf(taken.mailbox);
    for (const way of taken.letter.ways) if (way !== 'connection') this.#lane(taken, way)?.sender.wake();
    this.#pump(audience);
  }

  /** A call has come by a connection, and its events are to go there (`connection` among the ways of its owner). */
  use(controller: string, connection: string): void {
    const audience = this.#audienceFor(controller);
    audience?.use(connection);
    if (audience) this.#pump(audience);
  }

  /**
   * A connection (its name), or a client of server-sent events, is to be told of all events of a controller: of those behind the number `after`;
   * null: those that nobody was told of yet. Answers why not, or null.
   */
  attach(stream: EventStream): string | null;
  attach(controller: string, connection: string, after: number | null): string | null;
  attach(to: EventStream | string, connection = '', after: number | null = null): string | null {
    const name = typeof to === 'string' ? connection : to;
    const audience = this.#isClosed ? null : this.#audienceFor(typeof to === 'string' ? to : to.controller);
    if (audience === null) return 'too many controllers wait for events';
    const refusal = audience.attach(name, typeof to === 'string' ? after : to.after);
    if (refusal !== null) return refusal;
    if (typeof name !== 'string')
      name.onClose(() => {
        if (audience.closed(name)) this.#pump(audience);
      });
    this.#pump(audience);
    return null;
  }

  /** A connection wants to be told nothing more of a controller. Whether it was. */
  detach(controller: string, connection: string): boolean {
    const mailbox = this.#mailboxes.find(controller);
    const audience = mailbox === undefined ? undefined : this.#audiences.get(mailbox);
    const wasAttached = audience?.detach(connection) ?? false;
    if (audience && wasAttached) this.#pump(audience);
    return wasAttached;
  }

  /** What is kept, and how many receivers are being told: for statistics. */
  get figures(): { readonly controllers: number; readonly bytes: number; readonly receivers: number } {
    return { controllers: this.#mailboxes.size, bytes: this.#mailboxes.bytes, receivers: this.#senders.size };
  }

  /** Forgets what is too old, and looks after those who are attached. By itself each second. */
  tick(): void {
    const now = this.#world.clock();
    this.#mailboxes.expire(now);
    for (const sender of this.#senders.values()) sender.wake(); // What is lost is told, too.
    const isCommentDue = now - this.#commentedAt >= COMMENT_MS;
    if (isCommentDue) this.#commentedAt = now;
    for (const [mailbox, audience] of this.#audiences) {
      this.#pump(audience);
      if (isCommentDue) audience.comment();
      if (mailbox.size === 0) this.#tidy(mailbox, audience);
    }
  }

  /** Tries for most of a second to deliver what waits, then ends every connection of its own, and every stream. Says how much was not delivered. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#ticks);
    if (this.#blocked !== null) clearTimeout(this.#blocked);
    const delivered = new AbortController();
    const limit = pause(CLOSE_LIMIT_MS, undefined, { signal: delivered.signal }).catch(() => {});
    await Promise.all([this.#handOn(limit), ...[...this.#senders.values()].map((sender) => sender.close(limit))]);
    delivered.abort();
    for (const [{ controller }, audience] of this.#audiences) {
      const left = audience.waiting();
      if (left > 0) this.#world.warn(`events to ${JSON.stringify(controller)}: the relay ends, ${left} not delivered`);
      audience.end();
    }
  }

  /** Gives those who are attached what waits for them, until nobody is too slow for that or `limit` is fulfilled. */
  async #handOn(limit: Promise<void>): Promise<void> {
    let isOver = false;
    void limit.then(() => {
      isOver = true;
    });
    while ([...this.#audiences.values()].map((audience) => audience.pump()).includes(true) && !isOver) await pause(BLOCKED_MS);
  }

  #audienceFor(controller: string): Audience | null {
    const mailbox = this.#mailboxes.of(controller, this.#world.clock());
    return mailbox === null ? null : this.#audienceOf(mailbox);
  }

  #audienceOf(mailbox: Mailbox): Audience {
    const present = this.#audiences.get(mailbox);
    if (present !== undefined) return present;
    const audience = new Audience(mailbox, this.#world.connections);
    this.#audiences.set(mailbox, audience);
    return audience;
  }

  #pump(audience: Audience): void {
    if (!audience.pump() || this.#blocked !== null || this.#isClosed) return;
    this.#blocked = setTimeout(() => {
      this.#blocked = null;
      for (const each of this.#audiences.values()) this.#pump(each);
    }, BLOCKED_MS);
    this.#blocked.unref();
  }

  /** Where the events of a controller go one way, from this letter on. Null: nothing is told that way. */
  #lane({ mailbox, letter }: Taken, way: string): Lane | null {
    const lanes = this.#lanes.get(mailbox) ?? new Map<string, Lane>();
    this.#lanes.set(mailbox, lanes);
    const present = lanes.get(way);
    if (present !== undefined) return present;
    const parsed = parseWay(way);
    if (parsed === null) this.#sayUnusable(way, 'it is no way of events');
    if (parsed === null || parsed.kind === 'connection' || !isToldBy(parsed, letter.owned.event)) return null;
    const sender = this.#senderTo(way, parsed);
    if (sender === null) return null;
    const wants = ({ ways, owned }: Letter): boolean => ways.includes(way) && isToldBy(parsed, owned.event);
    const lane = { reader: new Reader(mailbox, wants, letter.seq - 1), sender, way };
    lanes.set(way, lane);
    sender.add(lane.reader);
    return lane;
  }

  #senderTo(way: string, parsed: Exclude<Way, { kind: 'connection' }>): Sender | null {
    const present = this.#senders.get(way);
    if (present !== undefined) return present;
    if (this.#senders.size >= MOST_SENDERS && !this.#endIdleSender()) {
      this.#sayUnusable(way, `${MOST_SENDERS} other receivers are being told things`);
      return null;
    }
    const { clock, warn, pausesMs = PAUSES_MS } = this.#world;
    const carrier =
      parsed.kind === 'webhook'
        ? new WebhookCarrier(parsed.url, { clock, secret: () => this.#settings.secret })
        : new ClassicCarrier(parsed.target);
    const sender = new Sender(shownWay(way), carrier, { clock, warn, pausesMs });
    this.#senders.set(way, sender);
    return sender;
  }

  /** Ends the way that nothing waits for. */
  #endIdleSender(): boolean {
    for (const [way, sender] of this.#senders) {
      if (!sender.isIdle) continue;
      for (const lanes of this.#lanes.values()) {
        lanes.get(way)?.reader.leave();
        lanes.delete(way);
      }
      this.#senders.delete(way);
      void sender.close(Promise.resolve());
      return true;
    }
    return false;
  }

  /** Of a controller nothing is kept any more: what nobody needs is given back, so that another may take its place. */
  #tidy(mailbox: Mailbox, audience: Audience): void {
    const lanes = this.#lanes.get(mailbox);
    for (const [way, { reader, sender }] of lanes ?? []) {
      if (reader.peek() !== undefined) continue;
      reader.leave();
      sender.remove(reader);
      lanes?.delete(way);
    }
    if (lanes?.size === 0) this.#lanes.delete(mailbox);
    if (!audience.isEmpty) return;
    const lost = audience.waiting();
    if (lost > 0) this.#world.warn(`events to ${JSON.stringify(mailbox.controller)}: nobody came for ${lost}, they are lost`);
    audience.leave();
    this.#audiences.delete(mailbox);
  }

  #sayUnusable(way: string, reason: string): void {
    if (this.#unusable.has(way) || this.#unusable.size >= MOST_UNUSABLE) return;
    this.#unusable.add(way);
    this.#world.warn(`events to ${shownWay(way)}: not told there: ${reason}`);
  }
}
