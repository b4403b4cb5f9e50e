/** A thread that waits for datagrams on wildcard-bound control sockets and hands them to the main thread: see wildcard.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { EVENT_DATA_WORD, EVENT_WORDS, epollWait } from '../sys/epoll.js';
import { errnoName, lastErrno } from '../sys/libc.js';
import { mapMemory } from '../sys/memory.js';
import { DatagramBatch, ENVELOPE_WORDS, type Envelope } from '../sys/packetInfo.js';

export type WildcardThreadStart = {
  /** Watches the sockets, each with its descriptor as data, and what wakes the thread up to end it, with `STOP`. */
  readonly epoll: number;
  /** How many datagrams may still be handed over before the main thread has taken some: one signed word. */
  readonly credit: SharedArrayBuffer;
  /** Of a datagram; what is longer is cut off. */
  readonly maxBytes: number;
};

/** The first message says that the thread serves; every other one brings datagrams of one socket. */
export type WildcardThreadNotice = 'ready' | ReceivedDatagrams;

export type ReceivedDatagrams = {
  readonly fd: number;
  /** One character a byte. */
  readonly texts: readonly string[];
  /** Where each came from and which address it went to, `ENVELOPE_WORDS` apart. */
  readonly envelopes: Envelope;
};

export const STOP = 0xffffffff;
const BATCH = 32;
const EVENTS = 16;

function serve({ epoll, credit, maxBytes }: WildcardThreadStart, notify: (notice: WildcardThreadNotice) => void): void {
  const left = new Int32Array(credit);
  const batch = new DatagramBatch(BATCH, maxBytes);
  const events = mapMemory(EVENTS * EVENT_WORDS * 4);
  const words = new Uint32Array(events.buffer);
  const receive = (fd: number): void => {
    const allowed = waitForCredit(left);
    const count = batch.receive(fd, allowed);
    if (count === 0) return;
    Atomics.sub(left, 0, count);
    const envelopes = new Uint32Array(count * ENVELOPE_WORDS);
    const texts: string[] = [];
    for (let i = 0; i < count; i++) {
      texts.push(batch.text(i));
      batch.copyEnvelope(i, envelopes, i * ENVELOPE_WORDS);
    }
    notify({ fd, texts, envelopes });
  };
  notify('ready');
  for (let isStopped = false; !isStopped; ) {
    const count = epollWait(epoll, events.address, EVENTS, -1);
    // A signal, or one thread changing the user of them all, interrupts the waiting.
    if (count < 0 && errnoName(lastErrno()) !== 'EINTR') throw new Error(`epoll_wait: ${errnoName(lastErrno())}`);
    for (let i = 0; i < count; i++) {
      const fd = words[i * EVENT_WORDS + EVENT_DATA_WORD]!;
      if (fd === STOP) isStopped = true;
      else receive(fd);
    }
  }
  batch.close();
  events.unmap();
}

/** Blocks while the main thread has more to do than it can: what then comes waits in the kernel's queue, or is lost there. */
function waitForCredit(left: Int32Array): number {
  for (;;) {
    const credit = Atomics.load(left, 0);
    if (credit > 0) return credit;
    Atomics.wait(left, 0, credit);
  }
}

const port = parentPort;
if (port !== null) serve(workerData as WildcardThreadStart, (notice) => port.postMessage(notice));
