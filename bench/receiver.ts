import { parentPort, workerData } from 'node:worker_threads';
import { timespecUs } from '../src/io/sys/clock.js';
import { MSG_DONTWAIT, recvmmsg } from '../src/io/sys/socket.js';
import { MAX_BATCH } from './messages.js';
import {
  addressWord,
  FIRST_SSRC,
  HISTOGRAM_US,
  headerWord,
  LENGTH_WORD,
  makeMessageVector,
  ORDER,
  PACKET_BYTES,
  packetWord,
  type ReceiverStart,
  type SharedState,
  SILENCE_US,
  SILENCES_KEPT,
  stampWord,
  swap16,
  TALLY,
} from './packets.js';

// The receiving thread of the generator: one for both sockets. It looks at them twice a millisecond instead of waiting for them: a
// waiting receiver has to be woken by whoever sends, the relay among them, which costs more than the packet itself and happens in no
// network card. Late looks cost no accuracy, for the time of arrival is the kernel's.

const NAP_MS = 0.5;

const { shared, fds } = workerData as ReceiverStart;
const vector = makeMessageVector('receive');

function obeyOrders(): void {
  const napping = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    Atomics.wait(shared.order, 0, ORDER.idle);
    if (Atomics.load(shared.order, 0) === ORDER.end) return;
    for (const fd of fds) emptyQueue(fd);
    Atomics.wait(napping, 0, 0, NAP_MS);
  }
}

function emptyQueue(fd: number): void {
  for (;;) {
    const count = recvmmsg(fd, vector.address, MAX_BATCH, MSG_DONTWAIT, 0);
    if (count > 0) measure(count, shared);
    if (count < MAX_BATCH) return;
  }
}

/** Checks and counts the packets of one recvmmsg call. */
function measure(count: number, state: SharedState): void {
  const { expectedPort, lastSequence, tally, histogram } = state;
  const { words, doubles } = vector;
  for (let i = 0; i < count; i++) {
    const packet = packetWord(i);
    const stream = words[packet + 2]! - FIRST_SSRC;
    const sourcePort = words[addressWord(i)]! >>> 16;
    if (words[headerWord(i) + LENGTH_WORD] !== PACKET_BYTES || expectedPort[stream] !== sourcePort) {
      tally[TALLY.strays]!++;
      continue;
    }
    const sequence = swap16(words[packet]! >>> 16);
    const last = lastSequence[stream]!;
    if (sequence === last) {
      tally[TALLY.repeated]!++;
      continue;
    }
    tally[TALLY.received]!++;
    if (last >= 0 && sequence !== ((last + 1) & 0xffff)) tally[TALLY.outOfOrder]!++;
    lastSequence[stream] = sequence;
    const arrivedAt = timespecUs(words, stampWord(i));
    note(stream, arrivedAt, state);
    const delay = arrivedAt - doubles[(packet + 3) >> 1]!;
    const us = Math.max(0, Math.round(delay));
    histogram[Math.min(us, HISTOGRAM_US)]!++;
    if (us > tally[TALLY.maxUs]!) tally[TALLY.maxUs] = us;
  }
}

/** Keeps what a stream is to be asked afterwards. */
function note(
  stream: number,
  at: number,
  { arrived, lastAtUs, longestUs, silences, silenceEndUs, silenceUs }: SharedState,
): void {
  const gap = at - lastAtUs[stream]!;
  if (gap > longestUs[stream]!) longestUs[stream] = gap;
  if (gap > SILENCE_US) {
    const place = stream * SILENCES_KEPT + (silences[stream]!++ % SILENCES_KEPT);
    silenceEndUs[place] = at;
    silenceUs[place] = gap;
  }
  lastAtUs[stream] = at;
  arrived[stream]!++;
}

parentPort!.postMessage('receiving');
obeyOrders();
