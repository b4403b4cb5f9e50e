/** Error codes of the protocol that we send: the whole vocabulary of the `E` replies. */
export const ERROR_CODES = {
  unknownCommand: 'E0',
  argumentCount: 'E1',
  modifiersNotTaken: 'E2',
  /** Not taken by this command, not understood, or of a module that is not loaded. */
  subcommand: 'E3',
  unreadable: 'E5',
  /** `p` in R, or N with `a` and more. */
  recordModifierMisplaced: 'E6',
  /** Of R, C and N. */
  recordModifier: 'E7',
  deleteModifier: 'E8',
  statisticsModifier: 'E9',
  notifyTag: 'E10',
  externalModifier: 'E11',
  internalModifier: 'E12',
  resizeModifier: 'E13',
  codecList: 'E14',
  /** Behind `l`. */
  localAddress: 'E15',
  /** Behind `r`. */
  peerAddress: 'E16',
  playCount: 'E17',
  infoModifier: 'E18',
  queryModifier: 'E19',
  /** The answer of G would be longer than a reply may be. */
  statisticsOverflow: 'E25',
  /** The same of Q. */
  queryOverflow: 'E26',
  /** `l`: the label is unknown, or the address cannot be used. */
  noSuchLocal: 'E31',
  /** `r`: there is no way to that address. */
  noRoute: 'E32',
  /** Of U and L; also `session` in P where no codecs are known. */
  updateModifier: 'E35',
  noSuchFamily: 'E36',
  remoteAddress: 'E37',
  noSuchSession: 'E50',
  player: 'E60',
  queryCounter: 'E62',
  copy: 'E65',
  statisticsCounter: 'E68',
  noPortForLeg: 'E71',
  noPortForSession: 'E72',
  notifyNotPermitted: 'E75',
  overloaded: 'E98',
  /** No new session is taken any more, because the relay is about to end. */
  leaving: 'E99',
} as const;

export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES];
