/** A media thread, run in this one: what it answers is with the operating system before the answer leaves. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { clock } from '../../src/io/clock.js';
import { listSegments } from '../../src/io/log/segment.js';
import { CALL_IN_HAND_BYTES } from '../../src/io/ng/callInHand.js';
import { engineRows, RING_MEMORY_BYTES, type ShardStart } from '../../src/io/threads/shardStart.js';
import { Counters, countersBytes } from '../../src/media/counters.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { admissionBytes, NO_LIMITS } from '../../src/relay/limits/admission.js';
import { NG_CLIENTS_BYTES } from '../../src/relay/ng/clientTable.js';
import { portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { NO_EVENT_SETTINGS } from '../../src/relay/settings/access.js';
import { Dispatch } from '../../src/relay/supervisor/dispatch.js';
import type { Assignment, ShardNotice } from '../../src/relay/supervisor/messages.js';
import serveShard from '../../workers/media.js';
import { oneNetwork, PLAIN_GRAMMAR, plainOptions } from '../property/shardWorld.js';
import { readSegmentFile } from '../rig/eventLog.js';
import { leasePorts } from '../rig/ports.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const HOST = '127.0.0.1';
const SLOTS = 20;
const BOUND = { timeout: 20_000 };

/** Exchanges that stand in the log now, as whoever reads the file sees it. */
const answersIn = (folder: string): ReadonlySet<string> =>
  new Set(
    listSegments(folder)
      .flatMap(({ path }) => readSegmentFile(path).records)
      .flatMap((record) => (record.kind === 'exchange' ? [`${record.command} → ${record.reply}`] : [])),
  );

const CONTROL = { loopId: 'test', allow: [], events: NO_EVENT_SETTINGS };

async function startOf(t: TestContext, mailbox: MessagePort, folder: string): Promise<ShardStart> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const { min, max } = lease.range(SLOTS * 4);
  const range = portRange(min, max);
  const { shard: _shard, counterMemory: _memory, lastSeq: _seq, ...plain } = plainOptions(SLOTS, HOST, 60_000, 60_000);
  const table = () => new SharedArrayBuffer(portTableBytes(range));
  const log = {
    ...{ durability: 'os' as const, fsyncIntervalMs: 5, segmentBytes: 16 << 20, segmentAgeMs: 3_600_000 },
    ...{ keepAgeMs: 3_600_000, keepBytes: 1 << 30, minFreeBytes: 0, folder, program: 'test' },
  };
  return {
    ...{ shard: 0, shards: 1, mailbox, wakeFd: -1, recovery: null, ng: null },
    setting: {
      ...{ ...plain, range, ownRanges: [], engine: 'dgram', run: Math.round(clock()), log, sequentialPorts: true, tos: null },
      ...{
        control: { networks: oneNetwork(HOST), asymmetric: false, recording: null, permitted: [], limits: NO_LIMITS, ...CONTROL },
        profileFolder: null,
      },
    },
    ownPorts: [],
    memory: {
      ports: { IPv4: table(), IPv6: table() },
      admission: new SharedArrayBuffer(admissionBytes(1)),
      counters: new SharedArrayBuffer(countersBytes(SLOTS)),
      descriptors: new SharedArrayBuffer(engineRows(SLOTS) * 4),
      ring: new SharedArrayBuffer(RING_MEMORY_BYTES),
      threadId: new SharedArrayBuffer(4),
      callInHand: new SharedArrayBuffer(CALL_IN_HAND_BYTES),
      ngClients: new SharedArrayBuffer(NG_CLIENTS_BYTES),
      tape: null,
    },
  };
}

/** Hands commands to the thread in batches. `answered` gets each reply. */
class Supervisor {
  readonly #port: MessagePort;
  readonly #dispatch: Dispatch;
  readonly #answers = new Map<number, (reply: string) => void>();
  #asked: { readonly kind: 'command'; readonly id: number; readonly assignment: Assignment }[] = [];
  #lastId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    const command = (assignment: Assignment, answer: (reply: string | null) => void): void => {
      const id = ++this.#lastId;
      this.#answers.set(id, answer);
      this.#asked.push({ kind: 'command', id, assignment });
    };
    const never = (): void => assert.fail('no such thing is asked');
    const counters = new Counters(new SharedArrayBuffer(countersBytes(SLOTS)));
    this.#dispatch = new Dispatch([{ counters, command, find: never, deleteAll: never, drain: never }], PLAIN_GRAMMAR);
  }

  take(notice: ShardNotice): void {
    if (notice.kind !== 'replies') return;
    for (const [id, reply] of notice.replies) this.#answers.get(id)?.(reply);
  }

  ask(batch: readonly string[]): Promise<readonly string[]> {
    const replies = Promise.all(
      batch.map((text) => new Promise<string>((resolve) => this.#dispatch.handle(text, LOCAL_ORIGIN, resolve))),
    );
    this.#port.postMessage(this.#asked);
    this.#asked = [];
    return replies;
  }
}

test('an answer leaves a media thread only when the log has it, and what it tells of', BOUND, async (t) => {
  const folder = join(await temporaryFolder(t), 'log');
  const { port1, port2 } = new MessageChannel();
  const supervisor = new Supervisor(port1);
  /** The log as it was when the last answers left the thread. */
  let seen: ReadonlySet<string> = new Set();
  const post = port2.postMessage.bind(port2);
  port2.postMessage = (notice: ShardNotice) => {
    if (notice.kind === 'replies') seen = answersIn(folder);
    post(notice);
  };
  const isReady = new Promise<void>((resolve) => {
    port1.on('message', (notice: ShardNotice) => (notice.kind === 'ready' ? resolve() : supervisor.take(notice)));
  });
  const served = serveShard(await startOf(t, port2, folder));
  t.after(async () => {
    port1.postMessage([{ kind: 'stop', leave: false }]);
    await served;
    port1.close();
  });
  await isReady;
  for (let turn = 0; turn < 15; turn++) {
    const call = `call-${turn}`;
    const batch = [`U ${call} 192.0.2.1 4000 alice`, `L ${call} 192.0.2.2 5000 alice bob`, `D ${call} nobody`, `D ${call} alice`];
    const asked = turn % 2 === 0 ? batch.slice(0, 3) : batch;
    const replies = await supervisor.ask(asked);
    assert.match(replies[0]!, /^\d+ 127\.0\.0\.1$/);
    for (const [i, text] of asked.entries()) assert.ok(seen.has(`${text} → ${replies[i]}`), `"${text}" is not in the log yet`);
  }
});
