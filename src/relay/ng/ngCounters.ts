import type { ShardCounter } from '../../media/counters.js';
import type { NgCommand } from '../../protocol/ng/request.js';

/** What media threads count of the requests that come by sockets of their own. The main thread counts what it carries out, or has carried out, itself. */
export const NG_COUNTERS = {
  ping: 'ngPings',
  offer: 'ngOffers',
  answer: 'ngAnswers',
  rollback: 'ngRollbacks',
  delete: 'ngDeletes',
  query: 'ngQueries',
  'start recording': 'ngRecordingStarts',
  'stop recording': 'ngRecordingStops',
  'pause recording': 'ngRecordingPauses',
  'stop media': 'ngMediaStops',
  'play DTMF': 'ngKeys',
  'block media': 'ngMediaBlocks',
  'unblock media': 'ngMediaUnblocks',
  'silence media': 'ngSilences',
  'unsilence media': 'ngUnsilences',
  'block DTMF': 'ngDtmfBlocks',
  'unblock DTMF': 'ngDtmfUnblocks',
  'subscribe request': 'ngSubscribeRequests',
  'subscribe answer': 'ngSubscribeAnswers',
  unsubscribe: 'ngUnsubscribes',
} as const satisfies Partial<Record<NgCommand, ShardCounter>>;

/** Null: media threads do not carry it out. */
export const ngCounter = (command: NgCommand): ShardCounter | null =>
  (NG_COUNTERS as Readonly<Partial<Record<NgCommand, ShardCounter>>>)[command] ?? null;
