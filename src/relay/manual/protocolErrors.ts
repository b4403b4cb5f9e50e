import type { ERROR_CODES } from '../../protocol/rtpproxy/errors.js';
import { MAX_SUBCOMMANDS, MAX_TOKENS } from '../../protocol/rtpproxy/tokens.js';

/** What each error code says to a client. */
export const ERROR_TEXTS: Readonly<Record<keyof typeof ERROR_CODES, string>> = {
  unknownCommand: 'There is no command of this letter.',
  argumentCount: 'The command has too few words, or too many.',
  modifiersNotTaken: 'The command takes no modifiers.',
  subcommand:
    'The command takes no sub-commands, or one of them cannot be read, or it is for a module that is not loaded. Nothing was carried out.',
  unreadable: `No command, an empty sub-command, a NUL byte, more than ${MAX_TOKENS} words, or more than ${MAX_SUBCOMMANDS} sub-commands.`,
  recordModifierMisplaced: 'The modifier p of R, or something behind the a of N.',
  recordModifier: 'R, C or N have no such modifier.',
  deleteModifier: 'D has no such modifier.',
  statisticsModifier: 'G has no such modifier.',
  notifyTag: 'NOTIFY-TAG holds a % without two hexadecimal digits behind it.',
  externalModifier: 'The modifier e: there is no bridge, or two letters came before it.',
  internalModifier: 'The same of the modifier i.',
  resizeModifier: 'The modifier z: what follows is no number from 1 to 999.',
  codecList: 'The modifier c: no payload types follow, or it stands there twice.',
  localAddress: 'The modifier l: no address and no label follows.',
  peerAddress: 'The modifier r: no address follows.',
  playCount: 'COUNT of P is no whole number.',
  infoModifier: 'I has no such modifier.',
  queryModifier: 'Q has no such modifier.',
  statisticsOverflow: 'The answer to G would be longer than a reply may be: ask for less at a time.',
  queryOverflow: 'The same of Q.',
  noSuchLocal: 'The modifier l: there is no such label, or the address is none.',
  noRoute: 'The modifier r: there is no way to that address, or it is none.',
  updateModifier:
    'U and L have no such modifier, or t or T stands there without seconds. Of P: the word session, and that side has named no payload types.',
  noSuchFamily: 'The modifier 6: the relay has no IPv6 address.',
  remoteAddress: 'ADDRESS is not numeric or of the other family, or PORT is no number.',
  noSuchSession:
    'There is no such session. Of R also: there is no -r, or the s comes too late. Of N also: there was nothing to end.',
  player: 'The prompt is not there for any of CODECS, or these are neither numbers nor the word session.',
  queryCounter: 'Q has no counter of this name.',
  copy: 'The copy cannot be made: behind udp: stand no numeric HOST and PORT, there is no way there, it leads back into the call itself, or no port is free. Of a recording: there is no -r, p was asked for, or the s comes too late.',
  statisticsCounter: 'G has no counter of this name.',
  noPortForLeg: 'No ports are free for another leg of a session. What it has it keeps.',
  noPortForSession: 'No ports are free for a new session.',
  notifyNotPermitted: 'A notification is asked for, and no -n permits any.',
  overloaded: 'No new session for now: the relay has too much to do (--overload_prot).',
  leaving: 'No new session any more: the relay is about to end.',
};
