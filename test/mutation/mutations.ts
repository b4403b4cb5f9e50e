import type { Mutation } from './mutation.js';
import { OF_DIALOGUES } from './ofDialogues.js';
import { OF_LOG } from './ofLog.js';
import { OF_MEDIA } from './ofMedia.js';
import { OF_MODEL } from './ofModel.js';
import { OF_PORTS } from './ofPorts.js';
import { OF_RECORDING } from './ofRecording.js';
import { OF_RECOVERY } from './ofRecovery.js';
import { OF_SOUND } from './ofSound.js';
import { OF_SUBSCRIPTIONS } from './ofSubscriptions.js';

/** All mutations: of what a call is, of what carries it, of what is written down of it and takes it up again, of what is heard and kept of it, and of what its dialogues are. */
export const MUTATIONS: readonly Mutation[] = [
  ...OF_MODEL,
  ...OF_PORTS,
  ...OF_MEDIA,
  ...OF_LOG,
  ...OF_RECOVERY,
  ...OF_SOUND,
  ...OF_RECORDING,
  ...OF_SUBSCRIPTIONS,
  ...OF_DIALOGUES,
];
