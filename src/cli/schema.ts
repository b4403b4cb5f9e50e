import { parseArgs } from 'node:util';
import { ngDocument } from '../relay/ng/ngDocuments.js';
import { packageVersion } from './version.js';

const USAGE = `usage: rtpbridge schema [--openapi | --events]

Prints the JSON Schema of the NG protocol: of each request and its reply. For programs that check what they send, and for editors.

  --openapi        the interface over HTTP instead, as OpenAPI 3.1, with the same schemas
  --events         the JSON Schema of events instead
  --help           print this and exit`;

/** `rtpbridge schema`. Answers the exit code. */
export function schema(args: readonly string[]): number {
  try {
    const options = { openapi: { type: 'boolean' }, events: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    if (values.openapi && values.events) throw new Error('--openapi and --events exclude each other');
    process.stdout.write(ngDocument(values.openapi ? 'openapi' : values.events ? 'events' : 'schema', packageVersion()));
    return 0;
  } catch (error) {
    process.stderr.write(`rtpbridge: ${(error as Error).message.split('\n')[0]}\n`);
    return 1;
  }
}
