import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { formatServiceUnit, formatSocketUnit, type UnitPlan } from '../../src/relay/manual/systemdUnit.js';

const PLAN: UnitPlan = {
  version: '1.2.3',
  node: '/usr/bin/node',
  script: '/usr/lib/node_modules/rtpbridge/dist/src/cli/rtpbridge.js',
  user: null,
  dataDir: '/var/lib/rtpbridge',
  args: [],
};

/** What a unit says behind a name, in its order. Throws with the complaint where there is no unit. */
function valuesOf(name: string, plan: Partial<UnitPlan> = {}, format = formatServiceUnit): string[] {
  const unit = format({ ...PLAN, ...plan });
  if (!unit.ok) throw new Error(unit.error);
  return unit.value.split('\n').flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []));
}

const complaintOf = (plan: Partial<UnitPlan>, format = formatServiceUnit): string => {
  const unit = format({ ...PLAN, ...plan });
  return unit.ok ? `no complaint: ${unit.value}` : unit.error;
};

test('the service runs this installation, supervised, and is started again at once', () => {
  const run = `${PLAN.node} ${PLAN.script} serve --supervise --data-dir /var/lib/rtpbridge`;
  deepEqual(valuesOf('ExecStart'), [run]);
  deepEqual(valuesOf('ExecStart', { args: ['-l', '192.0.2.10', '--supervise'] }), [
    `${PLAN.node} ${PLAN.script} serve --data-dir /var/lib/rtpbridge -l 192.0.2.10 --supervise`,
  ]);
  deepEqual([valuesOf('Type'), valuesOf('Restart'), valuesOf('RestartSec'), valuesOf('KillMode')].flat(), [
    'notify',
    'always',
    '0',
    'mixed',
  ]);
});

test('words that mean something to systemd are written so that they do not', () => {
  const args = ['-n', 'tcp:%%CC_SELF%%:22', '--config', '/etc/a "b" $c\\d.conf'];
  match(valuesOf('ExecStart', { args })[0]!, / -n tcp:%%%%CC_SELF%%%%:22 --config "\/etc\/a \\"b\\" \$\$c\\\\d\.conf"$/);
});

test('it has a user of its own unless one is named, and nothing that ordinary users lack unless the options take it', () => {
  deepEqual([...valuesOf('DynamicUser'), ...valuesOf('User')], ['yes']);
  deepEqual([...valuesOf('DynamicUser', { user: 'rtp' }), ...valuesOf('User', { user: 'rtp' })], ['rtp']);
  deepEqual(valuesOf('AmbientCapabilities'), ['']);
  const args = ['-s', 'udp:127.0.0.1:222', '-c', 'rr'];
  for (const name of ['AmbientCapabilities', 'CapabilityBoundingSet'])
    deepEqual(valuesOf(name, { args }), ['CAP_NET_BIND_SERVICE CAP_SYS_NICE']);
  deepEqual([...valuesOf('RestrictRealtime'), ...valuesOf('RestrictRealtime', { args })], ['yes', 'no']);
  deepEqual(valuesOf('LimitNOFILE', { args: ['-L', '500000'] }), ['500000']);
});

test('it may write where its options say, and only there', () => {
  deepEqual([...valuesOf('StateDirectory'), ...valuesOf('RuntimeDirectory'), ...valuesOf('ReadWritePaths')], ['rtpbridge']);
  const args = ['-s', 'unix:/var/run/rtp/control.sock', '-p', '/run/rtp/pid', '-r', '/srv/my calls', '--admin', 'none'];
  const plan = { user: 'rtp', args, dataDir: '/var/lib/rtp/one' };
  deepEqual(valuesOf('StateDirectory', plan), ['rtp/one']);
  deepEqual(valuesOf('RuntimeDirectory', plan), ['rtp']);
  deepEqual(valuesOf('ReadWritePaths', plan), ['"/srv/my calls"']);
  const recording = { user: 'rtp', args: ['-r', '/srv/calls', '-S', '/var/lib/rtp/spool', '--record-format', 'wav'] };
  deepEqual([valuesOf('ReadWritePaths', recording), valuesOf('StateDirectory', recording)].flat(), [
    '/srv/calls',
    'rtpbridge rtp/spool',
  ]);
  equal(complaintOf({ args }), '/srv/my calls: outside of /var/lib and /run it takes a --user who may write there');
});

test('what it needs is not hidden from it', () => {
  deepEqual([...valuesOf('ProtectHome'), ...valuesOf('PrivateTmp')], ['yes', 'yes']);
  deepEqual(valuesOf('ProtectHome', { script: '/run/user/1000/rtpbridge.js' }), ['read-only']);
  deepEqual(valuesOf('ProtectHome', { user: 'rtp', args: ['-r', '/home'] }), ['read-only']);
  deepEqual(valuesOf('PrivateTmp', { script: '/tmp/rtpbridge.js' }), ['no']);
  const unit = formatServiceUnit(PLAN);
  ok(unit.ok && !/^MemoryDenyWriteExecute=/m.test(unit.value), 'V8 compiles at run time');
  match(valuesOf('SystemCallFilter')[0]!, /\bio_uring_setup io_uring_enter io_uring_register\b/);
});

test('options with which no service can run are refused in one line', () => {
  equal(complaintOf({ args: ['-T', '0'] }), '-T 0: expected a whole number from 1 to 10000000');
  match(complaintOf({ args: ['--nonsense'] }), /^'--nonsense': no such option$/);
  match(complaintOf({ args: ['-u', 'rtp'] }), /^-u rtp: expected as --user in front of --/);
  match(complaintOf({ args: ['--data-dir', '/x'] }), /^--data-dir \/x: expected in front of --$/);
  match(complaintOf({ args: ['-s', 'stdio:'] }), /^control socket stdio: a service has no standard input$/);
});

test('with -s systemd: the service needs the socket unit of its name, and that opens what -s says', () => {
  deepEqual(valuesOf('Requires', { args: ['-s', 'systemd:'] }), ['%N.socket']);
  deepEqual(valuesOf('Requires'), []);
  const socket = (args: string[], name = 'ListenStream') => valuesOf(name, { args, user: 'rtp' }, formatSocketUnit);
  deepEqual(socket([], 'ListenDatagram'), ['127.0.0.1:22222']);
  deepEqual(socket(['-s', 'udp6:*'], 'ListenDatagram'), ['[::]:22222']);
  deepEqual(socket(['-s', 'tcp:192.0.2.1:22']), ['192.0.2.1:22']);
  deepEqual(socket(['-s', 'cunix:/run/rtp.sock']), ['/run/rtp.sock']);
  deepEqual(socket(['-s', 'cunix:/run/rtp.sock'], 'SocketUser'), ['rtp']);
});

test('a socket that systemd cannot open as the relay would is refused in one line', () => {
  const refused = (...args: string[]): string => complaintOf({ args }, formatSocketUnit);
  match(refused('-s', 'unix:/run/a'), /^-s unix:\/run\/a: expected cunix:/);
  match(refused('-s', 'cunix:a'), /^-s cunix:a: expected an absolute path$/);
  match(refused('-s', 'udp:proxy.example:1'), /^-s udp:proxy\.example:1: expected a numeric address$/);
  match(refused('-s', 'stdio:'), /^-s stdio:: expected udp: udp6: tcp: tcp6: or cunix:/);
  match(refused('-s', 'udp:127.0.0.1:1', '-s', 'udp:127.0.0.1:2'), /expected one, as systemd: is one$/);
});
