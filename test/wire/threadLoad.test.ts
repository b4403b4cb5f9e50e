import { ok } from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { threadBusyMs } from '../../src/io/threadLoad.js';

function workFor(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

test('[PN-50] the busy time of a thread grows by what it works, not by what it waits', { timeout: 20_000 }, async () => {
  const began = threadBusyMs();
  await delay(300);
  const waited = threadBusyMs() - began;
  ok(waited >= 0 && waited < 150, `${waited} ms of waiting`);
  workFor(300);
  const worked = threadBusyMs() - began - waited;
  // Others on the machine may take some of it.
  ok(worked > 30 && worked <= 310, `${worked} ms of work`);
});

test('[PN-50] what another thread works is not counted', { timeout: 20_000 }, async () => {
  const code = 'for (const end = performance.now() + 400; performance.now() < end; );';
  const began = threadBusyMs();
  await once(new Worker(code, { eval: true }), 'exit');
  const own = threadBusyMs() - began;
  ok(own < 250, `${own} ms`);
});
