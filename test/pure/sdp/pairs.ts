import { ADDRESSES } from './addresses.js';
import { ASTERISK } from './asterisk.js';
import { BROWSERS } from './browsers.js';
import { CHROME } from './chrome.js';
import { CISCO } from './cisco.js';
import { FREESWITCH } from './freeswitch.js';
import { LINPHONE } from './linphone.js';
import type { Pair } from './sdpGiven.js';
import { SERVERS } from './servers.js';
import { TELEPHONES } from './telephones.js';

/** All of them. */
export const PAIRS: readonly Pair[] = [
  ...ADDRESSES,
  ...ASTERISK,
  ...BROWSERS,
  ...CHROME,
  ...CISCO,
  ...FREESWITCH,
  ...LINPHONE,
  ...SERVERS,
  ...TELEPHONES,
];
