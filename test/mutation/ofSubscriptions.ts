/** Mutations of copies that others are sent, and of keys. */
import type { Mutation } from './mutation.js';

const MODEL = ['property/subscriptions'];
const COPIES = ['pure/ngSubscribe'];
const KEYS = ['property/keys', 'pure/playersKeys'];
const COPIED = 'a subscriber hears what one side of a call sends, and lives as long as that';
const KEY_WHOLE = 'around a key a stream goes on in one row of numbers, and every key is sent whole';
const SUBSCRIPTIONS = 'src/relay/session/subscriptions.js';
const PLAYERS = 'src/media/player/players.js';
const QUEUED = 'src/media/player/keys.js';

const OF_COPIES: readonly Mutation[] = [
  {
    name: 'a subscription is given the media of any call',
    breaks: 'a subscription is sent the media of another call',
    file: 'model/session/decide/settings.js',
    find: 'if (isSubscription(state) && source.call !== state.call)',
    replace: 'if (false)',
    tests: MODEL,
  },
  {
    name: 'who speaks of a call may make it a subscription',
    breaks: 'a subscription has become a stream of a call, or that a subscription',
    file: 'model/session/decide/negotiate.js',
    find: 'const dialogue = subscribes === undefined ? rest : { ...rest, subscribes };',
    replace: 'const { dialogue } = command;',
    tests: MODEL,
  },
  {
    name: 'a copy outlives what it is a copy of',
    breaks: COPIED,
    file: SUBSCRIPTIONS,
    find: 'if (isSourceOf(source, session))',
    replace: 'if (false)',
    tests: COPIES,
  },
  {
    name: 'a copy ends of its own silence',
    breaks: COPIED,
    file: 'src/relay/session/lifetimes.js',
    find: 'if (source !== null)',
    replace: 'if (false)',
    tests: COPIES,
  },
  {
    name: 'a subscriber hears the caller, whoever was meant',
    breaks: COPIED,
    file: 'src/relay/control/ng/subscribing.js',
    find: 'isHeard ? dialogue.subscribes.side : null',
    replace: "isHeard ? 'caller' : null",
    tests: COPIES,
  },
  {
    name: 'a subscriber is taken for a party of the call',
    breaks: COPIED,
    file: 'src/relay/control/ng/participants.js',
    find: '!isSubscription(snapshot.context)',
    replace: 'true',
    tests: COPIES,
  },
  {
    name: 'the source of a copy is not heard again after a death',
    breaks: COPIED,
    file: SUBSCRIPTIONS,
    find: 'this.follow(session);',
    replace: ';',
    tests: COPIES,
  },
  {
    name: 'who answers that he wants nothing is sent it all the same',
    breaks: COPIED,
    file: 'src/relay/control/ng/subscribing.js',
    find: "const isHeard = isOffered && (direction === 'recvonly' || direction === 'sendrecv') && !legs.callee.held;",
    replace: 'const isHeard = isOffered;',
    tests: COPIES,
  },
];

const OF_KEYS: readonly Mutation[] = [
  {
    name: 'sound goes on within a key',
    breaks: KEY_WHOLE,
    file: QUEUED,
    find: 'return queue !== undefined && queue.press !== null && isRtp(bytes, start, length);',
    replace: 'return false;',
    tests: KEYS,
  },
  {
    name: 'behind a key the sender keeps its own numbers',
    breaks: KEY_WHOLE,
    file: PLAYERS,
    find: 'if (this.#takesUp({ row, ssrc: press.ssrc }))',
    replace: 'if (false)',
    tests: KEYS,
  },
  {
    name: 'the end of a key is sent twice',
    breaks: KEY_WHOLE,
    file: 'src/media/player/keyPress.js',
    find: 'const ENDS = 3;',
    replace: 'const ENDS = 2;',
    tests: KEYS,
  },
  {
    name: 'keys follow each other without a pause',
    breaks: KEY_WHOLE,
    file: QUEUED,
    find: 'this.#agenda.put(queue, nowMs + press.order.pauseMs);',
    replace: 'this.#agenda.put(queue, nowMs);',
    tests: ['pure/playersKeys'],
  },
  {
    name: 'a prompt that cuts a key short goes back to before it',
    breaks: KEY_WHOLE,
    file: PLAYERS,
    find: `if (held !== null)
            return held.next;`,
    replace: ';',
    tests: ['pure/playersKeys'],
  },
];

export const OF_SUBSCRIPTIONS: readonly Mutation[] = [...OF_COPIES, ...OF_KEYS];
