/** Mutations of where packets go, and from whom they are taken. */
import type { Mutation } from './mutation.js';

const SHARD = 'src/relay/session/shard.js';
const LATCH = 'src/media/stages/latch.js';
const COMPILE_PATH = 'src/relay/media/compilePath.js';
const REFUSED = 'what comes from a refused source is sent to nobody';
const RELAYED_TO = 'packets go to the other side, where signalling said or packets came from';
const RULED = 'whose packets are believed is what was asked for';
const LIVING = 'a socket, a copy and a fork belong to a session that lives';

export const OF_MEDIA: readonly Mutation[] = [
  {
    name: 'a refused packet is relayed',
    breaks: REFUSED,
    file: LATCH,
    find: 'return IGNORED;',
    replace: 'return NEXT;',
    tests: ['property/latching', 'property/relayedTo'],
  },
  {
    name: 'any source takes a confirmed stream over',
    breaks: REFUSED,
    file: LATCH,
    find: 'return this.#mayOverride(packet) ? this.#learn(packet, true) : REJECT;',
    replace: 'return this.#learn(packet, true);',
    tests: ['property/latching'],
  },
  {
    name: 'a source that goes on with the stream takes it over where one alone is believed',
    breaks: RULED,
    file: LATCH,
    find: 'if ((flags & ONE_SOURCE) !== 0)',
    replace: 'if (false)',
    tests: ['property/sourceRules'],
  },
  {
    name: 'who sends media takes nothing over though anybody may',
    breaks: RULED,
    file: LATCH,
    find: 'if ((flags & ANY_SOURCE) === 0)',
    replace: 'if (true)',
    tests: ['property/sourceRules'],
  },
  {
    name: 'two sources that both send take a stream from each other with every packet',
    breaks: RULED,
    file: LATCH,
    find: 'if (nowMs - this.#handedOverAtMs[row] < HANDOVER_PAUSE_MS)',
    replace: 'if (false)',
    tests: ['property/sourceRules'],
  },
  {
    name: 'the signalled source is not confirmed at once where one alone is believed',
    breaks: RULED,
    file: LATCH,
    find: 'return (this.#flags[row] & ONE_SOURCE) === 0;',
    replace: 'return true;',
    tests: ['property/sourceRules'],
  },
  {
    name: 'a stream may go on with another SSRC from elsewhere',
    breaks: REFUSED,
    file: LATCH,
    find: 'if (rtpSsrc(packet.bytes, packet.start) !== this.#latchSsrc[row])',
    replace: 'if (false)',
    tests: ['property/latching'],
  },
  {
    name: 'a stream may go on from elsewhere wherever it was',
    breaks: REFUSED,
    file: LATCH,
    find: '& 0xffff) > MAX_SEQUENCE_STEP)',
    replace: '& 0xffff) > 0xffff)',
    tests: ['property/latching'],
  },
  {
    name: 'an asymmetric side is accepted from any host',
    breaks: REFUSED,
    file: LATCH,
    find: 'if (!sameHost(packet.words, packet.source, this.remotes, at))',
    replace: 'if (false)',
    tests: ['property/latching', 'property/relayedTo'],
  },
  {
    name: 'a source that is accepted is not learned',
    breaks: REFUSED,
    file: 'src/relay/session/notices.js',
    find: '[judgement !== CONFIRM, judgement !== LEARN_UNLATCHED]',
    replace: '[false, judgement !== LEARN_UNLATCHED]',
    tests: ['property/latching', 'property/relayedTo'],
  },
  {
    name: 'a refused source is told to be the present one',
    breaks: REFUSED,
    file: LATCH,
    find: `if (judgement === ACCEPT)
            return NEXT;`,
    replace: `if (judgement === ACCEPT) {
            if (table.isRefusalNews(packet)) onRefused(packet);
            return NEXT;
        }`,
    tests: ['property/relayedTo'],
  },
  {
    name: 'RTCP goes where RTP goes',
    breaks: RELAYED_TO,
    file: COMPILE_PATH,
    find: 'const remote = leg[COMPONENTS[component]];',
    replace: 'const remote = leg.rtp;',
    tests: ['property/latching', 'property/relayedTo'],
  },
  {
    name: 'packets are relayed before both legs are open',
    breaks: RELAYED_TO,
    file: COMPILE_PATH,
    find: 'const relaying = isComplete(state) && state.closed === null;',
    replace: 'const relaying = state.closed === null;',
    tests: ['property/latching'],
  },
  {
    name: 'packets go back to where they came from',
    breaks: RELAYED_TO,
    file: 'src/media/stages/relay.js',
    find: 'const peer = peerOf(packet.row) & rows;',
    replace: 'const peer = packet.row & rows;',
    tests: ['property/relayedTo'],
  },
  {
    name: 'an address that has moved is not told to the packet path',
    breaks: RELAYED_TO,
    file: 'model/session/chart.js',
    find: "RemoteLatched: { actions: ['record', 'installPath'] }",
    replace: "RemoteLatched: { actions: ['record'] }",
    tests: ['property/latching', 'property/relayedTo'],
  },
  {
    name: 'a copy outlives its session',
    breaks: LIVING,
    file: SHARD,
    find: 'this.copies.end(session);',
    replace: '',
    tests: ['property/relayedTo'],
  },
  {
    name: 'a session that has ended still hears another',
    breaks: LIVING,
    file: SHARD,
    find: 'this.forks.end(session);',
    replace: '',
    tests: ['property/relayedTo'],
  },
  {
    name: 'the next session in a slot is heard by who heard the last one',
    breaks: LIVING,
    file: 'src/media/plane.js',
    find: 'this.taps.clear(row);',
    replace: '',
    tests: ['property/relayedTo'],
  },
  {
    name: 'a copy that was stopped goes on',
    breaks: LIVING,
    file: 'src/relay/session/copies.js',
    find: 'plane.taps.remove(rowOf(session.slot, legIndexOf(side), i), line);',
    replace: '',
    tests: ['property/relayedTo'],
  },
  {
    name: 'RTCP of a copy goes to the RTP port',
    breaks: RELAYED_TO,
    file: 'src/relay/session/copies.js',
    find: 'port: udpPort((to.port + i) % 65_536)',
    replace: 'port: to.port',
    tests: ['property/relayedTo'],
  },
];
