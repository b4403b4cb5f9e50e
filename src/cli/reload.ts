import { parseArgs } from 'node:util';
import { askReload } from '../io/admin/client.js';
import { ADMIN_OPTIONS, ADMIN_USAGE, adminPathOf } from './adminSocket.js';

const USAGE = `usage: rtpbridge reload [--check] [--data-dir DIR | --admin SOCKET]

Has a running relay read its settings file (serve --settings) again, and prints what has changed. Calls that stand go on as they are: what is
new counts for new ones. Where something is wrong with the file nothing is changed, and it is said where.

  --check          change nothing, and print what would change
${ADMIN_USAGE}
  --help           print this and exit`;

/** `rtpbridge reload`. Answers the exit code: 1 if the file is not right, or the relay does not answer. */
export async function reload(args: readonly string[]): Promise<number> {
  try {
    const options = { ...ADMIN_OPTIONS, check: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const asked = await askReload(adminPathOf(values), values.check === true);
    if (!asked.ok) throw new Error(asked.error);
    const { problems, changes, notes } = asked.value;
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    if (problems.length > 0) throw new Error('nothing was changed');
    console.log((changes.length > 0 ? changes : ['nothing has changed']).join('\n'));
    for (const note of notes) console.log(`note: ${note}`);
    return 0;
  } catch (error) {
    process.stderr.write(`rtpbridge: ${(error as Error).message.split('\n')[0]}\n`);
    return 1;
  }
}
