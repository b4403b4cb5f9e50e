import { isRtp } from '../../protocol/rtp/header.js';
import type { Packet } from '../engine.js';
import { Agenda, type Appointment } from './agenda.js';
import { type KeyOrder, KeyPress } from './keyPress.js';
import type { Voice } from './prompt.js';
import type { Continuation } from './voices.js';

/** Keys that wait for one listener, the one that is held among them. */
export const MOST_KEYS = 32;

export type KeysWorld = {
  /** The voice in which the listener would hear something now; null: it was relayed nothing. */
  readonly voiceOf: (row: number, nowMs: number) => Voice | null;
  readonly isSendable: (row: number) => boolean;
  /** Sends the next packet of a key. */
  readonly send: (row: number, press: KeyPress, nowMs: number) => void;
  /** A key has ended: the stream that it interrupted goes on behind it. */
  readonly onReleased: (row: number, press: KeyPress) => void;
};

/** The keys of one listener. */
class Queue implements Appointment {
  atMs = 0;
  place = -1;
  readonly row: number;
  readonly waiting: KeyOrder[] = [];
  /** The key that is held; null: there is a pause. */
  press: KeyPress | null = null;

  constructor(row: number) {
    this.row = row;
  }
}

/** The keys that are sent to listeners as telephone events, one after the other. A listener is named by its RTP row, as in `Players`. */
export class Keys {
  readonly #world: KeysWorld;
  readonly #queues = new Map<number, Queue>();
  readonly #agenda = new Agenda<Queue>();
  /** How a listener would go on behind the last key that it was sent. */
  readonly #lasts = new Map<number, Continuation>();

  constructor(world: KeysWorld) {
    this.#world = world;
  }

  /** When the next packet is due; Infinity: none is. */
  get nextMs(): number {
    return this.#agenda.nextMs;
  }

  /** Has a key sent behind those that wait already. False: too many do. */
  press(row: number, order: KeyOrder, nowMs: number): boolean {
    const present = this.#queues.get(row);
    const queue = present ?? new Queue(row);
    if (queue.waiting.length + (queue.press === null ? 0 : 1) >= MOST_KEYS) return false;
    queue.waiting.push(order);
    if (present !== undefined) return true;
    this.#queues.set(row, queue);
    this.#agenda.put(queue, nowMs);
    return true;
  }

  /** Whether there is a key to send, or the pause behind one. */
  has(row: number): boolean {
    return this.#queues.has(row);
  }

  /** The key that a listener is being sent. */
  held(row: number): KeyPress | null {
    return this.#queues.get(row)?.press ?? null;
  }

  /** How it would go on behind the last key that it was sent. */
  last(row: number): Continuation | null {
    return this.#lasts.get(row) ?? null;
  }

  /** Whether a packet for the listener is to be left out for a key. */
  displaces(row: number, { bytes, start, length }: Packet): boolean {
    const queue = this.#queues.get(row);
    return queue !== undefined && queue.press !== null && isRtp(bytes, start, length);
  }

  /** Gives up all keys of a listener, and forgets those that it was sent. */
  clear(row: number): void {
    this.#stop(row);
    this.#lasts.delete(row);
  }

  #stop(row: number): void {
    const queue = this.#queues.get(row);
    if (queue === undefined) return;
    this.#agenda.remove(queue);
    this.#queues.delete(row);
  }

  turn(nowMs: number): void {
    for (let due = this.#agenda.takeDue(nowMs); due !== null; due = this.#agenda.takeDue(nowMs)) this.#serve(due, nowMs);
  }

  #serve(queue: Queue, nowMs: number): void {
    const { row } = queue;
    if (!this.#world.isSendable(row)) {
      // A key that comes too late is worse than none.
      this.#end(queue);
      return;
    }
    if (queue.press === null && !this.#begin(queue, nowMs)) {
      this.#end(queue);
      return;
    }
    const press = queue.press!;
    this.#world.send(row, press, nowMs);
    if (!press.isOver) {
      this.#agenda.put(queue, press.nextAtMs);
      return;
    }
    queue.press = null;
    this.#lasts.set(row, press.next);
    this.#world.onReleased(row, press);
    this.#agenda.put(queue, nowMs + press.order.pauseMs);
  }

  #begin(queue: Queue, nowMs: number): boolean {
    const order = queue.waiting.shift();
    if (order === undefined) return false;
    queue.press = new KeyPress(order, this.#world.voiceOf(queue.row, nowMs) ?? order.stranger, nowMs);
    return true;
  }

  #end({ row, press }: Queue): void {
    this.#stop(row);
    if (press !== null) this.#world.onReleased(row, press);
  }
}
