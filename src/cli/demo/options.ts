import { parseArgs } from 'node:util';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** What the demo was asked for. */
export type DemoOptions = {
  /** Packet engine of the relay, its own choice if null. */
  readonly engine: string | null;
  /** Length of the call. */
  readonly seconds: number;
  /** Directory for what was heard and for the event log; made if missing. */
  readonly output: string;
};

const DEFAULT_SECONDS = 5;
const SHORTEST_SECONDS = 0.1;
/** Sequence numbers must not wrap onto packets of the same call: 65536 packets are 21 minutes. */
const LONGEST_SECONDS = 600;
const DEFAULT_OUTPUT = 'demo-output';

export const DEMO_HELP = `usage: rtpbridge demo [options]

Starts the relay, lets two built-in phones call each other through it, and shows what became of every packet.
Ends with 0 only if all packets arrived and each phone heard exactly what the other one said.

  --engine NAME   packet engine of the relay: io_uring, epoll or dgram (default: the relay chooses)
  --seconds N     length of the call, ${SHORTEST_SECONDS} to ${LONGEST_SECONDS} (default: ${DEFAULT_SECONDS})
  --output DIR    where the recordings and the event log go (default: ${DEFAULT_OUTPUT})
  --help          print this text`;

/** Reads the arguments after `demo`. The error is one sentence. */
export function parseDemoOptions(argv: readonly string[]): Result<DemoOptions | 'help', string> {
  let values: { engine?: string; seconds?: string; output?: string; help?: boolean };
  try {
    values = parseArgs({
      args: [...argv],
      options: {
        engine: { type: 'string' },
        seconds: { type: 'string' },
        output: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return ok('help');
  const seconds = values.seconds === undefined ? DEFAULT_SECONDS : Number(values.seconds);
  if (!(seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS)) {
    return refuse(`--seconds ${values.seconds}: a number from ${SHORTEST_SECONDS} to ${LONGEST_SECONDS} expected`);
  }
  if (values.output === '') return refuse('--output "": a directory expected');
  return ok({ engine: values.engine ?? null, seconds, output: values.output ?? DEFAULT_OUTPUT });
}
