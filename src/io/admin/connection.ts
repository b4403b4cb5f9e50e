import type { Socket } from 'node:net';
import { type AdminRequest, formatTold, readRequest } from '../../relay/admin/protocol.js';
import { SlowConsumer } from '../../relay/events/boundedQueue.js';
import type { Told } from '../../relay/events/told.js';
import type { AdminWorld } from './world.js';

const MAX_REQUEST_BYTES = 65_536;
/** Records that wait for a client that reads more slowly than they come. */
const MAX_WAITING = 4096;
/**
 * So long it may take until a client that is done has read our last word. What it still sends is read meanwhile: left unread, it would take
 * that word from it.
 */
const LINGER_MS = 1000;
const LINE_FEED = 10;

const answerLine = (answer: object): string => `${JSON.stringify({ ok: true, ...answer })}\n`;
const refusalLine = (error: string): string => `${JSON.stringify({ ok: false, error })}\n`;

/**
 * One client of the admin socket. Its requests are carried out one after the other, each when the answer before has left; while some wait it
 * is not read from, so that it cannot fill our memory. After `watch` it is told what happens, and not listened to any more.
 */
export class AdminConnection {
  readonly #socket: Socket;
  readonly #world: AdminWorld;
  /** `ended`: no more requests come, but some may wait. `over`: there is nothing to say any more. */
  #state: 'asking' | 'ended' | 'watching' | 'over' = 'asking';
  /** Null: one that was too long. */
  #requests: (string | null)[] = [];
  /** Of the request that is not complete yet. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isBusy = false;
  #onDrain: () => void = () => {};

  constructor(socket: Socket, world: AdminWorld) {
    this.#socket = socket;
    this.#world = world;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#end());
    socket.on('drain', () => this.#onDrain());
    socket.on('close', () => {
      this.#state = 'over';
      this.#onDrain();
    });
  }

  /** Tells it why, and closes. */
  dismiss(error: string): void {
    if (this.#state === 'over') return;
    this.#socket.write(refusalLine(error));
    this.#leave();
  }

  #leave(): void {
    this.#state = 'over';
    const socket = this.#socket;
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.on('close', () => clearTimeout(timer));
  }

  #read(chunk: Buffer): void {
    if (this.#state !== 'asking') return;
    let rest = chunk;
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      this.#keep(rest.subarray(0, end));
      this.#closeLine();
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
    if (this.#bytes > MAX_REQUEST_BYTES) this.#closeLine();
    this.#serve();
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0 || this.#state !== 'asking') return;
    this.#bytes += piece.length;
    this.#pieces.push(piece);
  }

  /** What was kept is a request. Lines without anything in them are none. */
  #closeLine(): void {
    const isTooLong = this.#bytes > MAX_REQUEST_BYTES;
    const line = isTooLong ? null : Buffer.concat(this.#pieces).toString();
    this.#pieces = [];
    this.#bytes = 0;
    if (isTooLong) this.#state = 'ended';
    if (line === null || line.trim() !== '') this.#requests.push(line);
  }

  /** The client says no more. What it said last may lack its line end. */
  #end(): void {
    if (this.#state === 'watching') this.#leave();
    if (this.#state !== 'asking') return;
    this.#closeLine();
    this.#state = 'ended';
    this.#serve();
  }

  get #isServing(): boolean {
    return this.#state === 'asking' || this.#state === 'ended';
  }

  async #serve(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#socket.pause();
    for (const line of this.#requests) {
      await this.#carryOut(line);
      if (!this.#isServing) return;
    }
    this.#requests = [];
    this.#isBusy = false;
    if (this.#state === 'ended') this.#socket.destroySoon();
    else this.#socket.resume();
  }

  /** Never rejects: what goes wrong inside is told to the client. */
  async #carryOut(line: string | null): Promise<void> {
    try {
      if (line === null) return this.dismiss(`a request of more than ${MAX_REQUEST_BYTES} bytes`);
      const request = readRequest(line);
      if (!request.ok) return await this.#write(refusalLine(request.error));
      if (request.value.ask === 'watch') return this.#watch(request.value.call);
      await this.#write(answerLine(await this.#answer(request.value)));
    } catch (error) {
      await this.#write(refusalLine((error as Error).message));
    }
  }

  async #answer(request: Exclude<AdminRequest, { ask: 'watch' }>): Promise<object> {
    switch (request.ask) {
      case 'status':
        return { status: await this.#world.status() };
      case 'reload':
        return await this.#world.reload(request.check);
      case 'call':
        return { logFolder: this.#world.logFolder, live: await this.#world.inspect(request.call) };
    }
  }

  /** Fulfilled when the next may be written, or nothing can any more. */
  async #write(line: string): Promise<void> {
    if (!this.#isServing || this.#socket.write(line)) return;
    await new Promise<void>((resolve) => {
      this.#onDrain = resolve;
    });
  }

  #watch(call: string | null): void {
    const socket = this.#socket;
    const stream = this.#world.watch(call);
    this.#state = 'watching';
    const consumer = new SlowConsumer(MAX_WAITING, (told) => this.#tell(told));
    this.#onDrain = () => consumer.resume();
    socket.write(answerLine({}));
    const subscription = stream.subscribe({
      next: (told) => consumer.take(told),
      error: (error: Error) => this.dismiss(error.message),
      complete: () => this.#leave(),
    });
    socket.on('close', () => subscription.unsubscribe());
    socket.resume();
  }

  /** What comes at once goes in one piece. */
  #tell(told: Told): boolean {
    const socket = this.#socket;
    if (this.#state !== 'watching') return false;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return socket.write(`${formatTold(told)}\n`);
  }
}
