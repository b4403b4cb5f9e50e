/** A worker of jobs whose fate stands where an ordinary job has the path of a file. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '../../src/io/jobs/jobs.js';

export default async function work({ order }: Job): Promise<unknown> {
  const fate = Buffer.from(order.path).toString();
  if (fate === 'throw') throw new Error('a bug');
  if (fate === 'exit') process.exit(3);
  if (fate === 'crash') setImmediate(() => JSON.parse('{'));
  await delay(fate === 'slow' || fate === 'crash' ? 60_000 : 0);
  return { ok: true, value: { kind: 'noCodec' } };
}
