/** The programs rtpproxy and rtpproxy_debug: what they print, what they refuse, what they log, and that they serve. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Party, setUpCall } from '../rig/calls.js';
import { askOnce, UdpControl } from '../rig/control.js';
import { rtpproxySite, runRtpproxy, serveRtpproxy } from '../rig/rtpproxy.js';
import { receiveUnixDatagrams } from '../rig/unixDatagrams.js';

const BOUND = { timeout: 30_000 };
const { version } = JSON.parse(readFileSync(fileURLToPath(new URL('../../../package.json', import.meta.url)), 'utf8')) as {
  version: string;
};

test('[PN-24] -V prints the version in one line', BOUND, async () => {
  deepEqual(await runRtpproxy(['-V']), { code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  equal((await runRtpproxy(['-V', '-Z', 'surplus'])).code, 0, 'and looks no further');
});

test('[PN-25] -V of rtpproxy_debug prints target_pfreq first', BOUND, async () => {
  const { code, stdout } = await runRtpproxy(['-V'], { program: 'rtpproxy_debug' });
  deepEqual([code, stdout], [0, `target_pfreq = 10\n${version}\n`]);
});

test('[PN-26] -v prints the basic version and a line for each extension, -C the name of the monotonic clock', BOUND, async () => {
  const { code, stdout } = await runRtpproxy(['-v']);
  equal(code, 0);
  const [basic, ...extensions] = stdout.trimEnd().split('\n');
  equal(basic, 'Basic version: 20040107');
  match(extensions[0]!, /^Extension 20040107: \S/);
  ok(extensions.length > 5 && extensions.every((line) => /^Extension \d{8}: \S.*$/.test(line)), stdout);
  deepEqual(await runRtpproxy(['-C']), { code: 0, signal: null, stdout: 'CLOCK_BOOTTIME\n', stderr: '' });
});

test('an unknown option, a surplus word or a missing value is said, with the usage, and exit code 1', BOUND, async () => {
  for (const args of [
    ['-?'],
    ['-h'],
    ['-x'],
    ['--help'],
    ['surplus'],
    ['-f', 'surplus'],
    ['-T'],
    ['--no_re'],
    ['--workers', '1'],
  ]) {
    const { code, stdout, stderr } = await runRtpproxy(args);
    deepEqual([code, stdout], [1, ''], args.join(' '));
    match(stderr, /^rtpproxy: [^\n]+\nusage: rtpproxy \[options\]\n\n {2}-s SOCKET/);
  }
});

test('a bad value is said in one line, with exit code 1', BOUND, async () => {
  for (const [args, said] of [
    [['-T', '0'], '-T 0: expected a whole number from 1 to 10000000'],
    [
      ['-m', '0', '-M', '65536'],
      '-m 0: expected a whole number from 1 to 65535; -M 65536: expected a whole number from 1 to 65535',
    ],
    [['--nice', 'x'], '--nice x: expected a whole number from -20 to 20'],
    [['-s', 'stdio:'], '-s stdio:: expected -f too'],
  ] as const) {
    deepEqual(await runRtpproxy(args), { code: 1, signal: null, stdout: '', stderr: `rtpproxy: ${said}\n` });
  }
});

test(
  '[PN-29] started with an address and a UDP control socket it answers on that port and returns that address',
  BOUND,
  async (t) => {
    const site = await rtpproxySite(t, '127.0.0.2');
    await serveRtpproxy(t, site);
    match(await askOnce(site.udp, 'U where - 0 from'), /^\d+ 127\.0\.0\.2$/);
  },
);

test('[PN-12] rtpproxy_debug serves the same protocol, and says at its end where its time went', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const profiles = join(site.folder, 'profiles');
  const relay = await serveRtpproxy(t, site, ['--profile', profiles], { program: 'rtpproxy_debug' });
  equal(readFileSync(`/proc/${relay.pid}/comm`, 'utf8'), 'rtpproxy_debug\n');
  const control = await UdpControl.to(site.udp);
  t.after(() => control.close());
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const ports = await setUpCall(control, 'measured', caller, callee);
  await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 20);
  deepEqual(await relay.stop(), { code: 0, signal: null });
  ok(readdirSync(profiles).includes(`main-${relay.pid}.cpuprofile`));
  for (const name of readdirSync(profiles)) {
    const profile = JSON.parse(readFileSync(join(profiles, name), 'utf8')) as { nodes: unknown[]; samples: unknown[] };
    ok(profile.nodes.length > 0 && profile.samples.length > 0, name);
  }
});

test(
  'in the foreground it logs to stderr as its users know it, with the time since the start where that is asked for',
  BOUND,
  async (t) => {
    const site = await rtpproxySite(t);
    const lost = ['-p', join(site.folder, 'missing', 'pid')];
    const line = /^(.*)ERR:GLOBAL:rtpbridge:0: the pid file .* cannot be written \(ENOENT\)$/m;
    const plain = await serveRtpproxy(t, site, lost);
    equal((await plain.output(line, 5_000))[1], '');
    await plain.stop();
    for (const [env, least] of [
      [{ RTPP_LOG_TFORM: 'rel' }, 0],
      [{ RTPP_LOG_TFORM: 'rel', RTPP_LOG_TSTART: '0' }, 5],
    ] as const) {
      const relay = await serveRtpproxy(t, site, lost, { env: { ...site.env, ...env } });
      const [, hours, minutes, seconds] = /^(\d\d+):(\d\d):(\d\d)\.\d{3}\/$/.exec((await relay.output(line, 5_000))[1]!) ?? [];
      const elapsed = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
      ok(elapsed >= least && (least > 0 || elapsed < 20), String(elapsed));
      await relay.stop();
    }
  },
);

test('a service manager is told when it serves and when it ends', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const path = join(site.folder, 'notify');
  const notified = receiveUnixDatagrams(path);
  t.after(() => notified.close());
  const relay = await serveRtpproxy(t, site, [], { env: { ...site.env, NOTIFY_SOCKET: path } });
  equal(await notified.receive(), `READY=1\nMAINPID=${relay.pid}\n`);
  const stopped = relay.stop();
  equal(await notified.receive(), `STOPPING=1\nMAINPID=${relay.pid}\n`);
  deepEqual(await stopped, { code: 0, signal: null });
  ok(!existsSync(site.unix));
});
