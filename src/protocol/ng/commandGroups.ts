import { NG_COMMANDS, type NgCommand } from './request.js';

/** Which commands take a key or a flag. */
type Group = readonly NgCommand[];

export const EVERY: Group = NG_COMMANDS;
export const OFFER: Group = ['offer'];
export const SETUP: Group = ['offer', 'answer'];
export const DESCRIBED: Group = [...SETUP, 'subscribe request', 'subscribe answer'];
export const DELETE: Group = ['delete'];
export const RECORDING: Group = ['start recording', 'stop recording', 'pause recording'];
export const PLAY: Group = ['play media'];
export const PLAYING: Group = ['play media', 'stop media', 'play DTMF'];
export const PLAY_DTMF: Group = ['play DTMF'];
export const UNBLOCKING: Group = ['unblock media', 'unsilence media', 'unblock DTMF'];
export const BLOCK_DTMF: Group = ['block DTMF', 'unblock DTMF'];
export const BLOCKING: Group = ['block media', 'silence media', 'block DTMF', ...UNBLOCKING];
export const SUBSCRIBE: Group = ['subscribe request', 'subscribe answer'];
/** What is about parties of a call. */
export const CHOOSING: Group = [...BLOCKING, ...PLAYING, 'subscribe request'];
/** What is about a call. */
export const OF_CALL: Group = NG_COMMANDS.filter((command) => !['ping', 'list', 'statistics', 'events'].includes(command));
