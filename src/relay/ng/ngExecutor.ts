import type { NgOrigin } from './ngOrigin.js';

/**
 * Carries out NG requests on the media thread that holds their call. `payload`: what stands behind the cookie, one character a byte. The same
 * payload is asked about by `call`, `needsMain` and `execute` one after the other, so what was read of it is worth keeping until the next.
 */
export interface NgExecutor {
  /** The Call-ID that a request names; null: none, or it cannot be read. */
  call(payload: string): string | null;
  /** Whether only the main thread can see to it: it concerns the relay as a whole, or something must be found first. */
  needsMain(payload: string): boolean;
  /** Carries a request out and answers the payload of the answer, an error of the protocol where it cannot be. Never throws. */
  execute(payload: string, origin: NgOrigin): string;
}
