import { parseArgs } from 'node:util';
import { askStatus } from '../io/admin/client.js';
import { formatStatus } from '../relay/admin/status.js';
import { ADMIN_OPTIONS, ADMIN_USAGE, adminPathOf } from './adminSocket.js';

const USAGE = `usage: rtpbridge status [--data-dir DIR | --admin SOCKET] [--json]

Prints how a running relay is: its media threads, their sessions and load, and what went wrong.

${ADMIN_USAGE}
  --json           one line of JSON, with every counter
  --help           print this and exit`;

/** `rtpbridge status`. Answers the exit code: 1 if the relay does not answer. */
export async function status(args: readonly string[]): Promise<number> {
  try {
    const options = { ...ADMIN_OPTIONS, json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const asked = await askStatus(adminPathOf(values));
    if (!asked.ok) throw new Error(asked.error);
    console.log(values.json ? JSON.stringify(asked.value) : formatStatus(asked.value, Date.now()).join('\n'));
    return 0;
  } catch (error) {
    process.stderr.write(`rtpbridge: ${(error as Error).message.split('\n')[0]}\n`);
    return 1;
  }
}
