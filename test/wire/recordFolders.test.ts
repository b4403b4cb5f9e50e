/** The folders of recordings, as operators give them: made by root for somebody else, wrong ones, some that cannot be made. */
import { deepEqual, equal, match } from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Party, setUpCall } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { until } from '../rig/recorderScene.js';
import { startRelay } from '../rig/relay.js';
import { rtpproxySite, type Site, serveRtpproxy } from '../rig/rtpproxy.js';
import { runToEnd, temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const ROOT_ONLY = process.getuid?.() === 0 ? {} : { skip: 'only root can become another user' };
const USER = 'nobody';
const [UID, GID] = (/^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? []).slice(1).map(Number) as [
  number,
  number,
];
const FILES = ['call=from-call.a.rtcp', 'call=from-call.a.rtp', 'call=from-call.o.rtcp', 'call=from-call.o.rtp'];

/** An rtpproxy that becomes another user, and a call through it that is recorded and ended. */
async function recordAsNobody(t: TestContext, site: Site, ...flags: string[]): Promise<() => string> {
  const relay = await serveRtpproxy(t, site, ['-u', USER, ...flags]);
  const control = await UdpControl.to(site.udp);
  t.after(() => control.close());
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const ports = await setUpCall(control, 'call', caller, callee);
  equal(await control.ask('R call from-call to-call'), '0');
  await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);
  equal(await control.ask('D call from-call to-call'), '0');
  return relay.stderr;
}

for (const [what, flags] of [
  ['in the folder of recordings', ['-r', 'RECORDS']],
  ['in both folders', ['-r', 'RECORDS', '-S', 'SPOOL']],
] as const) {
  test(`[KC-09] what -u names may write ${what}, though root has made them`, { ...BOUND, ...ROOT_ONLY }, async (t) => {
    const site = await rtpproxySite(t);
    const [records, spool] = [join(site.folder, 'far', 'records'), join(site.folder, 'spool')];
    const place = { RECORDS: records, SPOOL: spool } as Readonly<Record<string, string>>;
    const stderr = await recordAsNobody(t, site, ...flags.map((flag) => place[flag] ?? flag));
    await until(() => readdirSync(records).length === FILES.length, stderr);
    deepEqual(readdirSync(records).sort(), FILES);
    for (const folder of [records, spool].filter(existsSync))
      deepEqual([lstatSync(folder).uid, lstatSync(folder).gid, lstatSync(folder).mode & 0o777], [UID, GID, 0o750], folder);
    equal(statSync(join(site.folder, 'far')).uid, 0, 'folders above are nobody’s business');
    equal(statSync(join(records, 'call=from-call.o.rtp')).uid, UID);
    equal(stderr(), '');
  });
}

test('a folder that was there before is not given away, and it is said who may not write to it', {
  ...BOUND,
  ...ROOT_ONLY,
}, async (t) => {
  const site = await rtpproxySite(t);
  const [records, spool] = [join(site.folder, 'records'), join(site.folder, 'spool')];
  mkdirSync(records, { mode: 0o755 });
  mkdirSync(spool);
  chownSync(spool, UID, GID);
  const relay = await serveRtpproxy(t, site, ['-u', USER, '-r', records, '-S', spool, '--no_redirect']);
  equal(statSync(records).uid, 0);
  const said = /-u nobody: may not write to \S*\/records, so nothing is recorded there; calls go on without/;
  await until(() => said.test(relay.stderr()), relay.stderr);
  equal(relay.stderr().split('may not write').length, 2, 'of the other folder nothing is said');
});

test('a final folder that cannot even be looked into ends the recording with a word, and the call goes on', {
  ...BOUND,
  ...ROOT_ONLY,
}, async (t) => {
  const site = await rtpproxySite(t);
  const [records, spool] = [join(site.folder, 'records'), join(site.folder, 'spool')];
  mkdirSync(records);
  chmodSync(records, 0o700);
  const stderr = await recordAsNobody(t, site, '-r', records, '-S', spool, '--no_redirect');
  const said = /recording 1 of call cannot be written: \S*call=from-call\.o\.rtp: EACCES/;
  await until(() => said.test(stderr()), stderr);
  deepEqual(readdirSync(spool), []);
});

for (const option of ['-r', '-S', '--profile']) {
  test(`${option} names a folder that cannot be made: the relay neither hangs nor ends without a word`, BOUND, async (t) => {
    const place = '/proc/no-folder/records';
    if (option === '--profile') {
      const folder = await temporaryFolder(t);
      const ended = await runToEnd(['serve', '--data-dir', join(folder, 'data'), '-s', 'stdio:', option, place]);
      equal(ended.code, 1);
      match(ended.stderr, /--profile \/proc\/no-folder\/records: profiles cannot be written there \(ENOENT\)/);
      return;
    }
    const relay = await startRelay({ args: option === '-r' ? ['-r', place] : ['-r', 'DIR/records', '-S', place] });
    t.after(() => relay.stop());
    match(relay.stderr(), /nothing can be recorded in \/proc\/no-folder\/records: ENOENT; calls go on without/);
  });
}

test('-r names a file: it is said so', BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  const relay = await startRelay({ args: ['-r', join(folder, 'file')] });
  t.after(() => relay.stop());
  match(relay.stderr(), /nothing can be recorded in \S*\/file: it is no folder; calls go on without/);
});
