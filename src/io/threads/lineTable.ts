import { MessageChannel } from 'node:worker_threads';
import type { ForkSource } from '../../../model/session/event.js';
import type { SessionPlace } from '../../relay/session/forks.js';
import { shardOf } from '../../relay/supervisor/dispatch.js';
import type { MediaThread } from './mediaThread.js';

/** Which session a line is tapped from, and the shard that listens to it. */
type Ends = { readonly place: SessionPlace; readonly listener: number };

/** The lines by which packets go from one media thread to another, as the main thread knows them: it connects the two. */
export class LineTable {
  readonly #threads: readonly MediaThread[];
  readonly #lines = new Map<string, Ends>();

  constructor(threads: readonly MediaThread[]) {
    this.#threads = threads;
  }

  /** A line of packets from the thread that has the source to the one that asked. */
  open(line: string, listener: number, place: SessionPlace): void {
    this.#lines.set(line, { place, listener });
    const { port1, port2 } = new MessageChannel();
    const { waker } = this.#threads[listener]!;
    this.#threads[listener]!.send({ kind: 'listen', line, port: port1 });
    this.#threads[place.shard]?.send({ kind: 'tap', line, place, wakeFd: waker.fd, port: port2 });
  }

  /** Whoever listens has ended. */
  close(line: string, listener: number): void {
    this.#threads[listener]!.send({ kind: 'unlisten', line });
    this.#end(line);
  }

  /** A session of `shard` was taken up that hears another, which may be with any thread: it is to hear it again. */
  seek(shard: number, target: SessionPlace, source: ForkSource): void {
    const holder = this.#threads[shardOf(source.call, this.#threads.length)]!;
    holder.find(source.call, { from: source.tag, to: null }, (found) => {
      if (found !== null) this.#threads[shard]!.send({ kind: 'fork', target, source, place: found.place });
    });
  }

  /**
   * A thread has died, and the next one is about to come: it has forgotten who listens to its sessions. Those that listened themselves seek
   * their sources again, and give the names of lines again.
   */
  relink(shard: number): void {
    for (const [line, { place, listener }] of [...this.#lines]) {
      if (listener === shard) this.#end(line);
      else if (place.shard === shard) this.open(line, listener, place);
    }
  }

  /** Nothing is to be sent by a line any more. */
  #end(line: string): void {
    const ends = this.#lines.get(line);
    this.#lines.delete(line);
    if (ends !== undefined) this.#threads[ends.place.shard]?.send({ kind: 'untap', line });
  }
}
