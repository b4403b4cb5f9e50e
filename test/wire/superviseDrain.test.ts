/** What a supervisor that was told to drain does about a relay that dies before. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { runToEnd } from '../rig/startAttempt.js';
import { killRelay, startSupervised, whyNotSupervised } from '../rig/supervised.js';

const reason = whyNotSupervised();
const BOUND = { timeout: 60_000, ...(reason === null ? {} : { skip: reason }) };
const PATIENCE = { timeoutMs: 15_000 };

test(
  'a relay that dies while it drains is started again, still takes no new call, and ends with its last one',
  BOUND,
  async (t) => {
    const relay = await startSupervised(t);
    const client = await UdpControl.to(relay.control[0]!);
    t.after(() => client.close());
    /** A relay is told to drain when it serves: a command that has waited for it may come first. */
    const isDraining = async (): Promise<void> => {
      const answer = await client.ask('U other 127.0.0.1 20000 tag', PATIENCE);
      if (answer !== 'E99') await client.ask('D other tag');
      equal(answer, 'E99');
    };
    const port = await client.ask('U lasting 127.0.0.1 20000 tag');
    process.kill(relay.pid, 'SIGHUP');
    await eventually(isDraining);
    await killRelay(relay.pid);
    equal(await client.ask('U lasting 127.0.0.1 20000 tag', PATIENCE), port, 'it is the same call');
    await eventually(isDraining);
    equal(await client.ask('D lasting tag'), '0');
    deepEqual(await relay.exited, { code: 0, signal: null });
  },
);

test('a data directory that cannot be made ends the supervisor with one line', BOUND, async () => {
  const ended = await runToEnd(['serve', '--supervise', '--data-dir', '/proc/nowhere/data', '-s', 'udp:127.0.0.1:0']);
  equal(ended.code, 1);
  equal(ended.stderr.split('\n').length, 2, ended.stderr);
});
