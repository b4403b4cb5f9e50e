/** Why a command was not carried out. Nothing has changed then. */
export const REFUSALS = {
  'no-such-session': 'No session with that Call-ID and tags.',
  'session-closed': 'The session has ended.',
  'no-free-port': 'No port pair is free for the leg that had to be opened.',
  'no-notification': 'Nobody is to be notified, so digits cannot be told to anybody.',
  'not-ipv4': 'The leg is not on IPv4, and only IPv4 packets have a TOS byte.',
  'own-media': 'A session cannot be given its own media.',
  subscription: 'A subscription is sent media of its own call, and of no other.',
  'already-recorded': 'It is recorded already, and is not to be recorded in one file as well.',
  defect: 'A bug in the relay; the session was ended and its last events are in the log.',
} as const;

export type Refusal = keyof typeof REFUSALS;
