/** The thread of `steadyPhones.ts`: with an event loop of its own, what it measures is the relay and not the test. */
import { createSocket, type Socket } from 'node:dgram';
import { parentPort } from 'node:worker_threads';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import type { Heard, PhonesRequest } from './steadyPhones.js';

const HOST = '127.0.0.1';
const PAYLOAD_BYTES = 160;
const RECEIVE_BUFFER_BYTES = 1 << 20;
const HEADER_BYTES = 12;

/** Milliseconds of a clock that all threads have in common. */
const now = (): number => performance.timeOrigin + performance.now();

/** An end of a call. Its packets carry their number and when they were sent. */
class Phone {
  readonly socket: Socket;
  readonly heard: [number: number, sentMs: number, heardMs: number][] = [];
  readonly ssrc: number;
  sent = 0;

  constructor(socket: Socket, ssrc: number) {
    this.socket = socket;
    this.ssrc = ssrc;
    socket.on('message', (bytes: Buffer) => {
      this.heard.push([bytes.readUInt32BE(HEADER_BYTES), bytes.readDoubleBE(HEADER_BYTES + 4), now()]);
    });
    socket.on('error', () => {});
  }

  send(port: number): void {
    const sequence = this.sent++;
    const payload = Buffer.alloc(PAYLOAD_BYTES);
    payload.writeUInt32BE(sequence, 0);
    payload.writeDoubleBE(now(), 4);
    const timestamp = (sequence * PAYLOAD_BYTES) >>> 0;
    this.socket.send(
      buildRtp({ payloadType: 0, marker: false, sequence: sequence & 0xffff, timestamp, ssrc: this.ssrc }, payload),
      port,
      HOST,
    );
  }
}

const phones: Phone[] = [];
let timer: NodeJS.Timeout | null = null;

async function open(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
    phones.push(new Phone(socket, 0x5000_0000 + i));
  }
  parentPort?.postMessage(phones.map(({ socket }) => socket.address().port));
}

/** Each phone sends to its port, one packet in each interval. */
function stream(ports: readonly number[], intervalMs: number): void {
  const startMs = now();
  let rounds = 0;
  const tick = (): void => {
    for (; startMs + rounds * intervalMs <= now(); rounds++) for (const [i, port] of ports.entries()) phones[i]!.send(port);
    timer = setTimeout(tick, Math.max(0, startMs + rounds * intervalMs - now()));
  };
  tick();
}

async function stop(quietMs: number): Promise<void> {
  if (timer !== null) clearTimeout(timer);
  await new Promise((resolve) => setTimeout(resolve, quietMs));
  const told = phones.map(({ sent, heard }): Heard => ({ sent, heard: [...heard] }));
  for (const phone of phones) {
    phone.sent = 0;
    phone.heard.length = 0;
  }
  parentPort?.postMessage(told);
}

parentPort?.on('message', (request: PhonesRequest) => {
  if (request.kind === 'open') void open(request.count);
  else if (request.kind === 'stream') stream(request.ports, request.intervalMs);
  else void stop(request.quietMs);
});
