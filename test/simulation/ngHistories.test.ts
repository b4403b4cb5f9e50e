/** NG requests over a network that loses, doubles and reorders them, to a relay that dies meanwhile, come to what they come to without all that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SIDES } from '../../model/session/side.js';
import type { SessionState } from '../../model/session/state.js';
import type { Death } from '../../model/spec/driver.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';
import type { Session } from '../../src/relay/session/session.js';
import { checkHistories } from '../property/check.js';
import { HOST, PureRelay, settingOf } from '../property/pureRelay.js';
import { placesIn, sdpOf } from '../pure/ngGiven.js';
import { NG, NgClient } from './simulatedNg.js';
import { SimulatedRelay } from './simulatedRelay.js';
import { SimulatedNetwork, SimulatedTime, type Weather } from './world.js';

const CALLS = 3;
const PAIRS = 150;
const TTL_MS = 20_000_000;
/** Within this time everything that dies serves again. */
const COMING_BACK_MS = 60_000;
/** Longer than the relay is in doubt whether a dialogue has ended. */
const DOUBT_MS = 60_000;
const MOST_DEADLY = 5;
const SETTING = settingOf(PAIRS, TTL_MS, TTL_MS);

type Ask = {
  readonly requests: readonly NgDictionary[];
  readonly deaths: readonly Death[];
};

const weather: fc.Arbitrary<Weather> = fc.record({
  lost: fc.constantFrom(0, 0.1, 0.3),
  duplicated: fc.constantFrom(0, 0.2, 0.5),
  shortestMs: fc.constantFrom(0, 5),
  longestMs: fc.constantFrom(5, 400),
});
type World = { readonly sky: Weather; readonly shards: number; readonly seed: number };
const world: fc.Arbitrary<World> = fc.record({ sky: weather, shards: fc.integer({ min: 1, max: 4 }), seed: fc.integer() });

const momentMs = fc.oneof({ weight: 4, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(1500) });
const downMs = fc.constantFrom(0, 1, 3, 40, 700);
const relayDeath = fc.record({ who: fc.constant<Death['who']>('relay'), afterMs: momentMs, downMs });
/** One over which two threads die is given up. */
const threadDeath = fc.record({ who: fc.nat(3).map((shard): Death['who'] => shard), afterMs: momentMs, downMs });
const deaths = fc.oneof(
  fc.tuple(relayDeath),
  fc.tuple(threadDeath),
  fc.tuple(relayDeath, threadDeath),
  fc.tuple(relayDeath, relayDeath),
);

const port = fc.nat(50).map((n) => 4000 + 2 * n);
const sdp = fc
  .record({ audio: port, video: fc.option(port, { freq: 3 }), held: fc.boolean() })
  .map(({ audio, video, held }) =>
    sdpOf('198.51.100.7', audio, [...(held ? ['a=sendonly'] : []), ...(video === null ? [] : [`m=video ${video} RTP/AVP 96`])]),
  );
const branch = fc.constantFrom<NgDictionary[]>({}, {}, { 'via-branch': 'z1' }, { 'via-branch': 'z2' });
const label = fc.constantFrom<NgDictionary[]>({}, {}, { label: 'agent' }, { metadata: 'm=1' });
const first = { 'from-tag': 'alice' };
const both = { 'from-tag': 'alice', 'to-tag': 'bob' };
const tags = fc.constantFrom<NgDictionary[]>(
  both,
  both,
  { 'from-tag': 'bob', 'to-tag': 'alice' },
  { 'from-tag': 'alice', 'to-tag': 'carol' },
);
const offered = fc.record({ who: fc.oneof(fc.constant<NgDictionary>(first), tags), sdp, branch, label });
const answered = fc.record({ who: tags, sdp, branch, label });
const MUTINGS = ['block media', 'unblock media', 'silence media', 'block DTMF', 'unblock DTMF'] as const;
const ending = fc.constantFrom<NgDictionary[]>(
  { command: 'rollback' },
  { command: 'delete' },
  { command: 'delete', 'sip-message-type': 'sip-reply' },
  { command: 'delete', 'delete-delay': 0 },
  { command: 'delete', 'delete-delay': 20 },
);
const request: fc.Arbitrary<NgDictionary> = fc.oneof(
  {
    weight: 6,
    arbitrary: offered.map(
      ({ who, sdp, branch, label }): NgDictionary => ({ command: 'offer', ...who, sdp, ...branch, ...label }),
    ),
  },
  {
    weight: 6,
    arbitrary: answered.map(
      ({ who, sdp, branch, label }): NgDictionary => ({ command: 'answer', ...who, sdp, ...branch, ...label }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(ending, fc.oneof(tags, fc.constant(first)), branch)
      .map(([how, who, via]): NgDictionary => ({ ...how, ...who, ...via })),
  },
  { weight: 2, arbitrary: fc.constant<NgDictionary>({ command: 'query' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...MUTINGS).map((command): NgDictionary => ({ command, ...first, flags: ['directional'] })),
  },
);
/** Of different calls, so that it does not matter which comes first. */
const requests = fc
  .uniqueArray(fc.tuple(fc.nat(CALLS - 1), request), { selector: ([call]) => call, minLength: 1, maxLength: CALLS })
  .map((all) => all.map(([call, each]): NgDictionary => ({ ...each, 'call-id': `call-${call}@example.net` })));
const ask = (mortal: boolean): fc.Arbitrary<Ask> =>
  fc.record({
    requests,
    deaths: mortal ? fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: deaths }) : fc.constant([]),
  });
const histories = (mortal: boolean): fc.Arbitrary<Ask[]> =>
  fc.array(ask(mortal), { minLength: 1, maxLength: 25 }).map((all) => {
    let deadly = 0;
    return all.map((each) => (each.deaths.length > 0 && deadly++ >= MOST_DEADLY ? { ...each, deaths: [] } : each));
  });

/** Ports, times and numbers of sessions are each relay's own; how often something was taken up, too. */
const OWN: ReadonlySet<string> = new Set([
  'created',
  'created_us',
  'last signal',
  'local port',
  'local',
  'recoveries',
  'session',
  'at',
  'since',
]);
/** Who has no tag yet is named by the number of the session. */
const UNTAGGED = /(<untagged )\d+/;
function bare(value: unknown, key = ''): unknown {
  if (OWN.has(key)) return value === null ? null : '*';
  if (typeof value === 'number' && value > 1_000_000_000) return '*';
  if (typeof value === 'string' && key === 'sdp') return value.replace(/^(m=\S+|a=rtcp:) ?\d+/gm, '$1 *');
  if (typeof value === 'string') return value.replace(UNTAGGED, '$1*');
  if (Array.isArray(value)) return value.map((each) => bare(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name.replace(UNTAGGED, '$1*'), bare(each, name)]));
}

const stateOf = ({ tag, snapshot }: Session): unknown => ({ tag, state: bare(snapshot) });

class Two {
  readonly time = new SimulatedTime(Date.UTC(2027, 1, 2));
  readonly simulated: SimulatedRelay;
  readonly pure = new PureRelay(SETTING);
  readonly client: NgClient;
  #toCome = 0;

  constructor({ sky, shards, seed }: World) {
    const network = new SimulatedNetwork(this.time, sky, seed);
    this.simulated = new SimulatedRelay(network, portRange(SETTING.first, SETTING.last + 1), shards, SETTING);
    this.client = new NgClient(network, 5000);
  }

  take({ requests, deaths }: Ask): void {
    for (const death of deaths) {
      this.#toCome++;
      this.time.after(death.afterMs, () => {
        this.#toCome--;
        this.simulated.die(death);
      });
    }
    const replies = this.client.askAll(requests);
    const expected = requests.map((request) =>
      this.pure.ng(request, { host: this.client.local.host, local: NG.host, client: this.client.local.host }),
    );
    for (const [i, reply] of replies.entries()) assert.deepEqual(bare(reply), bare(expected[i]), JSON.stringify(requests[i]));
    const isSettled = (): boolean => this.#toCome === 0 && this.simulated.isServing;
    if (!isSettled()) this.time.runUntilDone(isSettled, COMING_BACK_MS, 'coming back');
    if (requests.some(({ command }) => command === 'delete')) {
      this.time.runFor(DOUBT_MS);
      this.pure.advance(DOUBT_MS);
    }
    for (const request of requests) this.#compare(String(request['call-id']));
    for (const [i, reply] of replies.entries()) if (deaths.length === 0) this.#checkPorts(requests[i]!, reply);
  }

  #ofCall(call: string): readonly Session[] {
    return this.simulated.threads.flatMap(({ shard }) => [...shard.directory.ofCall(call)]);
  }

  #compare(call: string): void {
    assert.deepEqual(this.#ofCall(call).map(stateOf), [...this.pure.shard.directory.ofCall(call)].map(stateOf), call);
  }

  /** What is told stands open. */
  #checkPorts({ 'call-id': call, command }: NgDictionary, { result, sdp }: NgDictionary): void {
    if (result !== 'ok' || (command !== 'offer' && command !== 'answer')) return;
    const held = this.#ofCall(String(call)).flatMap(({ snapshot }) => SIDES.flatMap((side) => localOf(snapshot.context, side)));
    for (const place of placesIn(sdp)) if (!place.endsWith(':0')) assert.ok(held.includes(place), `${place} of ${call}: ${held}`);
  }
}

const localOf = ({ legs }: SessionState, side: (typeof SIDES)[number]): string[] => {
  const { local } = legs[side];
  return local === null ? [] : [`${HOST}:${local.port}`];
};

function play(where: World, history: readonly Ask[]): Two {
  const two = new Two(where);
  for (const each of history) two.take(each);
  assert.deepEqual(two.client.differing, []);
  assert.deepEqual(two.simulated.broken, []);
  assert.deepEqual(
    two.simulated.warnings.filter((warning) => warning.startsWith('defect')),
    [],
  );
  return two;
}

const FILE = 'simulation/ngHistories';

test('[NG-01] NG requests that are lost, doubled and overtaken come to what they come to where nothing is', async () => {
  let [repeated, asked] = [0, 0];
  await checkHistories({
    ...{ name: 'ng-simulated', file: FILE, runs: 150, limitMs: 40_000, world },
    histories: () => histories(false),
    play: (where, history) => {
      const { client } = play(where, history);
      asked += client.asked;
      repeated += client.sent - client.asked;
    },
  });
  if (asked > 0) assert.ok(repeated > 0, 'no request had to be repeated: the weather was too fair to show anything');
});

test('[NG-09] the same, where the relay and its threads die at any moment: each request is carried out once', async () => {
  await checkHistories({
    ...{ name: 'ng-simulated-mortal', file: FILE, runs: 200, limitMs: 40_000, world },
    histories: () => histories(true),
    play: (where, history) => {
      play(where, history);
    },
  });
});
