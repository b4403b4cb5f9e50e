import { SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import { type Counters, HEARD_AT, rowBase, SHARD_COUNTERS } from '../counters.js';
import type { PacketEngine } from '../engine.js';
import type { Stage } from '../path.js';
import type { AnalysisTable } from '../stages/analyse.js';
import { peerOf } from '../streams.js';
import { Agenda } from './agenda.js';
import { Player } from './player.js';
import type { PlayOrder, Voice } from './prompt.js';
import { Splices } from './splices.js';
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
};

/**
 * The players of a media thread: prompts that are sent to listeners in the place of what the other side says. A listener is the RTP row of
 * the leg that hears it; whoever starts a player sees to it that the other side is muted as long as `isPlaying`, and that both rows of
 * the session are routed anew when that has changed.
 *
 * A listener that was relayed a stream hears the prompt as part of it: same SSRC, numbers that go on. When the stream comes back its
 * packets are renumbered to follow (`splice` stage), wherever the sender has got to in the meantime.
 */
export class Players {
  /** Whether `turn` has to be called earlier than it has answered last. */
  isEarlier = false;
  readonly #world: PlayerWorld;
  readonly #players = new Map<number, Player>();
  readonly #agenda = new Agenda<Player>();
  readonly #splices: Splices;

  constructor(world: PlayerWorld) {
    this.#world = world;
    this.#splices = new Splices(world.engine, world.send);
  }

  /**
   * What the next prompt for a listener should begin with. One that was relayed a stream whose clock is known to run at 8 kHz hears it go on:
   * the next sequence number, and the timestamp that time has reached, but none that would repeat a part of the last packet. A player that
   * is still there counts as if it ended now. `random`: 0 up to, not with, 1.
   */
  voiceFor(listenerRow: number, nowMs: number, random: () => number): Voice {
    const next = this.#nextOf(listenerRow);
    return next === null ? newVoice(random) : voiceOf(next, nowMs);
  }

  /**
   * Plays a prompt to a listener, in the place of what was played to it so far. Its first packet leaves with the next turn, or as soon as
   * there is somebody to send it to. Of frames that nobody knows nothing is ever sent; a prompt that is shorter than a packet ends at once,
   * that is with the next turn.
   */
  start(row: number, order: PlayOrder, nowMs: number): void {
    this.stop(row);
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

  /** Whether the packets of a stream may need other numbers for the listener. */
  isSplicing(row: number): boolean {
    return this.#splices.has(row);
  }

  get spliceStage(): Stage {
    return this.#splices.stage;
  }

  /** What may have changed of a row is whether there is somebody to send to. */
  heed(row: number): void {
    const player = this.#players.get(row);
    if (player?.isWaiting && this.#isSendable(row)) this.#enter(player, Number.NEGATIVE_INFINITY);
  }

  /** Sends what is due. Answers when to be called again; Infinity: not before `isEarlier`. */
  turn(nowMs: number): number {
    for (let due = this.#agenda.takeDue(nowMs); due !== null; due = this.#agenda.takeDue(nowMs)) this.#serve(due, nowMs);
    this.isEarlier = false;
    return this.#agenda.nextMs;
  }

  /** What is known of how a stream's packets are renumbered, for `restore`; null: they are not. */
  save(row: number): readonly number[] | null {
    return this.#splices.save(row);
  }

  restore(row: number, saved: readonly number[]): void {
    this.#splices.restore(row, saved);
  }

  /** The row may be given to another session. */
  clear(row: number): void {
    const player = this.#players.get(row);
    if (player !== undefined) this.#remove(player);
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
    if (!player.isOver) this.#send(player, nowMs);
    this.#agenda.put(player, player.nextAtMs);
  }

  #send(player: Player, nowMs: number): void {
    const { engine, counters } = this.#world;
    const draft = engine.draft();
    draft.nowMs = nowMs;
    player.write(draft);
    engine.send(player.row, draft);
    counters.values[PACKETS_PLAYED]!++;
    counters.values[rowBase(peerOf(player.row)) + HEARD_AT] = nowMs;
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
  #takesUp({ row, ssrc, takesUp }: Player): boolean {
    const peer = peerOf(row);
    return takesUp || this.#world.analysis.isSource(peer, ssrc) || this.#splices.isOf(peer, ssrc);
  }

  /** What the listener would hear next; null: nobody knows. */
  #nextOf(row: number): Continuation | null {
    const peer = peerOf(row);
    const player = this.#players.get(row);
    if (player !== undefined && this.#takesUp(player)) return player.next;
    const { analysis, resizedTo } = this.#world;
    const relayed = analysis.next(peer);
    const due = this.#splices.nextOf(peer);
    if (due !== null && (relayed === null || relayed.ssrc === due.ssrc)) return due;
    if (relayed === null) return null;
    const resized = resizedTo(peer, relayed.ssrc);
    return this.#splices.moved(peer, resized === null ? relayed : { ...relayed, sequence: (resized + 1) & 0xffff });
  }
}
