import type { Millis } from '../../../model/kernel/index.js';
import type { Counters } from '../../media/counters.js';
import type { NewRecord } from '../events/record.js';
import { type Session, talliesOf } from './session.js';

/** What the log is told of a session that a bug has ended. */
export function endByDefect(session: Session, at: Millis, counters: Counters): NewRecord {
  const closed = { type: 'SessionClosed', reason: 'defect', tally: talliesOf(session, counters), at } as const;
  const { call, session: number } = session;
  return { kind: 'step', at, call, session: number, command: { type: 'Close', reason: 'defect' }, events: [closed] };
}
