/** Commands of a session that has a dialogue, as sensible as they happen to be. */
import fc from 'fast-check';
import { callId } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { Dialogue, MediaOffer } from '../../model/session/dialogue.js';
import { DIRECTIONS, SOURCE_RULES } from '../../model/session/dialogue.js';
import { SIDES } from '../../model/session/side.js';
import { MUTES } from '../../model/session/state.js';
import { address } from './sessionCommands.js';

const side = fc.constantFrom(...SIDES);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

export const DIALOGUE: Dialogue = {
  ...{ tags: { caller: 'alice', callee: null }, branch: 'b1', media: 1, labels: { caller: null, callee: null } },
  ...{
    networks: { caller: 'in', callee: 'out' },
    origins: { caller: null, callee: null },
    owner: null,
    demux: false,
    metadata: null,
  },
};

const offer: fc.Arbitrary<MediaOffer> = fc.record({
  address: optional(address),
  rtcp: fc.option(address, { nil: null, freq: 3 }),
  held: fc.boolean(),
  asymmetric: fc.boolean(),
  sources: fc.constantFrom(null, null, ...SOURCE_RULES),
  reset: fc.boolean(),
  newPorts: fc.boolean(),
  description: fc.record({
    kind: fc.constantFrom('audio', 'image'),
    protocol: fc.constantFrom('RTP/AVP', 'udptl'),
    formats: fc.constantFrom([], [{ payloadType: 0, name: 'PCMU/8000', fmtp: null }]),
    direction: fc.constantFrom(...DIRECTIONS),
    rtcpMux: fc.boolean(),
    ptimeMs: fc.constantFrom(null, 20),
  }),
});

type Negotiate = Extract<SessionCommand, { type: 'Negotiate' }>;
const OTHER = { kind: 'both', network: { host: '2001:db8::7', advertised: null } } as const;

export const negotiate: fc.Arbitrary<Negotiate> = fc
  .record({
    kind: fc.constantFrom('offer' as const, 'answer' as const),
    side,
    offer,
    within: fc.boolean(),
    tag: fc.constantFrom('alice', 'bob', 'carol'),
    // Another place for the leg of who offered, whose family has changed.
    networks: fc.constantFrom(null, null, null, OTHER),
  })
  .map(({ tag, ...said }) => ({
    ...{ type: 'Negotiate', ...said, tag: said.kind === 'answer' ? tag : null, notify: 'keep' },
    opening: { call: callId('call@a'), tag: 'alice;1', dialogue: DIALOGUE },
  }));

/** A history that begins with one of these has a dialogue. */
export const opening: fc.Arbitrary<Negotiate> = negotiate.map((command) => ({
  ...command,
  kind: 'offer',
  side: 'caller',
  tag: null,
}));

export const dialogueCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 8, arbitrary: negotiate },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('Withdraw' as const), side: optional(side) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('SetMute' as const), side, mute: fc.constantFrom(...MUTES), on: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('Delete' as const),
      delayMs: fc.constantFrom(5000, 5000, 20_000, 0),
      unlessHeard: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('SetDialogue' as const),
      dialogue: fc.constantFrom(DIALOGUE, { ...DIALOGUE, metadata: 'k:v' }),
    }),
  },
);
