import { udpPort } from '../model/kernel/index.js';
import { realtimeUs } from '../src/io/sys/clock.js';
import { mapMemory } from '../src/io/sys/memory.js';
import { sendmmsg } from '../src/io/sys/socket.js';
import { encodeSockaddr } from '../src/protocol/bytes/sockaddr.js';
import { MAX_BATCH, MAX_CALLS, type StreamGap, type TrafficRequest, type TrafficResult } from './messages.js';
import {
  FIRST_SSRC,
  HISTOGRAM_US,
  headerWord,
  makeMessageVector,
  monotonicUs,
  NAME_LOW_WORD,
  ORDER,
  PACKET_BYTES,
  packetWord,
  type SharedState,
  SILENCES_KEPT,
  swap16,
  TALLY,
} from './packets.js';

/** A call that stands: the relay's port towards the caller and the one towards the callee. */
export type Endpoints = { readonly call: string; readonly callerSide: number; readonly calleeSide: number };

/** One of the generator's two sockets: all callers share the first, all callees the second. */
export type Side = { readonly fd: number; readonly port: number };

const LOOPBACK = '127.0.0.1';
const DESTINATION_BYTES = 32;
const SAMPLES_PER_PACKET = 160;
const SHORTEST_SLEEP_US = 30; // Below it the sender goes round once more: a sleep takes at least as long.
const SETTLE_US = 20_000;
const DRAIN_STEP_MS = 200;
const DRAIN_STEPS = 10;

const vector = makeMessageVector('send');
const destinations = mapMemory(MAX_CALLS * 2 * DESTINATION_BYTES);
const destinationWords = new Uint32Array(destinations.buffer);
/** Packets that each stream has sent since its call stands: gives sequence number and timestamp. */
const packetsSent = new Uint32Array(MAX_CALLS * 2);
/** The same when the last run began. */
const sentBefore = new Uint32Array(MAX_CALLS * 2);
const sleeping = new Int32Array(new SharedArrayBuffer(4));

for (let i = 0; i < MAX_BATCH; i++) {
  point(i);
  const packet = packetWord(i);
  vector.words[packet] = 0x80; // RTP version 2, payload type 0.
  new Uint8Array(vector.words.buffer, (packet + 5) * 4, PACKET_BYTES - 20).fill(0xff); // Silence in G.711 µ-law.
}

function point(slot: number): void {
  vector.words[headerWord(slot) + NAME_LOW_WORD] = destinations.low;
  vector.words[headerWord(slot) + NAME_LOW_WORD + 1] = destinations.high;
}

/** Blocks the thread, to a few tens of microseconds. */
const sleepUs = (us: number): void => void Atomics.wait(sleeping, 0, 0, us / 1000);

/** Directs the streams of `calls`, from their first packet on: stream `2c` goes from the caller of call c, `2c + 1` from its callee. */
export function routeStreams(calls: readonly Endpoints[], shared: SharedState): void {
  calls.forEach(({ callerSide, calleeSide }, call) => {
    routeStream(call * 2, callerSide, calleeSide, shared);
    routeStream(call * 2 + 1, calleeSide, callerSide, shared);
  });
}

/** Directs the streams from one socket straight to the other. */
export function routeDirectly(calls: number, [a, b]: readonly [Side, Side], shared: SharedState): void {
  for (let call = 0; call < calls; call++) {
    routeStream(call * 2, b.port, a.port, shared);
    routeStream(call * 2 + 1, a.port, b.port, shared);
  }
}

function routeStream(stream: number, to: number, from: number, shared: SharedState): void {
  encodeSockaddr({ host: LOOPBACK, port: udpPort(to) }, destinationWords, (stream * DESTINATION_BYTES) / 4);
  shared.expectedPort[stream] = swap16(from);
  shared.lastSequence[stream] = -1;
  packetsSent[stream] = 0;
}

/** Sends for the seconds asked, waits for what is still under way, and counts. Blocks the thread. */
export function sendTraffic(
  request: TrafficRequest,
  calls: number,
  sides: readonly [Side, Side],
  shared: SharedState,
): TrafficResult {
  Atomics.store(shared.order, 0, ORDER.receive);
  Atomics.notify(shared.order, 0);
  sleepUs(SETTLE_US); // Whatever an earlier run left in the queues is gone then.
  shared.tally.fill(0);
  shared.histogram.fill(0);
  forgetGaps(shared);
  const cpuBefore = process.cpuUsage();
  const began = monotonicUs();
  const { sent, refused } = sendPaced(request, calls, sides, began);
  const elapsedUs = monotonicUs() - began;
  const cpu = process.cpuUsage(cpuBefore);
  waitForQueues(shared.tally);
  Atomics.store(shared.order, 0, ORDER.idle);
  const received = shared.tally[TALLY.received]!;
  return {
    sent,
    refused,
    received,
    strays: shared.tally[TALLY.strays]!,
    repeated: shared.tally[TALLY.repeated]!,
    outOfOrder: shared.tally[TALLY.outOfOrder]!,
    lossPercent: sent === 0 ? 0 : ((sent - received) / sent) * 100,
    offeredPps: (sent / elapsedUs) * 1e6,
    p50Us: percentile(shared.histogram, received, 0.5),
    p99Us: percentile(shared.histogram, received, 0.99),
    p999Us: percentile(shared.histogram, received, 0.999),
    maxUs: shared.tally[TALLY.maxUs]!,
    generatorCpuPercent: ((cpu.user + cpu.system) / elapsedUs) * 100,
  };
}

function forgetGaps({ arrived, lastAtUs, longestUs, silences }: SharedState): void {
  sentBefore.set(packetsSent);
  arrived.fill(0);
  lastAtUs.fill(Number.NaN);
  longestUs.fill(0);
  silences.fill(0);
}

/** What each stream of the last run heard, the two of a call one after the other. */
export function readGaps(calls: number, shared: SharedState): StreamGap[] {
  const { arrived, lastAtUs, longestUs, silences, silenceEndUs, silenceUs } = shared;
  return Array.from({ length: calls * 2 }, (_, stream) => ({
    sent: packetsSent[stream]! - sentBefore[stream]!,
    received: arrived[stream]!,
    lastAtUs: lastAtUs[stream]!,
    longestUs: longestUs[stream]!,
    silences: Array.from({ length: Math.min(silences[stream]!, SILENCES_KEPT) }, (_, i) => {
      const place = stream * SILENCES_KEPT + i;
      return { endUs: silenceEndUs[place]!, us: silenceUs[place]! };
    }),
  }));
}

/** Keeps to the clock: as many packets as are due, in batches that go round the calls, caller and callee side in turn. */
function sendPaced(request: TrafficRequest, calls: number, sides: readonly [Side, Side], began: number) {
  const batch = Math.min(request.batch, calls, MAX_BATCH);
  const packetsPerUs = request.pps / 1e6;
  const endUs = request.seconds * 1e6;
  let scheduled = 0;
  let refused = 0;
  let first = 0;
  let side: 0 | 1 = 0;
  for (;;) {
    const elapsed = monotonicUs() - began;
    if (elapsed >= endUs) break;
    const dueInUs = (scheduled + batch) / packetsPerUs - elapsed;
    if (dueInUs > 0) {
      if (dueInUs > SHORTEST_SLEEP_US) sleepUs(dueInUs);
      continue;
    }
    const taken = sendBatch(batch, first, calls, side, sides[side].fd);
    refused += batch - taken;
    scheduled += batch;
    if (side === 1) first = (first + batch) % calls;
    side = side === 0 ? 1 : 0;
  }
  return { sent: scheduled - refused, refused };
}

/** One packet of each of `batch` calls, beginning with call `first`. Answers how many the kernel took. */
function sendBatch(batch: number, first: number, calls: number, side: 0 | 1, fd: number): number {
  const { words, doubles, address } = vector;
  const now = realtimeUs();
  for (let i = 0; i < batch; i++) {
    const call = first + i < calls ? first + i : first + i - calls;
    const stream = call * 2 + side;
    const count = packetsSent[stream]!;
    packetsSent[stream] = count + 1;
    const packet = packetWord(i);
    const timestamp = Math.imul(count, SAMPLES_PER_PACKET);
    words[headerWord(i) + NAME_LOW_WORD] = destinations.low + stream * DESTINATION_BYTES;
    words[packet] = 0x80 | (swap16(count & 0xffff) << 16);
    words[packet + 1] = (swap16(timestamp & 0xffff) << 16) | swap16(timestamp >>> 16);
    words[packet + 2] = FIRST_SSRC + stream;
    doubles[(packet + 3) >> 1] = now;
  }
  return Math.max(0, sendmmsg(fd, address, batch, 0));
}

/** Waits until nothing has arrived for a while: what is late is not lost. */
function waitForQueues(tally: Int32Array): void {
  for (let step = 0, before = -1; step < DRAIN_STEPS; step++) {
    sleepUs(DRAIN_STEP_MS * 1000);
    const arrived = tally[TALLY.received]! + tally[TALLY.strays]!;
    if (arrived === before) return;
    before = arrived;
  }
}

/** The delay that `part` of the packets did not exceed, µs; HISTOGRAM_US means "that or more". */
function percentile(histogram: Uint32Array, total: number, part: number): number {
  let seen = 0;
  for (let us = 0; us < histogram.length; us++) {
    seen += histogram[us]!;
    if (seen > 0 && seen >= total * part) return us;
  }
  return HISTOGRAM_US;
}
