import fc from 'fast-check';
import { otherSide, SIDES } from '../../model/session/side.js';
import type { Session } from '../../src/relay/session/session.js';
import type { PureRelay } from './pureRelay.js';
import { act as actPlainly, type Deed, stories } from './stories.js';
import type { TableRecorder } from './tableRecorder.js';

/** What happens to a relay besides what `stories` knows of: packets that fit the call, bad news of the network, and death. */
export type FullDeed =
  | Deed
  /** A side of one of the calls sends from where it said that it receives. */
  | { readonly kind: 'speak'; readonly call: number; readonly component: 0 | 1; readonly sequence: number }
  /** The network says that nobody receives what one of the sockets sends. */
  | { readonly kind: 'unreachable'; readonly socket: number }
  | { readonly kind: 'crash'; readonly keepsCounters: boolean; readonly downMs: number }
  /** The recorder says what it has to say; or it cannot write one of the recordings any more; or it dies and is told again. */
  | { readonly kind: 'recorder'; readonly what: 'speaks' | 'fails' | 'dies'; readonly which: number };

const CALLED = ['call-1@a', 'call-2@a'];
const TAGS = ['alice bob', 'bob alice', 'alice'];
/** Heads with what stands between Call-ID and tags, to and of either call and side. */
const each = (...parts: readonly (readonly [head: string, middle: string])[]): readonly string[] =>
  parts.flatMap(([head, middle]) => CALLED.flatMap((call) => TAGS.map((tags) => `${head} ${call}${middle} ${tags}`)));

const TARGETS = ['udp:192.0.2.77:7000', 'udp:192.0.2.78:7002', 'udp:[2001:db8::77]:7000', 'udp:2001:db8::78:7000'];
const COPIES = [
  ...TARGETS.flatMap((target) => each(['C', ` ${target}`], ['CP', ` ${target}`])),
  ...each(['C', ' udp:192.0.2.77'], ['N', ''], ['Na', '']),
];
const RECORDINGS = each(
  ...([
    ['R', ''],
    ['R', ''],
    ['Rs', ''],
    ['C', ' take-1'],
    ['Cs', ' take-1'],
    ['C', ' take-2'],
  ] as const),
  ...([
    ['N', ''],
    ['Na', ''],
  ] as const),
);
const PROMPTS = each(
  ...([
    ['P', ' hold 0'],
    ['P3', ' hold 8,0'],
    ['P-1', ' hold 3'],
    ['P', ' hold session'],
    ['P-1', ' quiet 97'],
  ] as const),
  ...([
    ['P', ' empty 0'],
    ['P', ' none 0'],
    ['P0', ' hold 0'],
    ['S', ''],
  ] as const),
);
/** Calls as they mostly are, so that most packets find one. */
const SIMPLE = ['call-1@a', 'call-2@a'].flatMap((call) => [
  `U ${call} 192.0.2.1 4000 alice bob`,
  `L ${call} 192.0.2.2 5000 alice bob`,
  `UA ${call} 192.0.2.1 4000 alice bob`,
  `U ${call} 192.0.2.9 9000 alice bob`,
]);
const FORKS = ['U call-1@a - 0 alice bob && C call-2@a alice bob', 'U call-2@a - 0 bob alice && C call-1@a bob alice'];

const say = (texts: readonly string[]): fc.Arbitrary<FullDeed> =>
  fc.record({ kind: fc.constant('say' as const), text: fc.constantFrom(...texts) });

const special: fc.Arbitrary<FullDeed> = fc.oneof(
  { weight: 4, arbitrary: say(SIMPLE) },
  { weight: 2, arbitrary: say(COPIES) },
  { weight: 3, arbitrary: say(RECORDINGS) },
  { weight: 3, arbitrary: say(PROMPTS) },
  { weight: 1, arbitrary: say(FORKS) },
  // As long as a packet of a prompt.
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 20, 20, 60) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('speak' as const),
      call: fc.nat(7),
      component: fc.constantFrom<0 | 1>(0, 0, 1),
      sequence: fc.nat(700),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unreachable' as const), socket: fc.nat(31) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('recorder' as const),
      what: fc.constantFrom('speaks' as const, 'speaks' as const, 'speaks' as const, 'fails' as const, 'dies' as const),
      which: fc.nat(7),
    }),
  },
);

/** Stories of `stories`, and between their deeds others. No death, unless asked for. */
export const fullStories: fc.Arbitrary<readonly FullDeed[]> = fc
  .tuple(stories, fc.array(special, { maxLength: 120, size: 'max' }))
  .map(([plain, others]) => {
    const deeds: FullDeed[] = [];
    for (let i = 0; i < Math.max(plain.length, others.length); i++)
      deeds.push(...others.slice(i, i + 1), ...plain.slice(i, i + 1));
    return deeds;
  });

const death: fc.Arbitrary<FullDeed> = fc.record({
  kind: fc.constant('crash' as const),
  keepsCounters: fc.boolean(),
  downMs: fc.constantFrom(0, 40, 5000),
});

/** The same, with a death or several. */
export const deadlyStories: fc.Arbitrary<readonly FullDeed[]> = fc
  .array(fc.tuple(fullStories, death), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.flatMap(([story, end]) => [...story.slice(0, 60), end]));

/** `recorder`: of a relay that has one. */
export function act(relay: PureRelay, deed: FullDeed, recorder: TableRecorder | null = null): void {
  if (deed.kind === 'crash') relay.crash(deed.keepsCounters, deed.downMs);
  else if (deed.kind === 'speak') speak(relay, deed);
  else if (deed.kind === 'recorder') {
    if (recorder !== null) actAsRecorder(relay, recorder, deed);
  } else if (deed.kind === 'unreachable') {
    const rows = [...relay.engine.bound.keys()];
    const row = rows[deed.socket % Math.max(1, rows.length)];
    if (row !== undefined) relay.shard.plane.onUnreachable(row);
  } else actPlainly(relay, deed);
}

function actAsRecorder(relay: PureRelay, recorder: TableRecorder, { what, which }: Extract<FullDeed, { kind: 'recorder' }>) {
  if (what === 'dies') {
    recorder.forget();
    relay.tell({ kind: 'recordAgain' });
    return;
  }
  const failing = [...recorder.open.values()][which];
  if (what === 'fails' && failing !== undefined) recorder.fail(failing);
  for (const notice of recorder.notices.splice(0)) relay.tell({ kind: 'recorder', notice });
}

function speak(relay: PureRelay, deed: Extract<FullDeed, { kind: 'speak' }>): void {
  const sessions: Session[] = [...relay.shard.directory.all()];
  const session = sessions[deed.call % Math.max(1, sessions.length)];
  const side = deed.call % 2 === 0 ? SIDES[0]! : otherSide(SIDES[0]!);
  if (session === undefined) return;
  const { local, rtp, rtcp } = session.snapshot.context.legs[side];
  const source = (deed.component === 0 ? rtp : rtcp).address;
  if (local === null || source === null) return;
  const socket = [...relay.engine.bound.values()].findIndex(({ port }) => port === local.port + deed.component);
  actPlainly(relay, { kind: 'packet', socket, source, ssrc: 1, sequence: deed.sequence });
}
