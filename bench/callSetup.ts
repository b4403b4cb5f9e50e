import { udpPort } from '../model/kernel/index.js';
import { EVENT_DATA_WORD, EVENT_WORDS, epollWait, openEpoll, watchInput } from '../src/io/sys/epoll.js';
import { type Arena, mapMemory } from '../src/io/sys/memory.js';
import { closeDescriptor, openUdpSocket, recvfrom, sendto } from '../src/io/sys/socket.js';
import { encodeSockaddr } from '../src/protocol/bytes/sockaddr.js';
import type { SetupRequest, SetupResult } from './messages.js';
import { monotonicUs } from './packets.js';
import type { Endpoints, Side } from './traffic.js';

// Clients of the control protocol, cheap enough that the relay is what is measured: system calls, no dgram sockets.

const TIMEOUT_MS = 2000;
const MOST_TIMEOUTS = 16; // After so many the relay is taken for dead: the other calls are not tried.
const WAIT_MS = 100;
const ROOM_BYTES = 2048;
const REPLY_OFFSET = 4096;
const ADDRESS_OFFSET = 8192;
const QUEUE_BYTES = 1 << 20;
const LOOPBACK = '127.0.0.1';

type Verb = 'U' | 'L' | 'D';

/** A client has one command under way; it walks each of its calls through the verbs. */
type Client = {
  readonly fd: number;
  call: number;
  verb: Verb;
  cookie: string;
  sentAtUs: number;
  calleeSide: number;
  busy: boolean;
};

let nextCookie = 0;
let nextRun = 0;

/** Sets the calls up, blocking. Answers what it took, and the ports of each call that stands (before `D`, if that was asked). */
export function setUpCalls(request: SetupRequest, sides: readonly [Side, Side]): { result: SetupResult; calls: Endpoints[] } {
  const run = `bench-${process.pid}-${nextRun++}`;
  const memory = mapMemory(ADDRESS_OFFSET + 4096);
  const epoll = openEpoll();
  const clients: Client[] = [];
  try {
    encodeSockaddr({ host: LOOPBACK, port: udpPort(request.controlPort) }, new Uint32Array(memory.buffer), ADDRESS_OFFSET / 4);
    for (let i = 0; i < request.clients; i++) clients.push(openClient(epoll, i));
    return new SetupRun(request, sides, run, memory, clients).drive(epoll);
  } finally {
    for (const client of clients) closeDescriptor(client.fd);
    closeDescriptor(epoll);
    memory.unmap();
  }
}

function openClient(epoll: number, index: number): Client {
  const opened = openUdpSocket({ host: LOOPBACK, port: udpPort(0) }, { receiveBufferBytes: QUEUE_BYTES, tos: 0 });
  if (!opened.ok) throw new Error(`a control client cannot open its socket: ${opened.error}`);
  watchInput(epoll, opened.value, index);
  return { fd: opened.value, call: -1, verb: 'U', cookie: '', sentAtUs: 0, calleeSide: 0, busy: false };
}

class SetupRun {
  private started = 0;
  private ended = 0;
  private timeouts = 0;
  private readonly calls: Endpoints[] = [];
  private readonly failures = new Map<string, number>();
  private readonly bytes: Buffer;

  constructor(
    private readonly request: SetupRequest,
    private readonly sides: readonly [Side, Side],
    private readonly run: string,
    private readonly memory: Arena,
    private readonly clients: readonly Client[],
  ) {
    this.bytes = Buffer.from(memory.buffer);
  }

  drive(epoll: number): { result: SetupResult; calls: Endpoints[] } {
    const events = mapMemory(4096);
    const words = new Uint32Array(events.buffer);
    const began = monotonicUs();
    for (const client of this.clients) this.startCall(client);
    while (this.ended < this.request.calls) {
      const ready = epollWait(epoll, events.address, Math.min(this.clients.length, 64), WAIT_MS);
      for (let e = 0; e < ready; e++) this.takeReply(this.clients[words[e * EVENT_WORDS + EVENT_DATA_WORD]!]!);
      if (ready === 0) this.expire();
    }
    const seconds = (monotonicUs() - began) / 1e6;
    events.unmap();
    const failed = [...this.failures.values()].reduce((sum, count) => sum + count, 0);
    const completed = this.request.calls - failed;
    const failures = Object.fromEntries(this.failures);
    return { result: { calls: completed, failed, failures, seconds, callsPerSecond: completed / seconds }, calls: this.calls };
  }

  private startCall(client: Client): void {
    client.busy = this.started < this.request.calls;
    if (!client.busy) return;
    client.call = this.started++;
    this.send(client, 'U');
  }

  private send(client: Client, verb: Verb): void {
    client.verb = verb;
    client.cookie = `${process.pid}_${nextCookie++}`;
    client.sentAtUs = monotonicUs();
    const length = this.bytes.write(`${client.cookie} ${this.command(client)}\n`, 0, ROOM_BYTES, 'latin1');
    sendto(client.fd, this.memory.address, length, 0, this.memory.address + ADDRESS_OFFSET, 16);
  }

  /** Tags end in `;1`: rtpengine's classic parser takes a plain tag for a fallback request and answers with the client's own port. */
  private command({ verb, call }: Client): string {
    const callId = `${this.run}-${call}`;
    if (verb === 'U') return `U ${callId} ${LOOPBACK} ${this.sides[0].port} f${call};1`;
    if (verb === 'L') return `L ${callId} ${LOOPBACK} ${this.sides[1].port} f${call};1 t${call};1`;
    return `D ${callId} f${call};1 t${call};1`;
  }

  private takeReply(client: Client): void {
    const length = recvfrom(client.fd, this.memory.address + REPLY_OFFSET, ROOM_BYTES, 0, 0, 0);
    if (length <= 0) return;
    const text = this.bytes.toString('latin1', REPLY_OFFSET, REPLY_OFFSET + length);
    const [cookie, ...words] = text.trim().split(' ');
    if (!client.busy || cookie !== client.cookie) return; // The late reply to a command that has timed out.
    const refusal = this.refusalIn(client.verb, words);
    if (refusal !== null) this.fail(client, refusal);
    else if (client.verb === 'U') {
      client.calleeSide = Number(words[0]);
      this.send(client, 'L');
    } else if (client.verb === 'L') {
      this.calls.push({ callerSide: Number(words[0]), calleeSide: client.calleeSide });
      if (this.request.deleteAfter) this.send(client, 'D');
      else this.end(client);
    } else this.end(client);
  }

  /** Why a reply is not what a relay must answer, or null. */
  private refusalIn(verb: Verb, words: readonly string[]): string | null {
    if (verb === 'D') return words[0] === '0' ? null : `D answered ${words.join(' ')}`;
    const port = Number(words[0]);
    if (!/^\d+$/.test(words[0] ?? '') || port < 1 || port > 65_535) return `${verb} answered ${words.join(' ')}`;
    return this.sides.some((side) => side.port === port) ? `${verb} answered with our own port` : null;
  }

  private expire(): void {
    const oldest = monotonicUs() - TIMEOUT_MS * 1000;
    for (const client of this.clients) {
      if (!client.busy || client.sentAtUs >= oldest) continue;
      if (++this.timeouts === MOST_TIMEOUTS) this.giveUp();
      this.fail(client, `${client.verb} not answered in ${TIMEOUT_MS} ms`);
    }
  }

  private giveUp(): void {
    const rest = this.request.calls - this.started;
    if (rest > 0) this.failures.set('not tried any more', rest);
    this.started += rest;
    this.ended += rest;
  }

  private fail(client: Client, reason: string): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
    this.end(client);
  }

  private end(client: Client): void {
    this.ended++;
    this.startCall(client);
  }
}
