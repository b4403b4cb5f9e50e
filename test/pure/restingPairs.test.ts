import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, millis, type UdpPort } from '../../model/kernel/index.js';
import { type PortOrder, PortTable, portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { PortTables } from '../../src/relay/portalloc/portTables.js';
import { RestingPairs } from '../../src/relay/portalloc/restingPairs.js';
import { LegSockets } from '../../src/relay/session/legSockets.js';
import { seededRandom } from '../property/random.js';
import { TableEngine } from '../property/tableEngine.js';

const HOST = '127.0.0.1';
const FIRST_ROW = 10_000;
const BUSY = 10;

/** Legs of one side, each in a slot of its own, opened and closed as fast as is wished. */
class Scene {
  readonly engine = new TableEngine(12_100);
  readonly warnings: string[] = [];
  readonly ports: PortTable;
  readonly other: PortTable;
  readonly sockets: LegSockets;
  readonly resting: RestingPairs;
  nowMs = 1000;

  constructor(pairs = 4000, order?: PortOrder) {
    const range = portRange(10_000, 10_000 + pairs * 2);
    const memory = new SharedArrayBuffer(portTableBytes(range));
    const random = seededRandom(7);
    this.ports = new PortTable(range, memory, 0, 2, order === undefined ? random : order);
    this.other = new PortTable(range, memory, 1, 2, random);
    const clock = () => millis(this.nowMs);
    this.resting = new RestingPairs({ engine: this.engine, clock, random, firstRow: FIRST_ROW });
    const ports = new PortTables({ IPv4: this.ports, IPv6: this.ports });
    const warn = (text: string) => void this.warnings.push(text);
    this.sockets = new LegSockets({ engine: this.engine, ports, resting: this.resting, clock, warn });
  }

  open(slot = 0): Address {
    const local = this.sockets.bind(slot, 'caller', HOST);
    assert.ok(local !== null, this.warnings.at(-1));
    return local;
  }

  close(local: Address, slot = 0, isUnused = true): void {
    this.sockets.close(slot, 'caller', local, isUnused);
  }

  /** So many pairs are opened and closed within two tenths of a second, and again until `ms` have passed. Answers their ports. */
  churn(ms: number, isUnused = true): UdpPort[] {
    const ports: UdpPort[] = [];
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += 5) {
      for (let i = 0; i < BUSY; i++) {
        const local = this.open();
        ports.push(local.port);
        this.close(local, 0, isUnused);
      }
      this.resting.turn(this.nowMs);
    }
    return ports;
  }

  get held(): number {
    return this.ports.range.pairs - this.ports.free;
  }
}

test('where few pairs are opened, each is closed with its leg', () => {
  const scene = new Scene();
  for (let i = 0; i < 100; i++, scene.nowMs += 20) scene.close(scene.open());
  assert.equal(scene.resting.count, 0);
  assert.equal(scene.engine.bound.size, 0);
  assert.equal(scene.held, 0);
});

test('where many are, pairs that were never sent anything stay open, and are handed out again with the sockets they had', () => {
  const scene = new Scene();
  scene.churn(1000);
  assert.ok(scene.resting.count > 128, String(scene.resting.count));
  const before = new Map([...scene.engine.bound].map(([row, { port }]) => [port, row]));
  const local = scene.open(3);
  assert.ok(before.get(local.port)! >= FIRST_ROW, 'it has rested');
  assert.deepEqual(scene.engine.bound.get(12), local);
  assert.equal(scene.engine.bound.get(13)?.port, local.port + 1);
  assert.equal(scene.held, scene.resting.count + 1, 'to all others they are taken');
});

test('no pair comes again before it has rested, and which one comes is not to be foreseen', () => {
  const scene = new Scene();
  scene.churn(500);
  const lastAt = new Map<UdpPort, number>();
  const shares: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const local = scene.open();
    const before = lastAt.get(local.port);
    if (before !== undefined) shares.push(scene.nowMs - before);
    lastAt.set(local.port, scene.nowMs);
    scene.close(local);
    if (i % 2 === 0) scene.nowMs++;
  }
  assert.ok(shares.length > 500, String(shares.length));
  assert.ok(Math.min(...shares) >= 50, `one came after ${Math.min(...shares)} ms`);
  assert.ok(new Set(shares).size > 30, 'they come after any time');
});

test('a pair that was sent something is closed with its leg', () => {
  const scene = new Scene();
  scene.churn(1000, false);
  assert.equal(scene.resting.count, 0);
  assert.equal(scene.held, 0);
});

test('a pair to which something comes while it rests is closed, and nobody gets it', () => {
  for (const disturb of ['delivered', 'arrived'] as const) {
    const scene = new Scene();
    scene.churn(1000);
    const rows = [...scene.engine.bound].filter(([row]) => row >= FIRST_ROW);
    for (const [row] of rows.filter((_, i) => i % 2 === 1)) {
      if (disturb === 'delivered') scene.resting.disturb(row);
      else scene.engine.arrived.add(row);
    }
    const port = scene.open().port;
    assert.ok(!rows.some(([, local]) => local.port === port), disturb);
  }
});

test('pairs that nobody needs any more are closed, some at a time, and their ports are free', () => {
  const scene = new Scene();
  scene.churn(1000);
  let left = scene.resting.count;
  for (let next = 0; next !== Number.POSITIVE_INFINITY; ) {
    next = scene.resting.turn(scene.nowMs);
    assert.ok(left - scene.resting.count <= 64, 'a turn is short');
    left = scene.resting.count;
    assert.ok(scene.nowMs < 6000, 'it comes to an end');
    if (next !== Number.POSITIVE_INFINITY) scene.nowMs = next;
  }
  assert.equal(scene.engine.bound.size, 0);
  assert.equal(scene.held, 0);
});

test('few rest where the range is small, and none where it is used up or gone through in order', () => {
  const scene = new Scene();
  scene.churn(2000);
  assert.ok(scene.resting.count <= 250, 'an eighth of the part of the shard');
  for (const small of [new Scene(1000), new Scene(4000, null)]) {
    small.churn(1000);
    assert.equal(small.resting.count, 0);
  }
  while (scene.other.free > 1500) scene.other.claim(() => 'opened');
  for (let i = 0; i < 100; i++, scene.nowMs += 5) scene.resting.turn(scene.nowMs);
  assert.equal(scene.resting.count, 0, 'others may need the ports');
  scene.churn(500);
  assert.equal(scene.resting.count, 0);
});

test('no call is refused for a pair that rests: not for its port, nor for its descriptors', () => {
  const used = new Scene();
  used.churn(1000);
  assert.ok(used.resting.count > 0);
  // Others take what is left in one moment.
  while (used.other.free > 0) used.other.claim(() => 'opened');
  assert.equal(used.sockets.bind(1, 'caller', '127.0.0.2')?.host, '127.0.0.2', 'at another address nothing rests');
  assert.equal(used.resting.count, 0);
  assert.deepEqual(used.warnings, []);

  const scarce = new Scene();
  scarce.churn(1000);
  const { engine } = scarce;
  const open = engine.open.bind(engine);
  const most = engine.bound.size;
  engine.open = (row, local) => (engine.bound.size < most ? open(row, local) : { ok: false, error: 'EMFILE' });
  assert.equal(scarce.sockets.bind(1, 'caller', '127.0.0.2')?.host, '127.0.0.2');
});
