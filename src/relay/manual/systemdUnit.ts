import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { parseIPv4, parseIPv6 } from '../../protocol/bytes/sockaddr.js';
import { readCommandLine } from '../commandLine.js';
import { type ControlAddress, parseControlAddress } from '../controlAddress.js';
import { type RelayOptions, readOptions, withAbsolutePaths } from '../options.js';
import { capabilitiesOf, isAnyBelow, writablePlaces, writtenFolders } from './systemdSandbox.js';

/** What a service unit is written for. Paths are absolute. */
export type UnitPlan = {
  readonly version: string;
  readonly node: string;
  readonly script: string;
  /** Whom the service runs as; null: a user that systemd makes up for it. */
  readonly user: string | null;
  readonly dataDir: string;
  /** What `rtpbridge serve` is to be given besides. */
  readonly args: readonly string[];
};

/** More than the whole port range takes, on IPv4 and IPv6. */
const OPEN_FILES = 262_144;
/** What the relay gives its own UDP control sockets, and how many connections may wait. */
const RECEIVE_BUFFER = '256K';
const BACKLOG = 32;
const DEFAULT_SOCKET = 'udp:127.0.0.1:22222';

/** A service unit: systemd.service(5), systemd.exec(5). The error is one line. */
export function formatServiceUnit(plan: UnitPlan): Result<string, string> {
  const read = readServeOptions(plan);
  if (!read.ok) return read;
  const options = read.value;
  if (options.user !== null) return refuse(`-u ${options.user}: expected as --user in front of --, as systemd sees to that`);
  const stdio = options.control.find((name) => /^stdioc?:/.test(name));
  if (stdio !== undefined) return refuse(`control socket ${stdio} a service has no standard input`);
  const places = writablePlaces(options, plan.user !== null);
  if (!places.ok) return places;
  const needsSocket = options.control.includes('systemd:');
  const sections = [
    `# rtpbridge ${plan.version} as a service, from: rtpbridge unit`,
    '# To be put to /etc/systemd/system/rtpbridge.service; then: systemctl daemon-reload && systemctl enable --now rtpbridge',
    '[Unit]',
    'Description=RTP relay (rtpbridge)',
    'Documentation=man:rtpbridge(8)',
    'Wants=network-online.target',
    'After=network-online.target',
    ...(needsSocket ? ['Requires=%N.socket', 'After=%N.socket'] : []),
    '# It is started again at once, but not for ever where it cannot start.',
    'StartLimitIntervalSec=30',
    'StartLimitBurst=10',
    '',
    '[Service]',
    ...runLines(plan, options),
    '',
    ...places.value,
    ...sandboxLines(plan, options),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  return ok(`${sections.join('\n')}\n`);
}

/** The options with which `ExecStart` has the relay run, from the words behind `serve` in it. */
const serveArgs = ({ dataDir, args }: UnitPlan): string[] => ['--data-dir', dataDir, ...args];

function readServeOptions(plan: UnitPlan): Result<RelayOptions, string> {
  const given = readCommandLine(serveArgs(plan), 'rtpbridge');
  if (!given.ok) return given;
  const folders = given.value.filter(({ key }) => key === 'dataDir');
  if (folders.length > 1) return refuse(`--data-dir ${folders[1]!.value}: expected in front of --`);
  const read = readOptions(given.value, 'rtpbridge', plan.dataDir);
  return read.ok ? ok(withAbsolutePaths(read.value)) : read;
}

function runLines(plan: UnitPlan, options: RelayOptions): string[] {
  const { node, script, user, dataDir } = plan;
  // The relay that dies is replaced by a process that stays, so that the sockets of all kinds stay open; systemd replaces that one.
  const supervise = options.supervise ? [] : ['--supervise'];
  const command = [node, script, 'serve', ...supervise, ...serveArgs(plan)].map(quoteArgument);
  return [
    'Type=notify',
    `ExecStart=${command.join(' ')}`,
    `WorkingDirectory=${escapeSpecifiers(dataDir)}`,
    'Restart=always',
    'RestartSec=0',
    'KillMode=mixed',
    'TimeoutStopSec=10',
    user === null ? 'DynamicUser=yes' : `User=${user}`,
    `LimitNOFILE=${Math.max(OPEN_FILES, options.openFiles ?? 0)}`,
    '# Before Linux 5.12 the memory of io_uring counts as locked.',
    'LimitMEMLOCK=infinity',
  ];
}

function sandboxLines({ node, script }: UnitPlan, options: RelayOptions): string[] {
  const paths = [node, script, ...writtenFolders(options)];
  const capabilities = capabilitiesOf(options).join(' ');
  return [
    'ProtectSystem=strict',
    // What is hidden can be neither executed nor written.
    `ProtectHome=${isAnyBelow(paths, ['/home', '/root', '/run/user']) ? 'read-only' : 'yes'}`,
    `PrivateTmp=${isAnyBelow(paths, ['/tmp', '/var/tmp']) ? 'no' : 'yes'}`,
    'PrivateDevices=yes',
    'UMask=0027',
    'NoNewPrivileges=yes',
    `CapabilityBoundingSet=${capabilities}`,
    `AmbientCapabilities=${capabilities}`,
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'RestrictNamespaces=yes',
    `RestrictRealtime=${options.scheduler === null ? 'yes' : 'no'}`,
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    ...['Clock', 'ControlGroups', 'Hostname', 'KernelLogs', 'KernelModules', 'KernelTunables'].map(
      (name) => `Protect${name}=yes`,
    ),
    '# No MemoryDenyWriteExecute: the JavaScript engine compiles at run time. io_uring is in no group of system calls.',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service io_uring_setup io_uring_enter io_uring_register',
    'SystemCallErrorNumber=EPERM',
  ];
}

/** A socket unit for the one control socket among the options: systemd.socket(5). The relay has it by `-s systemd:`. */
export function formatSocketUnit(plan: UnitPlan): Result<string, string> {
  const given = readCommandLine(plan.args, 'rtpbridge');
  if (!given.ok) return given;
  const controls = given.value.flatMap(({ key, value }) => (key === 'control' && value !== null ? [value] : []));
  if (controls.length > 1) return refuse(`${controls.map((name) => `-s ${name}`).join(' ')}: expected one, as systemd: is one`);
  const address = parseControlAddress(controls[0] ?? DEFAULT_SOCKET);
  if (!address.ok) return address;
  const lines = listenLines(address.value, controls[0] ?? DEFAULT_SOCKET, plan.user);
  if (!lines.ok) return lines;
  const sections = [
    `# rtpbridge ${plan.version}: a control socket that systemd opens, from: rtpbridge unit --socket`,
    '# To be put to /etc/systemd/system/rtpbridge.socket, beside the service unit from: rtpbridge unit -- -s systemd:',
    '[Unit]',
    'Description=Control socket of rtpbridge',
    'Documentation=man:rtpbridge(8)',
    '',
    '[Socket]',
    ...lines.value,
    '',
    '[Install]',
    'WantedBy=sockets.target',
  ];
  return ok(`${sections.join('\n')}\n`);
}

function listenLines(address: ControlAddress, text: string, user: string | null): Result<string[], string> {
  switch (address.transport) {
    case 'udp':
    case 'tcp': {
      const { host, port, ipv6, transport } = address;
      if ((ipv6 ? parseIPv6(host) : parseIPv4(host)) === null) return refuse(`-s ${text}: expected a numeric address`);
      const place = ipv6 ? `[${host}]:${port}` : `${host}:${port}`;
      const family = ipv6 ? ['BindIPv6Only=both'] : [];
      return transport === 'udp'
        ? ok([`ListenDatagram=${place}`, ...family, `ReceiveBuffer=${RECEIVE_BUFFER}`])
        : ok([`ListenStream=${place}`, ...family, `Backlog=${BACKLOG}`]);
    }
    case 'unix': {
      if (!address.lines) return refuse(`-s ${text}: expected cunix:, as what systemd opens is served a command a line`);
      if (!address.path.startsWith('/')) return refuse(`-s ${text}: expected an absolute path`);
      const owner = user === null ? [] : [`SocketUser=${user}`];
      return ok([`ListenStream=${escapeSpecifiers(address.path)}`, 'SocketMode=0660', ...owner, `Backlog=${BACKLOG}`]);
    }
    default:
      return refuse(`-s ${text}: expected udp: udp6: tcp: tcp6: or cunix:, which systemd can open`);
  }
}

const escapeSpecifiers = (text: string): string => text.replaceAll('%', '%%');

/** One word of `ExecStart`: systemd.service(5), "Command lines". */
function quoteArgument(text: string): string {
  const escaped = escapeSpecifiers(text)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('$', '$$$$');
  return /^[\w@%+=:,./*[\]-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
