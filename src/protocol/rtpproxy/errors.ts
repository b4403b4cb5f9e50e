/** Error codes of the protocol that we send: the whole vocabulary of the `E` replies. */
export const ERROR_CODES = {
  unknownCommand: 'E0',
  argumentCount: 'E1',
  modifiersNotTaken: 'E2',
  subcommand: 'E3',
  unreadable: 'E5',
  deleteModifier: 'E8',
  notifyTag: 'E10',
  externalModifier: 'E11',
  internalModifier: 'E12',
  codecList: 'E14',
  infoModifier: 'E18',
  queryModifier: 'E19',
  updateModifier: 'E35',
  noSuchFamily: 'E36',
  remoteAddress: 'E37',
  noSuchSession: 'E50',
  queryCounter: 'E62',
  noPortForLeg: 'E71',
  noPortForSession: 'E72',
  notifyNotPermitted: 'E75',
} as const;

export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES];
