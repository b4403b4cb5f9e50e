import type { Result } from '../../kernel/index.js';
import type { SessionEvent } from '../event.js';
import type { Refusal } from '../refusal.js';

/** What a command makes of a session: events, or why it is refused. */
export type Decision = Result<readonly SessionEvent[], Refusal>;
