import { Observable } from 'rxjs';
import type { EventHub } from '../events/hub.js';
import type { SnapshotRecord } from '../events/record.js';
import type { ToldStream } from '../events/told.js';

/** What happens to one Call-ID, its sessions that began before anybody listened included: `inspect` tells which these are. */
export const watchCall = (
  hub: EventHub,
  call: string,
  inspect: (call: string) => Promise<readonly SnapshotRecord[]>,
): ToldStream =>
  new Observable((subscriber) => {
    const subscription = hub.ofCall(call).subscribe(subscriber);
    // The hub learns whose a session is from its steps; those that are there already have made theirs.
    void inspect(call).then((sessions) => {
      for (const session of sessions) hub.learn(session);
    });
    return subscription;
  });
