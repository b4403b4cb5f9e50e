/** What the relay does on a signal: take no new sessions and end with the last one, end at once, nothing. */
export type SignalAction = 'drain' | 'stop' | 'ignore';

/** The signals that the relay listens to; the manual tells of them. Others do what the system has them do. */
export const SIGNALS = {
  SIGHUP: 'drain',
  SIGINT: 'stop',
  SIGTERM: 'stop',
  SIGXCPU: 'stop',
  SIGXFSZ: 'stop',
  SIGVTALRM: 'stop',
  SIGPROF: 'stop',
  SIGUSR1: 'stop',
  SIGUSR2: 'stop',
  SIGPIPE: 'ignore',
} as const satisfies Record<string, SignalAction>;

export type SignalName = keyof typeof SIGNALS;

export const SIGNAL_NAMES = Object.keys(SIGNALS) as SignalName[];
