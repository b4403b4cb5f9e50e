import { deepEqual, equal } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SyncGate, type SyncHandle } from '../../src/io/log/syncGate.js';

const INTERVAL_MS = 5;
const IDLE_MS = 30_000;

/** A disk on which everything takes until it is told to be done, and a clock that goes on when it is told to. */
class SlowDisk {
  /** What was begun, and what became of what was held, in order. */
  readonly said: string[] = [];
  /** By what is under way: how to end it. */
  readonly #underWay = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  /** What ends by itself. */
  isFast = false;
  readonly gate: SyncGate;
  readonly #t: TestContext;

  constructor(t: TestContext, intervalMs = INTERVAL_MS) {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    this.gate = new SyncGate({
      intervalMs,
      onError: (path, reason) => this.said.push(`${path} failed: ${reason}`),
      open: (path) => this.#open(path),
    });
  }

  async #open(path: string): Promise<SyncHandle> {
    if (path.includes('gone')) throw new Error('ENOENT');
    return {
      datasync: () => this.#begin(`sync ${path}`),
      sync: () => this.#begin(`folder ${path}`),
      close: async () => {
        this.said.push(`close ${path}`);
      },
    };
  }

  #begin(what: string): Promise<void> {
    this.said.push(what);
    if (this.isFast) return Promise.resolve();
    return new Promise((resolve, reject) => this.#underWay.set(what, { resolve, reject }));
  }

  hold(name: string, ...paths: string[]): void {
    this.gate.hold(paths, () => this.said.push(name));
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    this.#t.mock.timers.tick(ms);
    await settled();
  }

  /** Ends what is under way. */
  async done(...whats: string[]): Promise<void> {
    for (const what of whats) {
      this.#underWay.get(what)!.resolve();
      this.#underWay.delete(what);
    }
    await settled();
  }

  async fail(what: string, reason: string): Promise<void> {
    this.#underWay.get(what)!.reject(new Error(reason));
    await settled();
  }

  /** What was said since this was last asked. */
  news(): string[] {
    return this.said.splice(0);
  }
}

/** All that was to happen has happened: nothing here waits for anything but promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('answers that come together wait for one synchronization of each file, and the folder of each new one', async (t) => {
  const disk = new SlowDisk(t);
  disk.hold('A', '/log/0');
  disk.hold('B', '/log/1', '/log/0');
  await disk.pass(INTERVAL_MS - 1);
  deepEqual(disk.news(), [], 'more may come');
  disk.hold('C', '/log/0');
  await disk.pass(1);
  deepEqual(disk.news().sort(), ['folder /log', 'sync /log/0', 'sync /log/1']);
  await disk.done('sync /log/0', 'sync /log/1');
  deepEqual(disk.news(), [], 'the folder does not say yet that there are such files');
  await disk.done('folder /log');
  deepEqual(disk.news(), ['close /log', 'A', 'B', 'C']);
  disk.hold('D', '/log/0');
  await disk.pass(INTERVAL_MS);
  deepEqual(disk.news(), ['sync /log/0'], 'neither opened nor entered in its folder again');
  await disk.done('sync /log/0');
  deepEqual(disk.news(), ['D']);
});

test('a synchronization that had begun before does not count: what came meanwhile waits for the next', async (t) => {
  const disk = new SlowDisk(t);
  disk.hold('A', '/log/0');
  await disk.pass(INTERVAL_MS);
  disk.hold('B', '/log/0');
  await disk.pass(100);
  deepEqual(disk.news(), ['folder /log', 'sync /log/0'], 'one at a time');
  await disk.done('sync /log/0', 'folder /log');
  deepEqual(disk.news(), ['close /log', 'A', 'sync /log/0'], 'and begins at once: the interval is long over');
  await disk.done('sync /log/0');
  deepEqual(disk.news(), ['B']);
});

test('the interval counts from the first that waits, also while the disk is busy', async (t) => {
  const disk = new SlowDisk(t);
  disk.hold('A', '/log/0');
  await disk.pass(INTERVAL_MS);
  await disk.done('folder /log');
  disk.hold('B', '/log/0');
  await disk.pass(2);
  await disk.done('sync /log/0');
  deepEqual(disk.news().slice(-1), ['A']);
  await disk.pass(2);
  deepEqual(disk.news(), []);
  await disk.pass(1);
  deepEqual(disk.news(), ['sync /log/0']);
  await disk.done('sync /log/0');
});

test('what rests on no file is released at once, but not before what was held earlier', async (t) => {
  const disk = new SlowDisk(t);
  disk.hold('A');
  deepEqual(disk.news(), ['A']);
  disk.hold('B', '/log/0');
  disk.hold('C');
  await disk.pass(INTERVAL_MS);
  disk.hold('D');
  disk.hold('E', '/log/0');
  disk.hold('F');
  disk.news();
  await disk.done('sync /log/0', 'folder /log');
  deepEqual(disk.news(), ['close /log', 'B', 'C', 'D'], 'D waited for its turn only');
  await disk.pass(INTERVAL_MS);
  await disk.done('sync /log/0');
  deepEqual(disk.news(), ['sync /log/0', 'E', 'F']);
  disk.hold('G');
  deepEqual(disk.news(), ['G']);
});

test('who holds something when it is released keeps the order, too', async (t) => {
  const disk = new SlowDisk(t);
  disk.isFast = true;
  disk.gate.hold(['/log/0'], () => {
    disk.said.push('A');
    disk.hold('C');
  });
  disk.hold('B', '/log/0');
  await disk.pass(INTERVAL_MS);
  deepEqual(disk.news().slice(-3), ['A', 'B', 'C']);
});

test('a disk that fails is told of, and stops no answer; the file is opened anew', async (t) => {
  const disk = new SlowDisk(t);
  disk.hold('A', '/log/0', '/gone/1');
  await disk.pass(INTERVAL_MS);
  deepEqual(disk.news().sort(), ['/gone failed: ENOENT', '/gone/1 failed: ENOENT', 'folder /log', 'sync /log/0']);
  await disk.fail('folder /log', 'EROFS');
  await disk.fail('sync /log/0', 'EIO');
  deepEqual(disk.news(), ['close /log', '/log failed: EROFS', '/log/0 failed: EIO', 'close /log/0', 'A']);
  disk.hold('B', '/log/0');
  await disk.pass(INTERVAL_MS);
  deepEqual(disk.news().sort(), ['folder /log', 'sync /log/0']);
  await disk.done('folder /log', 'sync /log/0');
  deepEqual(disk.news(), ['close /log', 'B']);
});

test('a file that nobody writes to any more is closed after a while, and opened again when somebody does', async (t) => {
  const disk = new SlowDisk(t);
  disk.isFast = true;
  disk.hold('A', '/log/0', '/log/1');
  await disk.pass(INTERVAL_MS);
  await disk.pass(IDLE_MS);
  disk.hold('B', '/log/1');
  await disk.pass(INTERVAL_MS);
  disk.news();
  await disk.pass(IDLE_MS);
  deepEqual(disk.news(), ['close /log/0']);
  await disk.pass(IDLE_MS);
  deepEqual(disk.news(), ['close /log/1']);
  disk.hold('C', '/log/1');
  await disk.pass(INTERVAL_MS);
  deepEqual(disk.news(), ['folder /log', 'sync /log/1', 'close /log', 'C']);
});

test('at the end what is still held is synchronized without waiting for more, and every file is closed', async (t) => {
  const disk = new SlowDisk(t, 1000);
  disk.hold('A', '/log/0');
  await disk.pass(1000);
  disk.hold('B', '/log/1');
  let isClosed = false;
  const closing = disk.gate.close().then(() => {
    isClosed = true;
  });
  await disk.done('sync /log/0', 'folder /log');
  deepEqual(disk.news(), ['folder /log', 'sync /log/0', 'close /log', 'A', 'folder /log', 'sync /log/1']);
  equal(isClosed, false);
  await disk.done('sync /log/1', 'folder /log');
  await closing;
  deepEqual(disk.news(), ['close /log', 'B', 'close /log/0', 'close /log/1']);
  disk.hold('C', '/log/0');
  deepEqual(disk.news(), ['C']);
});
