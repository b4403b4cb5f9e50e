/**
 * What the shell does after an event. Names only: the chart gives them, the shell carries them out with the state as it then is, and
 * a replay drops them.
 */
export type Effect =
  /** Make the packet path of the session agree with its state. */
  | 'installPath'
  /** Give the sockets of the session the TOS its state says. */
  | 'setTos'
  /** Stop the player of a side that hears no prompt any more. */
  | 'followPlayback'
  /** Record what the state says, and where. */
  | 'followRecordings'
  /** (Re)start the idle timer. */
  | 'armIdleTimer'
  /** Tell whoever asked for it that the session timed out. */
  | 'notifyTimeout'
  /** Close every socket, cancel the timer, forget the session. */
  | 'releaseSession';
