// What compare.ts asks of the load generator, and what it answers: one request, one reply, over the IPC channel of a child process.

export type Transport = 'udp' | 'tcp';

/** What a client does again and again, one command after the other, as a SIP proxy would: ask, or set up a call, or also end it. */
export type Walk = 'V' | 'Q' | 'U+L' | 'U+L+D';

/** Sends control commands. The calls of `U+L` stay. */
export type ControlRequest = {
  readonly kind: 'control';
  readonly transport: Transport;
  /** Control port of the relay, on 127.0.0.1. */
  readonly port: number;
  readonly walk: Walk;
  /** How many walks, of all clients together. */
  readonly count: number;
  /** How many clients, each with one command under way. */
  readonly clients: number;
};

/** Sends packets through the calls that stand (or from one socket straight to the other) and measures what arrives. */
export type TrafficRequest = {
  readonly kind: 'traffic';
  /** Whether a relay is between the two sockets. */
  readonly path: 'relay' | 'direct';
  /** Packets a second, both directions together. */
  readonly pps: number;
  readonly seconds: number;
  /** Packets per sendmmsg call, 1…64. */
  readonly batch: number;
  /** Streams to pretend to in a direct run, two a call. */
  readonly directCalls: number;
};

/** What an NG client does again and again: ask for nothing, or offer, answer and delete, each when the one before is answered. */
export type NgWalk = 'ping' | 'call';

/** Sends NG requests over UDP. */
export type NgLoad = {
  /** NG port of the relay, on 127.0.0.1. */
  readonly port: number;
  readonly walk: NgWalk;
  /** How many walks, of all clients together. */
  readonly count: number;
  /** How many clients, each with one request under way. */
  readonly clients: number;
  /** Walks that are to begin a second; null: as fast as the answers come. */
  readonly perSecond: number | null;
};
export type NgLoadRequest = NgLoad & { readonly kind: 'ng' };

/** Asks what each stream heard in the last run of packets. */
export type GapsRequest = { readonly kind: 'gaps' };

/** Forgets the calls that stand: the relay is gone. */
export type ForgetRequest = { readonly kind: 'forget' };

export type Request = ControlRequest | NgLoadRequest | TrafficRequest | GapsRequest | ForgetRequest;

export type ControlResult = {
  /** Walks that came to their end. */
  readonly completed: number;
  readonly failed: number;
  /** What went wrong, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Completed walks per second. */
  readonly perSecond: number;
};

export type NgResult = ControlResult & {
  /** From when the first request of a walk was due (a paced walk may wait for a client) until its answer was read, µs. */
  readonly firstP50Us: number;
  readonly firstP99Us: number;
  /** From when the request was sent: without the wait for a free client. */
  readonly firstAnswerP99Us: number;
  readonly firstMaxUs: number;
  /** CPU of the generator, in percent of one core. */
  readonly generatorCpuPercent: number;
};

export type TrafficResult = {
  readonly sent: number;
  /** Packets that the kernel did not take from us: not the relay's loss. */
  readonly refused: number;
  /** Packets that came from the relay port of their own call. */
  readonly received: number;
  /** Packets from anywhere else: they count as lost. */
  readonly strays: number;
  /** Packets that came twice in a row: the second is not counted as received. */
  readonly repeated: number;
  /** Packets that did not follow the previous one of their stream: one was lost or overtaken. */
  readonly outOfOrder: number;
  readonly lossPercent: number;
  /** Packets a second that we really sent. */
  readonly offeredPps: number;
  /** From just before the sendmmsg call of the batch until the packet entered the queue of our socket (the kernel's stamp), µs. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** CPU of the generator while sending, in percent of one core. */
  readonly generatorCpuPercent: number;
};

/** What a stream heard, by the kernel's stamps; microseconds, times since the epoch. */
export type StreamGap = {
  readonly sent: number;
  readonly received: number;
  /** When the last packet came; not a number: none did (null, when it has been sent to another process). */
  readonly lastAtUs: number | null;
  /** The longest time between two packets. */
  readonly longestUs: number;
  /** The last silences longer than SILENCE_US, in no order: when each ended, and how long it was. */
  readonly silences: readonly { readonly endUs: number; readonly us: number }[];
};

/** A call that stands, and its streams: that of the caller, and that of the callee. */
export type CallGaps = { readonly call: string; readonly streams: readonly [StreamGap, StreamGap] };

export type Reply =
  | { readonly kind: 'control'; readonly result: ControlResult }
  | { readonly kind: 'ng'; readonly result: NgResult }
  | { readonly kind: 'traffic'; readonly result: TrafficResult }
  | { readonly kind: 'gaps'; readonly calls: readonly CallGaps[] }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'error'; readonly message: string };

/** The largest number of packets per system call, in both directions. */
export const MAX_BATCH = 64;
/** The largest number of calls that the generator can hold: two streams each, and a stream's number fits in 16 bits. */
export const MAX_CALLS = 32_768;
