/** `rtpbridge explain` as an operator runs it, over the log of a relay that is gone. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askPort, Party, setUpCall } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { leasePorts } from '../rig/ports.js';
import { launch, runToEnd, temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const HOST = '127.0.0.1';

/** The data directory of a relay that had a call in which both sides spoke, and one that was not answered. */
async function dataOfRelay(t: TestContext): Promise<string> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const data = join(await temporaryFolder(t), 'data');
  const { min, max } = lease.range(40);
  const socket = `udp:${HOST}:${await lease.port()}`;
  const relay = await launch(['serve', '-s', socket, '--data-dir', data, '-l', HOST, '-m', `${min}`, '-M', `${max}`]);
  t.after(() => relay.stop());
  await relay.output(/^rtpbridge is ready/m, 10_000);
  const control = await UdpControl.to(socket);
  t.after(() => control.close());
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const ports = await setUpCall(control, 'spoken@host', caller, callee);
  await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);
  await callee.reaches(caller, ports.facesCallee, ports.facesCaller, 3);
  await control.ask('D spoken@host from-spoken@host to-spoken@host');
  await askPort(control, 'U unanswered@host 127.0.0.1 4000 alice');
  deepEqual(await relay.stop(), { code: 0, signal: null });
  return data;
}

test('the log of a relay that is gone tells what became of its calls', BOUND, async (t) => {
  const data = await dataOfRelay(t);
  const spoken = await runToEnd(['explain', '--call', 'spoken@host', data]);
  equal(spoken.code, 0, spoken.stderr);
  match(spoken.stdout, /^call spoken@host: 1 session/);
  match(spoken.stdout, /Both sides were heard: 0 % of the caller's packets lost/);
  match(spoken.stdout, /^ {4}in +5 packets, 5 sent on$/m);

  const unanswered = await runToEnd(['explain', '--call', 'unanswered@host', '--json', join(data, 'log')]);
  equal(unanswered.code, 0, unanswered.stderr);
  const { call, sessions } = JSON.parse(unanswered.stdout);
  equal(call, 'unanswered@host');
  equal(sessions[0].causes[0].id, 'no-answer');
  equal(sessions[0].closeReason, 'shutdown');

  const unknown = await runToEnd(['explain', '--call', 'unanswered@hos', data]);
  equal(unknown.code, 1);
  equal(unknown.stderr, `rtpbridge: no call unanswered@hos in ${data}; similar: unanswered@host\n`);
  equal(unknown.stdout, '');
});

const NOWHERE = '/nonexistent/data';

test('what cannot be explained is said in one line', BOUND, async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--call', 'x', '--data-dir', NOWHERE], /admin\.sock.*rtpbridge explain --call ID DATA-DIR$/],
    [['--call', 'x', NOWHERE], /nonexistent/],
    [[NOWHERE], /expected --call ID/],
    [['--call', 'x', '--data-dir', NOWHERE, NOWHERE], /expected either LOG/],
    [['--call', 'x', '--nonsense'], /nonsense/],
  ];
  for (const [args, text] of cases) {
    const { code, stdout, stderr } = await runToEnd(['explain', ...args]);
    equal(code, 1, args.join(' '));
    equal(stdout, '');
    const lines = stderr.trimEnd().split('\n');
    equal(lines.length, 1, stderr);
    match(lines[0]!, text);
  }
});
