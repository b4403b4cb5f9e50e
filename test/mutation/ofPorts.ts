/** Mutations of who has which port, socket and slot. */
import type { Mutation } from './mutation.js';

const RULES = ['property/rules'];
const SHARD = 'src/relay/session/shard.js';
const LEG_SOCKETS = 'src/relay/session/legSockets.js';
const PORT_TABLE = 'src/relay/portalloc/portTable.js';
const LIVING = 'a socket, a copy and a fork belong to a session that lives';
const HOLDER = 'a pair has one holder, and is free when that has ended';

export const OF_PORTS: readonly Mutation[] = [
  {
    name: 'pairs are given out one port too high',
    breaks: 'the RTP port … of the … is odd',
    file: PORT_TABLE,
    find: 'const rtp = udpPort(this.range.first + index * 2);',
    replace: 'const rtp = udpPort(this.range.first + index * 2 + 1);',
    tests: RULES,
  },
  {
    name: 'a pair that another shard holds may be claimed',
    breaks: HOLDER,
    file: PORT_TABLE,
    find: 'if (!isFree(holder) || !this.#exchange(index, holder, this.#mark))',
    replace: 'if (Atomics.exchange(this.#holders, index, this.#mark) === this.#mark)',
    tests: ['property/portOrder', 'property/portsKept'],
  },
  {
    name: 'a pair whose sockets cannot be bound stays claimed',
    breaks: HOLDER,
    file: PORT_TABLE,
    find: "if (attempt !== 'opened')",
    replace: 'if (false)',
    tests: ['property/portOrder'],
  },
  {
    name: 'the pair that was given back last is the first to be had again',
    breaks: 'a pair that was given back is had again behind those that are free for longer',
    file: PORT_TABLE,
    find: 'if (age > greatestAge)',
    replace: 'if (oldest === null || age < greatestAge)',
    tests: ['property/portOrder'],
  },
  {
    name: 'how long a pair is free is not known once it was tried in vain',
    breaks: 'a pair that was given back is had again behind those that are free for longer',
    file: PORT_TABLE,
    find: 'Atomics.store(this.#holders, index, holder);',
    replace: 'Atomics.store(this.#holders, index, 0);',
    tests: ['property/portOrder'],
  },
  {
    name: 'whoever has a pair, anybody can give it back',
    breaks: HOLDER,
    file: PORT_TABLE,
    find: 'if (index === null || this.#holders[index] !== this.#mark)',
    replace: 'if (index === null)',
    tests: ['property/portsKept'],
  },
  {
    name: 'a leg that gets other sockets keeps the old pair',
    breaks: HOLDER,
    file: LEG_SOCKETS,
    find: 'this.#world.ports.of(old.host).release(old.port);',
    replace: '',
    tests: ['property/sockets'],
  },
  {
    name: 'the sockets of a leg close, and its pair is not given back',
    breaks: HOLDER,
    file: LEG_SOCKETS,
    find: 'table.release(local.port);',
    replace: '',
    tests: ['property/sockets', 'property/takenUp'],
  },
  {
    name: 'the end of a session closes one of its legs only',
    breaks: LIVING,
    file: SHARD,
    find: `if (local !== null)
                this.#sockets.close(slot, side, local, isSilent && tos === null && playback === null);
        }
        const wasAdmitted`,
    replace: `if (local !== null && side === 'caller')
                this.#sockets.close(slot, side, local, isSilent && tos === null && playback === null);
        }
        const wasAdmitted`,
    tests: [...RULES, 'property/relayedTo'],
  },
  {
    name: 'sockets that were bound for a refused command stay open',
    breaks: LIVING,
    file: SHARD,
    find: 'if (leg !== null && spare !== null)',
    replace: 'if (false)',
    tests: ['property/relayedTo'],
  },
  {
    name: 'a session that was never opened keeps its slot',
    breaks: LIVING,
    file: SHARD,
    find: 'this.#slots.give(target.slot);',
    replace: '{}',
    tests: ['property/relayedTo'],
  },
  {
    name: 'a number is given to one session after the other',
    breaks: 'session … is opened behind session …',
    file: SHARD,
    find: "this.counters.addToShard('lastSession', 1);",
    replace: '',
    tests: RULES,
  },
  {
    name: 'a bug leaves sockets open that were to take the place of others',
    breaks: 'a bug ends the call it happens in, with its sockets, and no other',
    file: LEG_SOCKETS,
    find: 'this.closeRows(boundIn);',
    replace: '',
    tests: ['property/sockets'],
  },
  {
    name: 'the timer that rang too early is not set again',
    breaks: 'a session ends when it has been silent for its time to live',
    file: SHARD,
    find: `if (this.#slots.at(slot) === session)
                this.#lifetimes.arm(session);`,
    replace: '',
    tests: ['property/timesToLive'],
  },
];
