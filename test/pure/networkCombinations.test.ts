/** Whatever is said of networks, by NG and by the classic protocol: where the legs come to stand, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIDES } from '../../model/session/side.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import { type NetworkTable, networkOfEnd } from '../../src/relay/networks/table.js';
import type { NamedNetwork } from '../../src/relay/settings/settings.js';
import { HOST, PureRelay, settingOf } from '../property/pureRelay.js';
import { NgScene } from './ngGiven.js';

const network = (name: string, ...hosts: readonly string[]): NamedNetwork => ({
  ...{ name, addresses: hosts.map((host) => ({ host, advertised: null })), ports: null },
  policy: { latching: null, tos: null },
});

/** `lan` has IPv4, `wan` both families, `six` IPv6; the first one is the default. `internal`, `external`: what `i` and `e` mean. */
function tableOf(internal = 'lan', external = 'wan', more: readonly NamedNetwork[] = []): NetworkTable {
  const networks = [network('lan', '127.0.0.1'), network('wan', '127.0.0.2', '::2'), network('six', '::6'), ...more];
  const settings = { networks, bridge: { internal, external }, standard: null };
  const merged = mergeNetworks({ given: null, named: [], settings });
  assert.ok(merged.ok, merged.ok ? '' : merged.error);
  return merged.value;
}

const V4 = '192.0.2.1';
const V6 = '2001:db8::1';
const LAN = '127.0.0.1';
const WAN = '127.0.0.2';
const UNKNOWN = 'no network is called moon: there are lan, wan, six';

const standsIn = (scene: NgScene): string =>
  scene.states.map(({ legs }) => SIDES.map((side) => legs[side].local?.host ?? '-').join(' ')).join('; ');

/** What the first offer says, the family of who offers; where the legs stand then (`CALLER CALLEE`), or the error. */
const OFFERS: readonly (readonly [said: NgDictionary, from: string, stands: string])[] = [
  [{}, V4, `${LAN} ${LAN}`],
  [{ direction: ['lan', 'wan'] }, V4, `${LAN} ${WAN}`],
  [{ direction: ['wan', 'lan'] }, V4, `${WAN} ${LAN}`],
  // The same network twice.
  [{ direction: ['lan', 'lan'] }, V4, `${LAN} ${LAN}`],
  [{ direction: ['wan', 'wan'] }, V6, '::2 ::2'],
  [{ direction: ['six', 'six'] }, V6, '::6 ::6'],
  // One name, three, none, and empty ones, which keep their places.
  [{ direction: ['wan'] }, V4, `${WAN} ${LAN}`],
  [{ direction: 'wan' }, V4, `${WAN} ${LAN}`],
  [{ direction: ['lan', 'wan', 'six'] }, V4, `${LAN} ${WAN}`],
  [{ direction: [] }, V4, `${LAN} ${LAN}`],
  [{ direction: ['', 'wan'] }, V4, `${LAN} ${WAN}`],
  [{ direction: ', wan' }, V4, `${LAN} ${WAN}`],
  [{ direction: ['wan', ''] }, V4, `${WAN} ${LAN}`],
  // Other ways to say it; what is said last counts.
  [{ interface: ['lan', 'wan'] }, V4, `${LAN} ${WAN}`],
  [{ 'from-interface': 'wan' }, V4, `${WAN} ${LAN}`],
  [{ 'to-interface': 'wan' }, V4, `${LAN} ${WAN}`],
  [{ direction: ['lan', 'wan'], 'from-interface': 'wan' }, V4, `${WAN} ${WAN}`],
  [{ 'rtpp-flags': 'direction=lan direction=wan direction=six' }, V4, `${LAN} ${WAN}`],
  [{ direction: ['lan', 'wan'], 'outbound-peer': LAN }, V4, `${LAN} ${WAN}`],
  // Names that nobody has.
  [{ direction: ['lan', 'moon'] }, V4, UNKNOWN],
  [{ direction: ['moon', 'lan'] }, V4, UNKNOWN],
  [{ direction: ['moon'] }, V4, UNKNOWN],
  [{ 'to-interface': 'moon' }, V4, UNKNOWN],
  [{ direction: ['LAN', 'wan'] }, V4, UNKNOWN.replace('moon', 'LAN')],
  [{ flags: ['internal', 'external'] }, V4, UNKNOWN.replace('moon', 'internal')],
  // Families: who offers gets its own, the other side the same where its network has it, or the one that is asked for.
  [{ direction: ['lan', 'six'] }, V4, `${LAN} ::6`],
  [{ direction: ['wan', 'lan'] }, V6, `::2 ${LAN}`],
  [{ direction: ['wan', 'wan'], 'address-family': 'IP6' }, V4, `${WAN} ::2`],
  [{ 'address-family': 'IP6' }, V4, `${LAN} ::6`],
  [{}, V6, '::6 ::6'],
  [{ direction: ['six', 'lan'] }, V4, 'network six has no IPv4 address'],
  [{ direction: ['lan', 'lan'] }, V6, 'network lan has no IPv6 address'],
  [{ direction: ['lan', 'six'], 'address-family': 'IP4' }, V4, 'network six has no IPv4 address'],
  [{ direction: ['lan', 'lan'], 'address-family': 'IP6' }, V4, 'network lan has no IPv6 address'],
  [{ direction: ['wan', 'lan'], 'address-family': 'IP6' }, V6, 'network lan has no IPv6 address'],
];

for (const [said, from, stands] of OFFERS) {
  test(`[NG-25] offer from ${from} with ${JSON.stringify(said)}: ${stands}`, () => {
    const scene = new NgScene({ setting: { networks: tableOf() }, routeTo: () => LAN });
    const offered = scene.offer(from, 4000, said);
    scene.answer('192.0.2.2', 5000);
    assert.equal(offered['error-reason'] ?? standsIn(scene), stands);
    if (offered['result'] !== 'ok') assert.deepEqual([scene.states.length, scene.relay.heldPairs()], [0, 0]);
  });
}

test('[NG-25] what answers and later offers say of networks is not looked at: a dialogue stays where it began', () => {
  for (const said of [
    { direction: ['lan', 'wan'] },
    { direction: ['six', 'moon'] },
    { 'to-interface': 'six' },
    { 'address-family': 'IP6' },
  ]) {
    const scene = new NgScene({ setting: { networks: tableOf() } });
    scene.offer(V4, 4000, { direction: ['lan', 'wan'] });
    const replies = [
      scene.answer('192.0.2.2', 5000, said),
      scene.reoffer(V4, 4000, said),
      scene.reanswer('192.0.2.2', 5000, said),
      scene.reoffer('192.0.2.2', 5000, said, 'bob'),
      scene.reanswer(V4, 4000, said, 'bob'),
    ];
    assert.deepEqual(new Set(replies.map(({ result }) => result)), new Set(['ok']));
    assert.equal(standsIn(scene), `${LAN} ${WAN}`, JSON.stringify(said));
    assert.deepEqual(scene.state.dialogue?.networks, { caller: 'lan', callee: 'wan' });
  }
});

/** Letters of U and of L, what `i` and `e` mean, the same by `direction`; where the legs stand, or what U answers. */
const CLASSIC: readonly (readonly [
  u: string,
  l: string,
  bridge: readonly [string, string],
  direction: NgDictionary,
  stands: string,
])[] = [
  ['ie', '', ['lan', 'wan'], { direction: ['lan', 'wan'] }, `${LAN} ${WAN}`],
  ['ei', '', ['lan', 'wan'], { direction: ['wan', 'lan'] }, `${WAN} ${LAN}`],
  ['ie', '', ['wan', 'lan'], { direction: ['wan', 'lan'] }, `${WAN} ${LAN}`],
  ['ii', '', ['lan', 'wan'], { direction: ['lan', 'lan'] }, `${LAN} ${LAN}`],
  ['ee', '', ['lan', 'wan'], { direction: ['wan', 'wan'] }, `${WAN} ${WAN}`],
  ['ie', '', ['wan', 'wan'], { direction: ['wan', 'wan'] }, `${WAN} ${WAN}`],
  ['ei', '', ['wan', 'wan'], { direction: ['wan', 'wan'] }, `${WAN} ${WAN}`],
  ['e', '', ['lan', 'wan'], { direction: ['wan', 'lan'] }, `${WAN} ${LAN}`],
  // Where nothing is asked, and no default is set, both stand on the internal network.
  ['', '', ['wan', 'lan'], {}, `${WAN} ${WAN}`],
  ['l{wan}', '', ['lan', 'wan'], { direction: ['wan', 'wan'] }, `${WAN} ${WAN}`],
  // The port that L answers is the one for the caller.
  ['l{lan}', 'l{wan}', ['lan', 'wan'], { direction: ['wan', 'lan'] }, `${WAN} ${LAN}`],
  ['l{moon}', '', ['lan', 'wan'], { direction: ['moon', 'moon'] }, 'E31'],
];

for (const [u, l, [internal, external], direction, stands] of CLASSIC) {
  test(`U${u} and L${l} with i=${internal} and e=${external} are as ${JSON.stringify(direction)}: ${stands}`, () => {
    const networks = tableOf(internal, external);
    const relay = new PureRelay(settingOf(50, 10_000, 10_000), 1, {
      setting: { networks },
      grammar: { bridging: true, hasLabel: () => true },
    });
    const offered = relay.send(`U${u} c ${V4} 4000 f`);
    relay.send(`L${l} c 192.0.2.2 5000 f t`);
    const [session] = relay.shard.directory.ofCall('c');
    const legs = session?.snapshot.context.legs;
    assert.equal(legs === undefined ? offered : SIDES.map((side) => legs[side].local?.host).join(' '), stands);
    const scene = new NgScene({ setting: { networks } });
    scene.offer(V4, 4000, direction);
    scene.answer('192.0.2.2', 5000);
    if (!stands.startsWith('E')) assert.equal(standsIn(scene), stands);
    else assert.equal(scene.states.length, 0);
  });
}

test('of two networks on one address e means the one that was named, with the addresses of that', () => {
  const both = tableOf('lan', 'twin', [network('twin', HOST, '::9')]);
  assert.deepEqual([networkOfEnd(both, 'internal')?.name, networkOfEnd(both, 'external')?.name], ['lan', 'twin']);
  const relay = new PureRelay(settingOf(50, 10_000, 10_000), 1, { setting: { networks: both }, grammar: { bridging: true } });
  assert.match(relay.send(`U6e c ${V6} 4000 f`), /^\d+ 127\.0\.0\.1$|^\d+ ::9 6$/);
  const [session] = relay.shard.directory.ofCall('c');
  relay.send(`L c ${V4} 5000 f t`);
  assert.equal(session?.snapshot.context.legs.caller.network.host, '::9');
});
