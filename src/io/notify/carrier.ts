/** The call that a notification is about, as the control commands name it. */
export type NotifyCall = { readonly callId: string; readonly fromTag: string; readonly toTag: string | null };

/** What a listener is told. `call`: the one that has ended; null where none has (a digit was pressed). */
export type Notice = { readonly line: string; readonly call: NotifyCall | null };

/** What became of one attempt. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** Another attempt may succeed. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** The listener said no, or cannot be told such a thing: the next attempt would end alike. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The way to one listener. Never throws and never rejects. */
export interface Carrier {
  /** One attempt, over after ATTEMPT_LIMIT_MS at the latest. The next one may begin when it is over. */
  deliver(notice: Notice): Promise<Delivery>;
  /** Ends the connection in order if nothing is under way; an attempt that is fails. Soon over. */
  close(): Promise<void>;
}

/** An attempt that takes longer has failed: the listener does not answer, or takes nothing any more. */
export const ATTEMPT_LIMIT_MS = 5_000;

export const DELIVERED: Delivery = { kind: 'delivered' };
export const failed = (reason: string): Delivery => ({ kind: 'failed', reason });
export const refused = (reason: string): Delivery => ({ kind: 'refused', reason });

/** `ECONNREFUSED`, or what the error says where it has no such name. */
export const reasonOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.message;
