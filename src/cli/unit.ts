import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatServiceUnit, formatSocketUnit } from '../relay/manual/systemdUnit.js';
import { packageVersion } from './version.js';

const USAGE = `usage: rtpbridge unit [--user USER] [--data-dir DIR] [--socket] [-- SERVE-OPTIONS]

Prints a systemd unit that runs the relay of this installation, with these options of rtpbridge serve:
rtpbridge unit -- -l 192.0.2.10 > /etc/systemd/system/rtpbridge.service

  --user USER      the user it runs as; otherwise one that systemd makes up
  --data-dir DIR   event log and control socket [/var/lib/rtpbridge]
  --socket         print a socket unit instead, for the control socket among the options [udp:127.0.0.1:22222];
                   the service then has -s systemd: among its own
  --help           print this and exit`;

/** `rtpbridge unit`. Answers the exit code. */
export function unit(args: readonly string[]): number {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  try {
    const options = {
      user: { type: 'string' },
      'data-dir': { type: 'string', default: '/var/lib/rtpbridge' },
      socket: { type: 'boolean' },
      help: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ args: [...own], options });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const printed = (values.socket ? formatSocketUnit : formatServiceUnit)({
      version: packageVersion(),
      node: process.execPath,
      script: resolve(process.argv[1] ?? ''),
      user: values.user ?? null,
      dataDir: resolve(values['data-dir'] ?? ''),
      args: end < 0 ? [] : args.slice(end + 1),
    });
    if (!printed.ok) throw new Error(printed.error);
    process.stdout.write(printed.value);
    return 0;
  } catch (error) {
    process.stderr.write(`rtpbridge: ${(error as Error).message.split('\n')[0]}\n`);
    return 1;
  }
}
