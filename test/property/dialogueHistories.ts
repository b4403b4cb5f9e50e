/** Histories of what is offered, answered, rolled back and deleted, for the oracle and for the relay. */
import fc from 'fast-check';
import { HOLD, OFF, type Place, type Said } from '../../model/spec/referenceDialogue.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';

export const CALL = 'call-1@example.net';

export type Step = Said | { readonly verb: 'wait' } | { readonly verb: 'crash'; readonly keepsCounters: boolean };

export const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
export const one = <T>(...values: T[]) => fc.constantFrom(...values);

/** Mostly those of two parties; sometimes any. */
export const tags: fc.Arbitrary<readonly [string | null, string | null]> = fc.oneof(
  often(5, one(['alice', null] as const)),
  often(6, one(['alice', 'bob'] as const)),
  often(4, one(['bob', 'alice'] as const)),
  often(3, one(['alice', 'carol'] as const)),
  often(1, one(['carol', 'alice'], ['bob', null], ['carol', 'bob']) as fc.Arbitrary<[string, string | null]>),
);
export const anyTags = fc.oneof(
  often(8, tags),
  often(2, one([null, null], [null, 'bob'], ['eve', null], ['eve', 'alice']) as typeof tags),
);
const branch = fc.oneof(often(5, one(null)), often(4, one('b1', 'b2')), often(1, one('b9')));
const place: fc.Arbitrary<Place> = fc.oneof(
  often(8, one('192.0.2.1:4000', '192.0.2.2:5000', '192.0.2.3:6000', '192.0.2.1:4002')),
  often(2, one(HOLD)),
  often(2, one(OFF)),
);
const lines = fc.oneof(often(3, fc.tuple(place)), often(2, fc.tuple(place, place)));

/** The networks of whom is offered to; the first is that of who is not named. */
export const NETWORKS = ['lan', 'wan'] as const;
const network = fc.oneof(often(5, one(null)), often(2, one(...NETWORKS)));

export const described = (verb: 'offer' | 'answer', whose: typeof tags): fc.Arbitrary<Said> =>
  fc.tuple(whose, branch, lines, verb === 'offer' ? network : one(null)).map(([[from, to], via, said, into]) => ({
    ...{ verb, from, to, branch: via, lines: said, network: into, isReply: false },
  }));
const ending = (verb: 'rollback' | 'delete', whose: typeof tags): fc.Arbitrary<Said> =>
  fc
    .tuple(whose, branch, fc.boolean())
    .map(([[from, to], via, isReply]) => ({ verb, from, to, branch: via, lines: [], network: null, isReply }));

const step: fc.Arbitrary<Step> = fc.oneof(
  often(10, described('offer', tags)),
  often(
    10,
    described(
      'answer',
      tags.filter(([, to]) => to !== null),
    ),
  ),
  often(2, ending('rollback', tags)),
  often(4, ending('delete', anyTags)),
  often(1, one<Step>({ verb: 'wait' })),
  often(1, one<Step>({ verb: 'crash', keepsCounters: true }, { verb: 'crash', keepsCounters: false })),
);
export const histories = fc.array(step, { maxLength: 40, size: 'max' });

const KINDS = ['audio 0', 'video 31'];

function sdpOf(places: readonly Place[]): string {
  const sections = places.map((each, i) => {
    const [kind, format] = KINDS[i]!.split(' ');
    const [host, port] = each === HOLD ? ['0.0.0.0', '4000'] : each === OFF ? ['192.0.2.1', '0'] : each.split(':');
    return [`m=${kind} ${port} RTP/AVP ${format}`, `c=IN IP4 ${host}`];
  });
  return ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 't=0 0', ...sections.flat(), ''].join('\r\n');
}

export function requestOf({ verb, from, to, branch: via, lines: places, network: into, isReply }: Said): NgDictionary {
  return {
    ...{ command: verb, 'call-id': CALL },
    ...(from !== null && { 'from-tag': from }),
    ...(to !== null && { 'to-tag': to }),
    ...(via !== null && { 'via-branch': via }),
    ...(places.length > 0 && { sdp: sdpOf(places) }),
    ...(into !== null && { direction: [NETWORKS[0], into] }),
    ...(isReply && { 'sip-message-type': 'sip_reply' }),
  };
}
