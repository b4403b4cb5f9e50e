import { setTimeout as pause } from 'node:timers/promises';
import { formatTarget, type NotifyTarget } from '../../../model/session/notify.js';
import type { Carrier, NotifyCall } from './carrier.js';
import { Outlet } from './outlet.js';
import { StreamCarrier } from './stream.js';
import { XmlRpcCarrier } from './xmlrpc.js';

/** Listeners at a time. Only a wildcard target can have so many: one for each control client. */
const MAX_LISTENERS = 256;
/** How long the end of the relay waits for what has not been delivered, milliseconds. */
const CLOSE_LIMIT_MS = 1_000;

/** Tells SIP servers what happens to their calls. */
export type Notifier = {
  /**
   * Hands a notification over, and returns at once. `line`: without line end, one character a byte. `call`: the call that has ended, for
   * targets that are asked to end it; null where none has.
   */
  readonly send: (target: NotifyTarget, line: string, call: NotifyCall | null) => void;
  /** Tries for a second to deliver what waits, then ends every connection. */
  readonly close: () => Promise<void>;
};

/**
 * Opens nothing yet: each listener gets its connection with the first line that is for it. `onWarning`: told of each line that was
 * given up, with its target and the reason.
 */
export function openNotifier(onWarning: (text: string) => void): Notifier {
  const outlets = new Map<string, Outlet>();
  let isClosed = false;

  function send(target: NotifyTarget, line: string, call: NotifyCall | null): void {
    if (isClosed) return;
    const name = formatTarget(target);
    const known = outlets.get(name);
    if (known === undefined && outlets.size >= MAX_LISTENERS && !closeOneOf(outlets)) {
      onWarning(`notify ${name}: ${JSON.stringify(line)} not delivered: ${MAX_LISTENERS} other listeners are being told things`);
      return;
    }
    const outlet = known ?? new Outlet(name, carrierTo(target), onWarning);
    // The one used last stands last.
    outlets.delete(name);
    outlets.set(name, outlet);
    outlet.send({ line, call });
  }

  async function close(): Promise<void> {
    isClosed = true;
    const delivered = new AbortController();
    const limit = pause(CLOSE_LIMIT_MS, undefined, { signal: delivered.signal }).catch(() => {});
    await Promise.all([...outlets.values()].map((outlet) => outlet.close(limit)));
    delivered.abort();
  }

  return { send, close };
}

/** Ends the connection that has not been used for longest, if there is one that nobody needs now. */
function closeOneOf(outlets: Map<string, Outlet>): boolean {
  for (const [name, outlet] of outlets) {
    if (!outlet.isIdle) continue;
    outlets.delete(name);
    void outlet.close(Promise.resolve());
    return true;
  }
  return false;
}

function carrierTo(target: NotifyTarget): Carrier {
  return target.kind === 'xmlrpc' ? new XmlRpcCarrier(target.url) : new StreamCarrier(target);
}
