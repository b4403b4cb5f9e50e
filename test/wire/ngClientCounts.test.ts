/** Requests that media threads take by sockets of their own, in the answer to `statistics`. */
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { sdpOf } from '../pure/ngGiven.js';
import { picked } from '../pure/ngQueryGiven.js';
import { UdpControl } from '../rig/control.js';
import { openNgRelay } from '../rig/ngClient.js';
import { NgStreamClient, PING } from '../rig/ngScene.js';
import { leasePorts } from '../rig/ports.js';

const COLUMNS = ['pingcount', 'offercount', 'deletecount', 'startreccount', 'statistics', 'errorcount'] as const;
const CALLS = 6;

test('[NG-37] every client has a row of what it asked for, whichever thread took it, and the sums are those of the rows', {
  timeout: 30_000,
}, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const tcp = await lease.port();
  const args = ['--workers', '2', '--listen-ng', `tcp:127.0.0.1:${tcp}`];
  const { port, ask } = await openNgRelay(t, { args });
  for (const from of ['127.0.0.1', '127.0.0.8', '127.0.0.9']) {
    for (let n = 0; n < CALLS; n++) {
      const client = await UdpControl.open('127.0.0.1', port, from);
      t.after(() => client.close());
      const call = { 'call-id': `${from}-${n}`, 'from-tag': 'a' };
      await client.ask(PING);
      await client.ask(encodeBencode({ command: 'offer', ...call, sdp: sdpOf('203.0.113.1', 4000) }));
      await client.ask(encodeBencode({ command: 'start recording', ...call, 'call-id': 'nobody' }));
      await client.ask(encodeBencode({ command: 'delete', ...call }));
      await client.ask('nonsense');
    }
  }
  const stream = await NgStreamClient.open(t, tcp);
  await stream.ask(`1 ${PING}`);
  const { statistics } = await ask({ command: 'statistics' });
  const control = (statistics as NgDictionary)['controlstatistics'] as NgDictionary;
  const rows = (control['proxies'] as readonly NgDictionary[]).map((row) => picked(row, 'proxy', ...COLUMNS));
  const asked = [CALLS, CALLS, CALLS, CALLS, 0, 2 * CALLS];
  const mine = [CALLS + 1, CALLS, CALLS, CALLS, 1, 2 * CALLS];
  deepEqual(rows.sort(), [
    ['127.0.0.1', ...mine],
    ['127.0.0.8', ...asked],
    ['127.0.0.9', ...asked],
  ]);
  const totals = COLUMNS.map((column) => `total${column}`);
  deepEqual(
    picked(control, ...totals),
    mine.map((count, n) => count + 2 * (asked[n] ?? 0)),
  );
});
