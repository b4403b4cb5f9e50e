/** Prompts on real sockets: players on each engine, splices behind them, and engines that take their turns in time. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { udpPort } from '../../model/kernel/index.js';
import { clock } from '../../src/io/clock.js';
import { Counters, countersBytes } from '../../src/media/counters.js';
import { ENGINE_NAMES, type EngineHost, type PacketEngine } from '../../src/media/engine.js';
import { MediaPlane, type PlaneListeners } from '../../src/media/plane.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { rtpMarker, rtpSequence, rtpTimestamp } from '../../src/protocol/rtp/header.js';
import { promptOf } from '../pure/playersGiven.js';
import { type EngineHere, onEachEngineHere, PlainSocket } from '../rig/engineHere.js';
import { HOST } from '../rig/engineScene.js';

const SLOTS = 3;
const ROWS = (SLOTS + 1) * 4;
const LISTENER = 0;
const TALKER = 2;
/** The row from which a tap sends. */
const COPY = 4;
const LIMIT_MS = 5000;
const DEAF = {
  onSource: () => {},
  onRefused: () => {},
  onUnreachable: () => {},
  onDigit: () => {},
  onReport: () => {},
  onStray: () => {},
};
const PLAIN = { resize: false, mute: false, prompt: false, dtmf: false };

function newPlane(engine: PacketEngine, onPlayed: PlaneListeners['onPlayed']): MediaPlane {
  const counters = new Counters(new ArrayBuffer(countersBytes(SLOTS)));
  const plane = new MediaPlane(engine, counters, SLOTS, { doubling: false, reporting: false }, { ...DEAF, onPlayed });
  for (let slot = 0; slot < SLOTS; slot++) plane.clear(slot);
  return plane;
}

async function openRow({ engine, lease }: EngineHere, row: number, to: PlainSocket | null): Promise<number> {
  const port = await lease.port();
  ok(engine.open(row, { host: HOST, port: udpPort(port) }).ok);
  if (to !== null) encodeSockaddr(to.address, engine.remotes, row * SOCKADDR_WORDS);
  return port;
}

/** What the media thread does for its engine, until `isDone`. */
const hostOf = (plane: MediaPlane, isDone: () => boolean): EngineHost => {
  const untilMs = clock() + LIMIT_MS;
  return {
    ...{ onDatagram: plane.onDatagram, onUnreachable: plane.onUnreachable, onWake: () => {} },
    isTurnDue: () => plane.players.isEarlier || isDone(),
    onTurn: (nowMs) => {
      const nextMs = plane.players.turn(nowMs);
      if (isDone() || nowMs > untilMs) plane.engine.stop();
      return Math.min(nextMs, untilMs);
    },
  };
};

onEachEngineHere(
  '[PN-07] a prompt reaches its listener packet by packet, and takes as long as it sounds',
  ROWS,
  ENGINE_NAMES,
  async (scene) => {
    const { engine, t } = scene;
    const listener = new PlainSocket(t);
    const ended: number[] = [];
    const plane = newPlane(engine, (row) => ended.push(row));
    await openRow(scene, LISTENER, listener);
    const voice = { ssrc: 0xfeed_0001, sequence: 0xffff, timestamp: 2 ** 32 - 160 };
    const beganMs = clock();
    plane.players.start(LISTENER, { prompt: promptOf(7), ptimeMs: 20, count: 2, voice, sent: 0 }, beganMs);
    await engine.run(hostOf(plane, () => ended.length > 0));
    const tookMs = clock() - beganMs;
    deepEqual(ended, [LISTENER]);
    ok(tookMs >= 14 * 20 && tookMs < 14 * 20 + 500, `${tookMs} ms`);
    const heard = listener.take();
    deepEqual(
      heard.map((bytes) => [
        rtpSequence(bytes, 0),
        rtpTimestamp(bytes, 0),
        rtpMarker(bytes, 0),
        bytes.length,
        bytes[12],
        bytes[171],
      ]),
      Array.from({ length: 14 }, (_, n) => {
        const place = (n % 7) + 1;
        return [(0xffff + n) & 0xffff, (2 ** 32 - 160 + n * 160) % 2 ** 32, n === 0, 172, place, place];
      }),
    );
    deepEqual(Object.values(engine.counters), [0, 0, 0, 0, 0]);
  },
);

onEachEngineHere(
  'a burst behind a prompt: the listener hears it renumbered, a copy as it came',
  ROWS,
  ENGINE_NAMES,
  async (scene) => {
    const { engine, t } = scene;
    const [talker, listener, copied] = [new PlainSocket(t), new PlainSocket(t), new PlainSocket(t)];
    const plane = newPlane(engine, () => {});
    await openRow(scene, LISTENER, listener);
    const port = await openRow(scene, TALKER, talker);
    await openRow(scene, COPY, copied);
    plane.taps.add(TALKER, { line: 'copy', take: (packet) => engine.send(COPY, packet) });
    for (const row of [LISTENER, TALKER]) {
      plane.latch.install(row, { asymmetric: false, latched: true, hasPrevious: false, signalledAtMs: 0 });
    }
    // A player that took up SSRC 7 has ended: the next number is 900, and the sender's time is not the listener's.
    const voice = { ssrc: 7, sequence: 900, timestamp: 2 ** 31 };
    plane.restore(TALKER, { ...plane.save(TALKER), counters: [1], latch: null, analysis: null, splice: splicedAt(voice) });
    plane.route(TALKER, PLAIN);
    const count = 300;
    for (let n = 0; n < count; n++) {
      const header = { payloadType: 0, marker: false, sequence: 65_400 + n, timestamp: 7 + n * 160, ssrc: 7 };
      talker.send(buildRtp(header, new Uint8Array(160).fill(n)), port);
    }
    await engine.run(hostOf(plane, () => plane.counters.shard('packetsRelayed') >= count));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const numbers = (bytes: Uint8Array): number[] => [rtpSequence(bytes, 0), rtpTimestamp(bytes, 0), bytes[12]!, bytes[171]!];
    deepEqual(
      copied.take().map(numbers),
      Array.from({ length: count }, (_, n) => [(65_400 + n) & 0xffff, 7 + n * 160, n & 255, n & 255]),
    );
    const heard = listener.take().map(numbers);
    const first = heard[0]![1]!;
    deepEqual(
      heard,
      Array.from({ length: count }, (_, n) => [900 + n, (first + n * 160) % 2 ** 32, n & 255, n & 255]),
    );
    ok(first >= 2 ** 31 && first < 2 ** 31 + 8 * LIMIT_MS, `${first}`);
  },
);

/** What is saved of a stream whose prompt has just ended, so that its next packet is this one: see `Splices`. */
const splicedAt = ({ ssrc, sequence, timestamp }: { ssrc: number; sequence: number; timestamp: number }): number[] => [
  ...[ssrc, sequence, timestamp, 0, 1, 0],
  ...[clock(), 160, 0],
];

const BUSY_ROWS = 250;
const BUSY_MS = 1;
const LONGEST_MS = 200;
onEachEngineHere(
  'in a long batch of slow datagrams turns are taken when they are due',
  BUSY_ROWS,
  ['io_uring', 'epoll'],
  async (scene) => {
    const { engine, t } = scene;
    const source = new PlainSocket(t);
    const ports: number[] = [];
    for (let row = 0; row < BUSY_ROWS; row++) ports.push(await openRow(scene, row, null));
    for (const port of [...ports, ...ports]) source.send(new Uint8Array(20), port);
    let delivered = 0;
    let turnMs = clock();
    let longestMs = 0;
    const untilMs = turnMs + LIMIT_MS;
    await engine.run({
      ...{ onUnreachable: () => {}, onWake: () => {}, isTurnDue: () => false },
      onDatagram: ({ nowMs }) => {
        delivered++;
        ok(nowMs >= turnMs - 1, 'time does not step back');
        for (const doneMs = clock() + BUSY_MS; clock() < doneMs; );
      },
      onTurn: (nowMs) => {
        const now = clock();
        longestMs = Math.max(longestMs, now - turnMs);
        turnMs = now;
        if (delivered === ports.length * 2 || nowMs > untilMs) engine.stop();
        return nowMs + 5;
      },
    });
    equal(delivered, ports.length * 2);
    ok(longestMs < LONGEST_MS, `${longestMs} ms between two turns, of ${delivered * BUSY_MS} ms of work`);
  },
);
