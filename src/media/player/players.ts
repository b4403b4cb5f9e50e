import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import { type Counters, HEARD_AT, rowBase, SHARD_COUNTERS } from '../counters.js';
import type { Packet, PacketEngine } from '../engine.js';
import { DROPPED, type Stage } from '../path.js';
import type { AnalysisTable } from '../stages/analyse.js';
import { peerOf } from '../streams.js';
import { Agenda } from './agenda.js';
import type { KeyOrder } from './keyPress.js';
import { Keys } from './keys.js';
import { Player } from './player.js';
import type { PlayOrder, Voice } from './prompt.js';
import { Splices, saveOpen } from './splices.js';
import { type Continuation, newVoice, voiceOf } from './voices.js';

const PACKETS_PLAYED = SHARD_COUNTERS.indexOf('packetsPlayed');

/** What players need of the plane that they are part of. */
export type PlayerWorld = {
  readonly engine: PacketEngine;
  readonly counters: Counters;
  /** What is known of the streams that the listeners were relayed. */
  readonly analysis: AnalysisTable;
  /** The last sequence number that a stream was given by resizing; null: it has its own. */
  readonly resizedTo: (row: number, ssrc: number) => number | null;
  /** What comes behind the splice. */
  readonly send: Stage;
  /** The prompt of a listener has been heard to its end. It may start another one. */
  readonly onEnd: (row: number) => void;
  /** A listener was sent a key, and the stream that it hears goes on. */
  readonly onKeySent?: ((row: number) => void) | undefined;
};

/**
 * The players of a media thread: prompts, and keys, that are sent to listeners in the place of what the other side says. A listener is the RTP row of
 * the leg that hears it; whoever starts a player sees to it that the other side is muted as long as `isPlaying`, and that both rows of
 * the session are routed anew when that has changed.
 *
 * A listener that was relayed a stream hears the prompt as part of it: same SSRC, numbers that go on. When the stream comes back its
 * packets are renumbered to follow (`splice` stage), wherever the sender has got to in the meantime. So it is with keys, but that the packets
 * of the sender get as far as that stage, and are thrown away only there.
 */
export class Players {
  /** Whether `turn` has to be called earlier than it has answered last. */
  isEarlier = false;
  readonly #world: PlayerWorld;
  readonly #players = new Map<number, Player>();
  readonly #agenda = new Agenda<Player>();
  readonly #splices: Splices;
  readonly #keys: Keys;

  constructor(world: PlayerWorld) {
    this.#world = world;
    this.#splices = new Splices(world.engine, world.send);
    this.#keys = new Keys({
      voiceOf: (row, nowMs) => this.#voiceOf(row, nowMs),
      isSendable: (row) => this.#isSendable(row),
      send: (row, press, nowMs) => this.#send(row, press, nowMs),
      onReleased: (row, press) => {
        if (this.#takesUp({ row, ssrc: press.ssrc })) this.#splices.open(peerOf(row), press.next, press.ticks);
        this.#world.onKeySent?.(row);
      },
    });
  }

  /**
   * What the next prompt for a listener should begin with. One that was relayed a stream whose clock is known to run at 8 kHz hears it go on:
   * the next sequence number, and the timestamp that time has reached, but none that would repeat a part of the last packet. A player that
   * is still there counts as if it ended now. `random`: 0 up to, not with, 1.
   */
  voiceFor(listenerRow: number, nowMs: number, random: () => number): Voice {
    return this.#voiceOf(listenerRow, nowMs) ?? newVoice(random);
  }

  #voiceOf(row: number, nowMs: number): Voice | null {
    const next = this.#nextOf(row);
    return next === null ? null : voiceOf(next, nowMs);
  }

  /**
   * Sends a listener a key, with the next turn or behind those that wait already. The row of the other side must be routed anew then. `prompt`: it
   * hears one; `full`: too many wait; `nobody`: there is nobody to send to.
   */
  press(row: number, order: KeyOrder, nowMs: number): Result<void, 'prompt' | 'full' | 'nobody'> {
    if (this.#players.has(row)) return refuse('prompt');
    if (!this.#isSendable(row)) return refuse('nobody');
    if (nowMs < Math.min(this.#agenda.nextMs, this.#keys.nextMs)) this.isEarlier = true;
    return this.#keys.press(row, order, nowMs) ? ok(undefined) : refuse('full');
  }

  /**
   * Plays a prompt to a listener, in the place of what was played to it so far. Its first packet leaves with the next turn, or as soon as
   * there is somebody to send it to. Of frames that nobody knows nothing is ever sent; a prompt that is shorter than a packet ends at once,
   * that is with the next turn.
   */
  start(row: number, order: PlayOrder, nowMs: number): void {
    this.stop(row);
    this.#keys.clear(row);
    const player = new Player(row, order, nowMs);
    player.takesUp = this.#takesUp(player);
    // From here the prompt goes on; when it has ended, there will be another splice.
    if (this.#splices.isOf(peerOf(row), player.ssrc)) this.#splices.delete(peerOf(row));
    this.#players.set(row, player);
    this.#world.counters.addToShard('playersStarted', 1);
    if (!player.isMute) this.#enter(player, nowMs);
  }

  /** Ends what is played to a listener; `onEnd` is not called. A row without a player is left alone. */
  stop(row: number): void {
    const player = this.#players.get(row);
    if (player === undefined) return;
    this.#remove(player);
    if (this.#takesUp(player)) this.#splices.open(peerOf(row), player.next, player.ticks);
  }

  /** Whether there is a player, also if it has nothing to say or nobody to say it to. */
  isPlaying(row: number): boolean {
    return this.#players.has(row);
  }

  /** How many packets of the order are over: sent, or left out because the thread was late. 0: there is no player. */
  sent(row: number): number {
    return this.#players.get(row)?.passed ?? 0;
  }

  /** Which packet of its prompt a listener is sent next, from 0. 0: there is no player. */
  position(row: number): number {
    return this.#players.get(row)?.position ?? 0;
  }

  /** Whether the packets of a stream may need other numbers for the listener, or have to wait for a key. */
  isSplicing(row: number): boolean {
    return this.#splices.has(row) || this.#keys.has(peerOf(row));
  }

  readonly spliceStage: Stage = (packet) =>
    this.#keys.displaces(peerOf(packet.row), packet) ? DROPPED : this.#splices.stage(packet);

  /** What may have changed of a row is whether there is somebody to send to. */
  heed(row: number): void {
    const player = this.#players.get(row);
    if (player?.isWaiting && this.#isSendable(row)) this.#enter(player, Number.NEGATIVE_INFINITY);
  }

  /** Sends what is due. Answers when to be called again; Infinity: not before `isEarlier`. */
  turn(nowMs: number): number {
    for (let due = this.#agenda.takeDue(nowMs); due !== null; due = this.#agenda.takeDue(nowMs)) this.#serve(due, nowMs);
    this.#keys.turn(nowMs);
    this.isEarlier = false;
    return Math.min(this.#agenda.nextMs, this.#keys.nextMs);
  }

  /** What is known of how a stream's packets are renumbered, for `restore`; null: they are not. */
  save(row: number): readonly number[] | null {
    const held = this.#keys.held(peerOf(row));
    // Who dies over a key has let go of it.
    return held !== null && this.#takesUp({ row: peerOf(row), ssrc: held.ssrc })
      ? saveOpen(held.next, held.ticks)
      : this.#splices.save(row);
  }

  restore(row: number, saved: readonly number[]): void {
    this.#splices.restore(row, saved);
  }

  /** The row may be given to another session. */
  clear(row: number): void {
    const player = this.#players.get(row);
    if (player !== undefined) this.#remove(player);
    this.#keys.clear(row);
    this.#splices.delete(row);
  }

  #enter(player: Player, atMs: number): void {
    if (atMs < this.#agenda.nextMs) this.isEarlier = true;
    this.#agenda.put(player, atMs);
  }

  #remove(player: Player): void {
    this.#agenda.remove(player);
    this.#players.delete(player.row);
    this.#world.counters.addToShard('playersEnded', 1);
  }

  #serve(player: Player, nowMs: number): void {
    const { row } = player;
    if (player.isOver) {
      this.#end(player);
      return;
    }
    if (!this.#isSendable(row)) {
      player.isWaiting = true;
      return;
    }
    if (player.isWaiting) player.wake(nowMs);
    player.catchUp(nowMs);
    if (!player.isOver) this.#send(row, player, nowMs);
    this.#agenda.put(player, player.nextAtMs);
  }

  #send(row: number, what: { write(packet: Packet, nowMs: number): void }, nowMs: number): void {
    const { engine, counters } = this.#world;
    const draft = engine.draft();
    draft.nowMs = nowMs;
    what.write(draft, nowMs);
    engine.send(row, draft);
    counters.values[PACKETS_PLAYED]!++;
    counters.values[rowBase(peerOf(row)) + HEARD_AT] = nowMs;
  }

  #end(player: Player): void {
    this.stop(player.row);
    this.#world.onEnd(player.row);
  }

  #isSendable(row: number): boolean {
    const { engine } = this.#world;
    return engine.remotes[row * SOCKADDR_WORDS] !== 0 && engine.isOpen(row);
  }

  /** Whether the listener hears a prompt in the SSRC of the other side, which after a crash may have to be heard first. */
  #takesUp({ row, ssrc, takesUp }: Pick<Player, 'row' | 'ssrc'> & { readonly takesUp?: boolean }): boolean {
    const peer = peerOf(row);
    return takesUp === true || this.#world.analysis.isSource(peer, ssrc) || this.#splices.isOf(peer, ssrc);
  }

  /** What the listener would hear next; null: nobody knows. */
  #nextOf(row: number): Continuation | null {
    const peer = peerOf(row);
    const held = this.#keys.held(row);
    if (held !== null) return held.next;
    const player = this.#players.get(row);
    if (player !== undefined && this.#takesUp(player)) return player.next;
    const { analysis, resizedTo } = this.#world;
    const relayed = analysis.next(peer);
    const due = this.#splices.nextOf(peer);
    if (due !== null && (relayed === null || relayed.ssrc === due.ssrc)) return due;
    if (relayed === null) return this.#keys.last(row);
    const resized = resizedTo(peer, relayed.ssrc);
    return this.#splices.moved(peer, resized === null ? relayed : { ...relayed, sequence: (resized + 1) & 0xffff });
  }
}
