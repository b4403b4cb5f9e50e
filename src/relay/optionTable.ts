import { ENGINE_NAMES } from '../media/engine.js';
import { DEFAULT_CONTROL_PORT } from './controlAddress.js';

/** The programs that serve. `rtpproxy_debug` is rtpproxy with other defaults and the means to find out where time goes. */
export const PROGRAM_NAMES = ['rtpbridge', 'rtpproxy', 'rtpproxy_debug'] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** The parts of the manual, in its order, with their headings. */
export const SECTIONS = {
  control: 'Control',
  networks: 'Addresses and ports',
  packets: 'Packets',
  sessions: 'Sessions',
  recording: 'Recording',
  modules: 'Modules',
  process: 'The process',
  eventLog: 'Event log and recovery',
  log: 'Logs',
  about: 'About the program',
} as const;
export type Section = keyof typeof SECTIONS;

/** One row of the option table. Command line, help and manual derive from it. */
export type OptionRow = {
  readonly short?: string;
  /** As `rtpbridge serve` takes it. rtpproxy knows long names only where there is no letter, and writes them with underscores. */
  readonly long: string;
  /** What stands behind it on the command line; none: a switch. */
  readonly value?: string;
  /** The value may be left out; where it is given it is glued on: `--name=VALUE`. */
  readonly optional?: true;
  /** May be given more than once; of the others the last one counts. */
  readonly many?: true;
  /** As it is shown; the value itself is filled in by `readOptions`. */
  readonly default?: string;
  /** The default of rtpproxy, and of rtpproxy_debug, where it is another. */
  readonly rtpproxyDefault?: string;
  readonly debugDefault?: string;
  readonly unit?: 's' | 'ms' | 'MB';
  /** One line, for the help. */
  readonly help: string;
  /** What the manual says besides. */
  readonly more?: string;
  readonly section: Section;
  /** Which programs take it; all of them where nothing is said. */
  readonly programs?: readonly ProgramName[];
  /** It is carried out at once, and what stands behind it is not looked at: getopt programs print their version like this. */
  readonly leaves?: true;
};

const OURS: readonly ProgramName[] = ['rtpbridge'];

export const OPTIONS = {
  control: {
    short: 's',
    long: 'control',
    value: 'SOCKET',
    many: true,
    default: 'udp:127.0.0.1:22222 and unix:DATA-DIR/control.sock',
    rtpproxyDefault: 'unix:/var/run/rtpproxy.sock',
    help: `control socket, repeatable: udp:HOST[:PORT] udp6:HOST[:PORT] tcp:HOST[:PORT] tcp6:HOST[:PORT] unix:PATH cunix:PATH stdio: stdioc: systemd:; port ${DEFAULT_CONTROL_PORT} if none is given`,
    more: 'Nothing in front means unix:. A unix: connection carries one command; cunix:, tcp: and stdio: carry a command a line. A datagram begins with a cookie. stdio: needs -f.',
    section: 'control',
  },
  notify: {
    short: 'n',
    long: 'notify',
    value: 'SOCKET',
    many: true,
    default: 'none',
    help: 'where timeouts may be reported, repeatable: unix:PATH or tcp:HOST:PORT; as HOST, %%CC_SELF%% is whoever gave the command',
    section: 'control',
  },
  socketMode: {
    short: 'w',
    long: 'socket-mode',
    value: 'MODE',
    default: '0755 when -u names a group',
    help: 'mode of unix control sockets, applied with -u only: octal with a leading zero, else decimal',
    section: 'control',
  },
  admin: {
    long: 'admin',
    value: 'SOCKET',
    default: 'unix:DATA-DIR/admin.sock',
    help: 'socket for rtpbridge explain and watch: unix:PATH, or none',
    section: 'control',
    programs: OURS,
  },
  listen: {
    short: 'l',
    long: 'listen',
    value: 'ADDRESS',
    many: true,
    default: '*',
    help: 'IPv4 address of the media sockets, * for all: ADDRESS, INTERNAL/EXTERNAL or, repeatable, [LABEL@]ADDRESS[=ADVERTISED]',
    more: 'Every address after the first needs a label of its own.',
    section: 'networks',
  },
  listen6: {
    short: '6',
    long: 'listen6',
    value: 'ADDRESS',
    many: true,
    default: 'none',
    help: 'the same for IPv6',
    section: 'networks',
  },
  advertise: {
    short: 'A',
    long: 'advertise',
    value: 'ADDRESS',
    default: 'where the sockets are bound',
    help: 'address to name in replies: ADDRESS, or INTERNAL/EXTERNAL of a bridge',
    section: 'networks',
  },
  portMin: {
    short: 'm',
    long: 'port-min',
    value: 'PORT',
    default: '35000',
    help: 'lowest media port',
    section: 'networks',
  },
  portMax: {
    short: 'M',
    long: 'port-max',
    value: 'PORT',
    default: '65000',
    help: 'highest media port',
    section: 'networks',
  },
  sequentialPorts: {
    short: 'b',
    long: 'sequential-ports',
    help: 'take ports in order instead of at random',
    section: 'networks',
  },
  noResolve: {
    long: 'no-resolve',
    help: 'take numeric addresses only, and never ask a name server',
    section: 'networks',
  },
  tos: {
    short: 't',
    long: 'tos',
    value: 'TOS',
    default: '184',
    help: 'TOS byte of media packets, decimal or 0x…; -1 leaves it to the system',
    section: 'packets',
  },
  doubling: {
    short: '2',
    long: 'doubling',
    help: 'send small packets twice: against loss on links that have bandwidth to spare',
    section: 'packets',
  },
  bridgeSymmetric: {
    long: 'bridge-symmetric',
    help: 'learn the addresses of peers also when two networks are bridged',
    section: 'packets',
  },
  forceAsymmetric: {
    long: 'force-asymmetric',
    help: 'take every peer for asymmetric unless its command says otherwise',
    section: 'packets',
  },
  ttl: {
    short: 'T',
    long: 'ttl',
    value: 'SECONDS',
    default: '60',
    unit: 's',
    help: 'a session without packets ends after so long',
    section: 'sessions',
  },
  setupTtl: {
    short: 'W',
    long: 'setup-ttl',
    value: 'SECONDS',
    default: 'as -T',
    help: 'the same, until both sides are known',
    section: 'sessions',
  },
  independentTtl: {
    short: 'i',
    long: 'independent-ttl',
    help: 'silence of either side ends a session; otherwise of both',
    section: 'sessions',
  },
  overload: {
    long: 'overload-prot',
    value: 'LIMIT',
    optional: true,
    default: 'off; 0.9 without LIMIT',
    help: 'refuse new sessions while the load is high: LIMIT is a load from 0 to 1, a percentage, or HIGH-LOW',
    more: 'The load is that of the busiest media thread. Above HIGH new sessions are refused, below LOW they are taken again. LOW is 0.05 below HIGH unless given: --overload_prot=85%-70%.',
    section: 'sessions',
  },
  recordDir: {
    short: 'r',
    long: 'record-dir',
    value: 'DIR',
    default: 'no recording',
    help: 'where recordings go',
    section: 'recording',
  },
  spoolDir: {
    short: 'S',
    long: 'spool-dir',
    value: 'DIR',
    default: 'as -r',
    help: 'where recordings are while they are being made; needs -r',
    section: 'recording',
  },
  recordAll: { short: 'a', long: 'record-all', help: 'record every session', section: 'recording' },
  pcap: { short: 'P', long: 'pcap', help: 'record in pcap format instead of the ad-hoc one', section: 'recording' },
  noRtcp: { short: 'R', long: 'no-rtcp', help: 'leave RTCP out of recordings and copies', section: 'recording' },
  dso: {
    long: 'dso',
    value: 'MODULE',
    many: true,
    default: 'none',
    help: 'load a module, repeatable: its path or its name',
    section: 'modules',
  },
  config: { long: 'config', value: 'FILE', default: 'none', help: 'configuration of the modules', section: 'modules' },
  foreground: {
    short: 'f',
    long: 'foreground',
    help: 'stay in the foreground',
    more: 'rtpbridge serve always does.',
    section: 'process',
  },
  user: {
    short: 'u',
    long: 'user',
    value: 'USER[:GROUP]',
    default: 'as started',
    help: 'become this user once everything is open; :GROUP alone changes the group only',
    more: 'Unix control sockets are given to the user and the group.',
    section: 'process',
  },
  noRootCheck: { short: 'F', long: 'no-root-check', help: 'run as root without complaint', section: 'process' },
  pidFile: {
    short: 'p',
    long: 'pid-file',
    value: 'FILE',
    default: 'none',
    rtpproxyDefault: '/var/run/rtpproxy.pid',
    help: 'write the process id there; /dev/null: nowhere',
    section: 'process',
  },
  noChdir: {
    short: 'D',
    long: 'no-chdir',
    help: 'stay in the start-up directory when going to the background',
    section: 'process',
  },
  noRedirect: {
    long: 'no-redirect',
    help: 'keep stdout and stderr in the background, and log to stderr too',
    section: 'process',
  },
  openFiles: {
    short: 'L',
    long: 'open-files',
    value: 'N',
    default: 'what the port range needs, where the system allows it',
    help: 'limit of open files',
    section: 'process',
  },
  nice: { long: 'nice', value: 'N', default: 'as started', help: 'priority, from -20 (first) to 20 (last)', section: 'process' },
  scheduler: {
    short: 'c',
    long: 'scheduler',
    value: 'CLASS',
    default: 'the ordinary one',
    help: 'real-time scheduling class at its highest priority: fifo or rr',
    section: 'process',
  },
  workers: { long: 'workers', value: 'N', default: 'one per core', help: 'media threads', section: 'process', programs: OURS },
  engine: {
    long: 'engine',
    value: 'NAME',
    default: 'the best that works',
    help: `packet engine: ${ENGINE_NAMES.join(', ')}`,
    section: 'process',
    programs: OURS,
  },
  dataDir: {
    long: 'data-dir',
    value: 'DIR',
    default: './rtpbridge-data',
    rtpproxyDefault: '/var/lib/rtpbridge',
    help: 'event log and control socket',
    section: 'process',
    programs: OURS,
  },
  profile: {
    long: 'profile',
    value: 'DIR',
    default: 'off',
    help: 'measure where processor time goes, and write a .cpuprofile a thread there at the end',
    section: 'process',
    programs: ['rtpbridge', 'rtpproxy_debug'],
  },
  durability: {
    long: 'durability',
    value: 'LEVEL',
    default: 'os',
    help: 'what an answer waits for: os (its events are with the operating system), fsync (on disk) or none (no event log)',
    more: 'With os calls outlive a crash of the relay; with fsync a crash of the machine, too, as far as their ports are concerned. With none they outlive nothing, and nothing can be replayed.',
    section: 'eventLog',
    programs: OURS,
  },
  fsyncInterval: {
    long: 'fsync-interval',
    value: 'MS',
    default: '5',
    unit: 'ms',
    help: 'with --durability fsync: answers are gathered for so long before the disk is waited for',
    section: 'eventLog',
    programs: OURS,
  },
  segmentSize: {
    long: 'log-segment-size',
    value: 'MB',
    default: '16',
    unit: 'MB',
    help: 'a segment of the event log that has grown beyond this is closed and the next begun',
    section: 'eventLog',
    programs: OURS,
  },
  segmentAge: {
    long: 'log-segment-age',
    value: 'SECONDS',
    default: '3600',
    unit: 's',
    help: 'so is one that was begun so long ago',
    section: 'eventLog',
    programs: OURS,
  },
  keepAge: {
    long: 'log-max-age',
    value: 'SECONDS',
    default: '604800',
    unit: 's',
    help: 'segments that were closed so long ago are deleted',
    section: 'eventLog',
    programs: OURS,
  },
  keepSize: {
    long: 'log-max-size',
    value: 'MB',
    default: '4096',
    unit: 'MB',
    help: 'the oldest segments are deleted while the event log is larger than this',
    section: 'eventLog',
    programs: OURS,
  },
  minFree: {
    long: 'log-min-free',
    value: 'MB',
    default: '256',
    unit: 'MB',
    help: 'the oldest segments are deleted while the disk has less room than this',
    section: 'eventLog',
    programs: OURS,
  },
  fresh: {
    long: 'fresh',
    help: 'begin without the calls that a crash has left behind',
    section: 'eventLog',
    programs: OURS,
  },
  supervise: {
    long: 'supervise',
    help: 'run under a small process that holds the control sockets and starts the relay again at once should it die',
    section: 'process',
    programs: OURS,
  },
  logLevel: {
    short: 'd',
    long: 'log-level',
    value: 'LEVEL[:FACILITY]',
    default: 'INFO',
    rtpproxyDefault: 'ERR',
    debugDefault: 'DBUG',
    help: 'DBUG, INFO, WARN, ERR or CRIT; FACILITY of the system log is LOG_DAEMON unless given',
    section: 'log',
  },
  protocols: { short: 'v', long: 'protocols', help: 'print the protocol versions and exit', section: 'about', leaves: true },
  version: { short: 'V', long: 'version', help: 'print the version and exit', section: 'about', leaves: true },
  clock: { short: 'C', long: 'clock', help: 'print the name of the monotonic clock and exit', section: 'about', leaves: true },
  help: { long: 'help', help: 'print this and exit', section: 'about', programs: OURS, leaves: true },
} as const satisfies Record<string, OptionRow>;

export type OptionKey = keyof typeof OPTIONS;
