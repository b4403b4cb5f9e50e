import { ReplyCache } from '../../relay/control/replyCache.js';
import type { NgHandler } from '../../relay/ng/ngOrigin.js';
import { clock } from '../clock.js';

/**
 * Requests that media threads have forwarded to the main thread. A thread knows what it has asked already; but one that takes the place of a
 * dead one does not, nor does another by which the same client comes then: what they forward again is not carried out again.
 */
export function forwardedOnce(handle: NgHandler): NgHandler {
  const replies = new ReplyCache();
  return (payload, origin, answer) => {
    const { from } = origin;
    const settle = from === undefined ? answer : replies.ask(from, clock(), answer);
    if (settle !== null) handle(payload, origin, settle);
  };
}
