import { join } from 'node:path';
import { loadOptions } from '../io/loadOptions.js';
import { onStopSignal } from '../io/signals.js';
import { type Relay, startRelay } from '../main.js';
import { formatControlAddress } from '../relay/controlAddress.js';
import { formatHelp, readOptions } from '../relay/options.js';
import { formatProtocols, packageVersion } from './version.js';

/** What differs between the two programs that serve. */
export type Program = {
  readonly name: 'rtpbridge' | 'rtpproxy';
  readonly usage: string;
  /** Whether the options that rtpproxy does not have are taken. */
  readonly ours: boolean;
  /** Where it listens when no `-s` is given. */
  readonly defaultControl: (dataDir: string) => readonly string[];
  /** Whether root must say that it means it. */
  readonly rootCheck: boolean;
};

export const RTPBRIDGE: Program = {
  name: 'rtpbridge',
  usage:
    'usage: rtpbridge serve [options]\n\nListens on udp:127.0.0.1:22222 and unix:DATA-DIR/control.sock unless -s is given.\n',
  ours: true,
  defaultControl: (dataDir) => ['udp:127.0.0.1:22222', `unix:${join(dataDir, 'control.sock')}`],
  rootCheck: false,
};

export const RTPPROXY: Program = {
  name: 'rtpproxy',
  usage: 'usage: rtpproxy [options]\n\nListens on unix:/var/run/rtpproxy.sock unless -s is given.\n',
  ours: false,
  defaultControl: () => ['unix:/var/run/rtpproxy.sock'],
  rootCheck: true,
};

const DEFAULT_PID_FILE = '/var/run/rtpproxy.pid';

/** Runs the relay until a signal ends it. Answers the exit code: 0 after a clean end, 1 if it could not start or go on. */
export async function serve(args: readonly string[], program: Program): Promise<number> {
  const complain = (text: string): number => {
    // What was given may hold line ends; the complaint stays one line.
    process.stderr.write(`${program.name}: ${text.replaceAll(/[\r\n]+/g, ' ')}\n`);
    return 1;
  };
  const given = loadOptions(args, program.ours);
  if (!given.ok) return complain(`${given.error}; see ${program.ours ? 'rtpbridge serve --help' : 'the manual'}`);
  const said = sayAndLeave(given.value, program);
  if (said !== null) {
    console.log(said);
    return 0;
  }
  const read = readOptions(given.value);
  if (!read.ok) return complain(read.error);
  const { dataDir } = read.value;
  const control = read.value.control.length > 0 ? read.value.control : program.defaultControl(dataDir);
  const pidFile = read.value.pidFile ?? (program.ours ? null : DEFAULT_PID_FILE);
  const root = program.rootCheck && read.value.rootCheck ? checkRoot(control) : null;
  if (root !== null) return complain(root);

  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  onStopSignal(() => end(0));
  const started = await startRelay({ ...read.value, control, pidFile }, (reason) => end(complain(reason)));
  if (!started.ok) return complain(started.error);
  console.log(formatGreeting(started.value, read.value.engine !== null));
  const code = await ended;
  await started.value.stop();
  return code;
}

function sayAndLeave(
  given: { readonly help?: unknown; readonly version?: unknown; readonly protocols?: unknown },
  program: Program,
): string | null {
  if (given.help) return `${program.usage}\n${formatHelp(program.ours)}`;
  if (given.version) return packageVersion();
  if (given.protocols) return formatProtocols();
  return null;
}

/** As rtpproxy: whoever reaches a network control socket of a process run by root is too close to root. */
function checkRoot(control: readonly string[]): string | null {
  const remote = control.find((text) => /^(udp|tcp)6?:/.test(text));
  if (process.getuid?.() !== 0 || remote === undefined) return null;
  return `running as root with the control socket ${remote}: run it as another user, or with -F if you mean it`;
}

function formatGreeting(relay: Relay, isForced: boolean): string {
  const { engine, refused } = relay.choice;
  const why = isForced
    ? 'as told'
    : refused.length > 0
      ? `others would not do: ${refused.join('; ')}`
      : 'it costs least per packet';
  const last = relay.range.first + relay.range.pairs * 2 - 1;
  const lines = relay.control.map((address) => `control      ${formatControlAddress(address)}`);
  lines.push(`media        ${relay.host === '0.0.0.0' ? 'all addresses' : relay.host}, ports ${relay.range.first} to ${last}`);
  lines.push(`engine       ${engine} on ${relay.workers} media thread${relay.workers === 1 ? '' : 's'} (${why})`);
  lines.push(`event log    ${relay.logFolder}`);
  if (relay.advice !== null) lines.push(`note         ${relay.advice}`);
  lines.push(`rtpbridge is ready (version ${packageVersion()}, process ${process.pid})`);
  return lines.join('\n');
}
