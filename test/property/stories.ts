import fc from 'fast-check';
import { type Address, udpPort } from '../../model/kernel/index.js';
import { commandTexts } from '../../model/spec/histories.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import type { PureRelay } from './pureRelay.js';
import { address } from './sessionCommands.js';

/** What happens to a relay: commands, packets to one of its sockets, silence. */
export type Deed =
  | { readonly kind: 'say'; readonly text: string }
  | {
      readonly kind: 'packet';
      readonly socket: number;
      readonly source: Address;
      readonly ssrc: number;
      readonly sequence: number;
    }
  | { readonly kind: 'wait'; readonly ms: number };

/** The addresses that offers and answers name, so that some packets confirm them. */
const SIGNALLED = fc.constantFrom('192.0.2.1 4000', '192.0.2.2 5000').map((text): Address => {
  const [host = '', port] = text.split(' ');
  return { host, port: udpPort(Number(port)) };
});

/** What the oracle knows nothing of: settings of a session, and media of one led into another. */
const settings = fc
  .tuple(
    fc.constantFrom('U', 'Uz40', 'Uz10', 'Un', 'Ut20T30'),
    fc.constantFrom('call-1@a', 'call-2@a'),
    fc.constantFrom('', ' unix:/run/proxy T1', ' unix:/run/proxy T2', ' unix:/run/other T3'),
    fc.constantFrom('', 'S tos=8', 'Sr tos=9', 'M3:1 D1', 'M3:1 D2 96 h', 'C call-1@a alice bob', 'C call-2@a bob alice'),
  )
  .map(([head, call, notify, sub]) => `${head} ${call} - 1 alice bob${notify}${sub === '' ? '' : ` && ${sub}`}`);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('say' as const), text: commandTexts }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('say' as const), text: settings }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('packet' as const),
      socket: fc.nat(31),
      source: fc.oneof(SIGNALLED, address),
      ssrc: fc.constantFrom(1, 2),
      sequence: fc.nat(700),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 10, 10, 900, 900, 900, 2900, 10_900) }),
  },
);

export const stories = fc.array(deed, { maxLength: 120, size: 'max' });

/** Plays one deed. A packet goes to one of the sockets that are open, if there are any. */
export function act(relay: PureRelay, one: Deed): void {
  if (one.kind === 'say') relay.send(one.text);
  else if (one.kind === 'wait') relay.advance(one.ms);
  else {
    const rows = [...relay.engine.bound.keys()];
    const row = rows[one.socket % Math.max(1, rows.length)];
    if (row === undefined) return;
    const { sequence, ssrc } = one;
    relay.arrive(row, one.source, buildRtp({ payloadType: 0, marker: false, sequence, timestamp: 0, ssrc }, new Uint8Array(20)));
  }
}
