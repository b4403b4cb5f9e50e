/** Calls with owners, and who is told of them, without a relay. */
import { type Millis, millis } from '../../model/kernel/index.js';
import type { Owner } from '../../model/session/dialogue.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import type { CallEvent, CallEventName, OwnedEvent, SideCounters } from '../../src/relay/callEvents/callEvent.js';
import type { EventConnections, EventStream } from '../../src/relay/callEvents/ports.js';
import type { EventSettings } from '../../src/relay/settings/settings.js';

export const START_MS = Date.UTC(2026, 10, 21, 3, 4, 5);

export const SETTINGS: EventSettings = { secret: null, ways: [], silenceMs: 10_000, keepMs: 600_000 };

const NOTHING: SideCounters = { packets: 0, bytes: 0, relayed: 0, dropped: 0, silentMs: null };

export const ownerOf = (controller: string, ways: readonly string[] = [], tag?: string): Owner => ({
  controller,
  ways,
  ...(tag !== undefined && { tag }),
});

/** An event of a call `c`, for `owner`. */
export const eventOf = (owner: Owner, event: CallEventName = 'call-end', more: Partial<CallEvent> = {}): OwnedEvent => ({
  owner,
  event: {
    ...{
      event,
      at: START_MS as Millis,
      callId: 'c',
      fromTag: 'f',
      toTag: 't',
      branch: null,
      media: null,
      tag: null,
      label: null,
    },
    ...{ reason: event === 'call-end' ? 'deleted' : null, counters: { from: NOTHING, to: NOTHING }, details: {} },
    ...more,
  },
});

/** The wall clock. */
export const clockNow = (): Millis => millis(Date.now());

/** Time that passes when it is told to. */
export class Clock {
  now = START_MS;
  readonly read = (): Millis => millis(this.now);
}

type Pushed = { readonly cookie: string; readonly event: NgDictionary };

/** NG connections, whose kernel takes everything at once or nothing. */
export class FakeConnections implements EventConnections {
  readonly pushed = new Map<string, Pushed[]>();
  /** Bytes that the kernel has not taken. */
  readonly waiting = new Map<string, number>();
  #onClosed: (connection: string) => void = () => {};
  takesNothing = false;

  open(...names: readonly string[]): void {
    for (const name of names) this.pushed.set(name, []);
  }

  /** The connection ends; what it was sent is forgotten. */
  close(name: string): void {
    this.pushed.delete(name);
    this.waiting.delete(name);
    this.#onClosed(name);
  }

  send(connection: string, cookie: string, event: NgDictionary): boolean {
    const pushed = this.pushed.get(connection);
    pushed?.push({ cookie, event });
    if (this.takesNothing) this.waiting.set(connection, this.buffered(connection) + JSON.stringify(event).length);
    return pushed !== undefined;
  }

  isOpen(connection: string): boolean {
    return this.pushed.has(connection);
  }

  buffered(connection: string): number {
    return this.waiting.get(connection) ?? 0;
  }

  onClosed(listener: (connection: string) => void): void {
    this.#onClosed = listener;
  }

  cookies(connection: string): string[] {
    return (this.pushed.get(connection) ?? []).map(({ cookie }) => cookie);
  }
}

/** A client of server-sent events. */
export class FakeStream {
  text = '';
  buffered = 0;
  isEnded = false;
  #onClose: () => void = () => {};
  readonly stream: EventStream;

  constructor(controller: string, after: number | null = null) {
    this.stream = {
      ...{ controller, after },
      write: (text) => {
        this.text += text;
        return true;
      },
      buffered: () => this.buffered,
      onClose: (listener) => {
        this.#onClose = listener;
      },
      end: () => {
        this.isEnded = true;
      },
    };
  }

  close(): void {
    this.#onClose();
  }

  get ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  }
}
