import { Worker } from 'node:worker_threads';
import { decodeSockaddr, SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import { openEpoll, watchInput } from '../sys/epoll.js';
import { openEventfd, signalEventfd } from '../sys/eventfd.js';
import { errnoName } from '../sys/libc.js';
import { ENVELOPE_WORDS, type Envelope, openWildcardSocket, sendFromAsked, tellAskedAddress } from '../sys/packetInfo.js';
import { closeDescriptor } from '../sys/socket.js';
import { clientOrigin } from './clientOrigin.js';
import { type DatagramReceiver, RECEIVE_BUFFER_BYTES, type Sender } from './datagram.js';
import { failure, type Listener } from './listener.js';
import { type ReceivedDatagrams, STOP, type WildcardThreadNotice, type WildcardThreadStart } from './wildcardThread.js';

const THREAD = new URL('./wildcardThread.js', import.meta.url);
/** Datagrams that may be on their way from the thread to us. More wait in the kernel, where a flood loses its own. */
const CREDIT = 256;
/** So much that the thread never waits for more. */
const BOUNDLESS = 1 << 20;
/** A thread that died is started again after so long, which keeps one that always dies from eating the processor. */
const RESTART_MS = 1_000;

export type WildcardOptions = {
  /** What is longer is cut off. */
  readonly maxBytes: number;
  /** Something went wrong inside and was mended. */
  readonly onWarning?: ((text: string) => void) | undefined;
};

/**
 * Control over UDP sockets that are bound to every address of this host, all of them together. Answers leave from the address that was
 * asked, because clients take them from no other (theirs are connected sockets). Node tells that address of no datagram, so these sockets
 * are our own: a thread waits for datagrams and posts them here; answers are sent from here, as descriptors belong to the whole process.
 *
 * The thread is a plain Worker. It runs one endless task that answers nothing, so that a pool of threads would have nothing to manage, and
 * its module starts with its data in hand. It blocks in the kernel: it is ended by its eventfd, never by `terminate()`, which would wait
 * for it for ever, as would `process.exit()`; hence the handler for that.
 */
export class WildcardListener implements Listener {
  readonly #options: WildcardOptions;
  readonly #module: URL;
  readonly #epoll = openEpoll();
  readonly #stopper = openEventfd();
  readonly #sockets = new Map<number, DatagramReceiver>();
  readonly #wake = (): void => {
    this.#release(BOUNDLESS);
    signalEventfd(this.#stopper);
  };
  #credit = new Int32Array(new SharedArrayBuffer(4));
  #ended: Promise<void> = Promise.resolve();
  #restart: NodeJS.Timeout | undefined;
  #hasServed = false;
  #isClosed = false;

  /** `thread`: the module of the thread. */
  constructor(options: WildcardOptions, thread: URL = THREAD) {
    this.#options = options;
    this.#module = thread;
    this.#watch(this.#stopper, STOP);
    process.once('exit', this.#wake);
  }

  /** Opens a socket; it is served after `start`. Throws the errno. */
  open(ipv6: boolean, port: number, receiver: DatagramReceiver): void {
    const opened = openWildcardSocket(ipv6, port, RECEIVE_BUFFER_BYTES);
    if (!opened.ok) throw failure(opened.error, `port ${port}`);
    this.#serve(opened.value, receiver);
  }

  /** Takes over a bound UDP socket of whatever address, with the queues it has. Throws the errno. */
  adopt(fd: number, ipv6: boolean, receiver: DatagramReceiver): void {
    const prepared = tellAskedAddress(fd, ipv6);
    if (!prepared.ok) throw failure(prepared.error, `descriptor ${fd}`);
    this.#serve(fd, receiver);
  }

  /** Begins to serve. Rejects if the thread cannot be made. */
  start(): Promise<void> {
    this.#credit = new Int32Array(new SharedArrayBuffer(4));
    this.#credit[0] = CREDIT;
    const { maxBytes } = this.#options;
    const workerData: WildcardThreadStart = { epoll: this.#epoll, credit: this.#credit.buffer as SharedArrayBuffer, maxBytes };
    const thread = new Worker(this.#module, { name: 'control', workerData });
    return new Promise((resolve, reject) => {
      let reason = 'it ended';
      thread.on('message', (notice: WildcardThreadNotice) => {
        if (notice !== 'ready') return this.#receive(notice);
        this.#hasServed = true;
        resolve();
      });
      thread.on('error', (error) => {
        reason = error.message;
      });
      this.#ended = new Promise((ended) => {
        thread.on('exit', () => {
          ended();
          reject(new Error(`the thread of the control sockets: ${reason}`)); // Changes nothing once it has served.
          if (this.#hasServed && !this.#isClosed) this.#startAgain(reason);
        });
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    process.removeListener('exit', this.#wake);
    this.#wake();
    await this.#ended;
    for (const fd of [...this.#sockets.keys(), this.#stopper, this.#epoll]) closeDescriptor(fd);
  }

  #serve(fd: number, receiver: DatagramReceiver): void {
    this.#sockets.set(fd, receiver);
    this.#watch(fd, fd);
  }

  #watch(fd: number, data: number): void {
    const errno = watchInput(this.#epoll, fd, data);
    if (errno !== 0) throw failure(errnoName(errno), `epoll_ctl of descriptor ${fd}`);
  }

  #receive({ fd, texts, envelopes }: ReceivedDatagrams): void {
    const receiver = this.#sockets.get(fd);
    for (let i = 0; i < texts.length; i++) {
      const envelope = envelopes.subarray(i * ENVELOPE_WORDS, (i + 1) * ENVELOPE_WORDS);
      receiver?.receive(texts[i]!, senderOf(envelope), (answer) => {
        // A command may have been under way when we were told to end; the descriptor may be another's by now.
        if (!this.#isClosed) sendFromAsked(fd, answer, envelope);
      });
    }
    this.#release(texts.length);
  }

  #release(credit: number): void {
    Atomics.add(this.#credit, 0, credit);
    Atomics.notify(this.#credit, 0);
  }

  #startAgain(reason: string): void {
    this.#options.onWarning?.(`the thread of the control sockets died and is started again: ${reason}`);
    this.#restart = setTimeout(() => this.start().catch(() => {}), RESTART_MS); // It is tried again when that one ends.
  }
}

function senderOf(envelope: Envelope): Sender {
  const client = decodeSockaddr(envelope, 0);
  return {
    key: `${client?.host}:${client?.port}`,
    origin: clientOrigin(client?.host, decodeSockaddr(envelope, SOCKADDR_WORDS)?.host),
  };
}
