/** Where legs stand: which network a command may choose, when it counts, and what a new port changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkWish } from '../../model/session/command.js';
import { legToOpen } from '../../model/session/decide/index.js';
import type { Network } from '../../model/session/network.js';
import { otherSide, SIDES, type Side } from '../../model/session/side.js';
import {
  address,
  COMPLETE,
  closed,
  codecs,
  given,
  INSIDE,
  latched,
  legOpened,
  OUTSIDE,
  offer,
  opened,
  openedIn,
  signal,
  signalled,
  stateAfter,
  type Told,
  taken,
} from './modelGiven.js';

const ELSEWHERE: Network = { host: '2001:db8::7', advertised: null };
const both = (network: Network): NetworkWish => ({ kind: 'both', network });
const each = (caller: Network, callee: Network | null): NetworkWish => ({ kind: 'each', caller, callee });
const chosen = (side: Side, network: Network): Told => ({ type: 'NetworkChosen', side, network });
const networkOf = (state: readonly Told[], command: Parameters<typeof legToOpen>[1]): string | undefined =>
  legToOpen(stateAfter(...state), command, INSIDE)?.network.host;

test('a new session stands where it is told: both legs in one network, each in its own, or where nothing is said', () => {
  const cases: readonly (readonly [NetworkWish, Network, Network])[] = [
    [null, INSIDE, INSIDE],
    [both(OUTSIDE), OUTSIDE, OUTSIDE],
    [each(INSIDE, OUTSIDE), INSIDE, OUTSIDE],
    [each(OUTSIDE, INSIDE), OUTSIDE, INSIDE],
    [each(OUTSIDE, OUTSIDE), OUTSIDE, OUTSIDE],
  ];
  for (const [networks, caller, callee] of cases) {
    const command = offer('192.0.2.1:4000', { networks });
    assert.equal(networkOf([], command), callee.host, 'the offer opens the leg that faces the callee');
    given().when(command).gives(openedIn(caller, callee), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000'));
  }
});

test('[KM-44] one letter alone is for the leg of the caller; the other one stands where nothing is said', () => {
  given()
    .when(offer(null, { networks: each(OUTSIDE, null) }))
    .gives(openedIn(OUTSIDE, INSIDE), legOpened('callee', 20_000));
});

test('[KM-45] the leg of the answer stands where the offer said, whatever pair of letters the answer repeats', () => {
  const offered = [openedIn(OUTSIDE, INSIDE), legOpened('callee', 20_000)];
  for (const networks of [null, each(INSIDE, INSIDE), each(INSIDE, OUTSIDE), each(INSIDE, null)]) {
    const command = signal('callee', null, { networks });
    assert.equal(networkOf(offered, command), OUTSIDE.host);
    given(...offered)
      .when(command, { sparePort: address('127.0.0.2:20000') })
      .gives({ type: 'LegOpened', side: 'caller', local: address('127.0.0.2:20000') });
  }
});

test('an address that the first answer names counts, and stays for ports that are opened later', () => {
  const offered = [opened(), legOpened('callee', 20_000)];
  const command = signal('callee', null, { networks: both(OUTSIDE) });
  assert.equal(networkOf(offered, command), OUTSIDE.host);
  const spare = { sparePort: address('127.0.0.2:20000') };
  const local = { type: 'LegOpened', side: 'caller', local: spare.sparePort } as const;
  given(...offered)
    .when(command, spare)
    .gives(chosen('caller', OUTSIDE), local);
  const again = signal('callee', null, { newPort: true });
  assert.equal(networkOf([...offered, chosen('caller', OUTSIDE), local], again), OUTSIDE.host);
});

test('a network that the leg stands in already is no news, whether or not the port is', () => {
  const offered = [opened(), legOpened('callee', 20_000)];
  given(...offered)
    .when(signal('callee', null, { networks: both(INSIDE) }))
    .gives(legOpened('caller', 20_000));
  given(...COMPLETE)
    .when(signal('callee', null, { networks: both(INSIDE), newPort: true }))
    .gives(legOpened('caller', 20_000));
});

test('an open leg stays where it is, whatever network is named, as long as no new port is asked for', () => {
  for (const networks of [both(OUTSIDE), each(OUTSIDE, OUTSIDE), each(OUTSIDE, null)]) {
    for (const side of SIDES) {
      const command = signal(side, null, { networks });
      assert.equal(legToOpen(stateAfter(...COMPLETE), command, INSIDE), null);
      given(...COMPLETE)
        .when(command)
        .givesNothing();
    }
  }
});

test('[PN-53] a new port is opened for the leg that faces the other side, and for that one only', () => {
  for (const side of SIDES) {
    const command = signal(side, null, { newPort: true });
    assert.deepEqual(legToOpen(stateAfter(...COMPLETE), command, INSIDE), { side: otherSide(side), network: INSIDE });
    given(...COMPLETE)
      .when(command)
      .gives(legOpened(otherSide(side), 20_000));
  }
});

test('[PN-53] a first port that is asked for as a new one is a first port', () => {
  given()
    .when(offer(null, { newPort: true }))
    .gives(opened(), legOpened('callee', 20_000));
  given(opened(), legOpened('callee', 20_000))
    .when(signal('callee', null, { newPort: true }))
    .gives(legOpened('caller', 20_000));
});

test('[PN-53] without a free port the old one stays, and nothing else of the command is done', () => {
  given(...COMPLETE)
    .when(signal('caller', '192.0.2.1:4000', { newPort: true, codecs: [0], reference: 'callee' }), { sparePort: null })
    .refuses('no-free-port');
});

test('[PN-53] a new port is opened in the network that is named, or (two letters) in the one of the second letter', () => {
  const cases: readonly (readonly [NetworkWish, Network])[] = [
    [both(OUTSIDE), OUTSIDE],
    [both(ELSEWHERE), ELSEWHERE],
    [each(INSIDE, OUTSIDE), OUTSIDE],
    [each(OUTSIDE, OUTSIDE), OUTSIDE],
  ];
  for (const side of SIDES) {
    const facing = otherSide(side);
    for (const [networks, network] of cases) {
      const command = signal(side, null, { newPort: true, networks });
      assert.equal(networkOf(COMPLETE, command), network.host, `${side} ${JSON.stringify(networks)}`);
      const sparePort = { ...address('192.0.2.9:20000'), host: network.host };
      given(...COMPLETE)
        .when(command, { sparePort })
        .gives(chosen(facing, network), { type: 'LegOpened', side: facing, local: sparePort });
    }
    // The second letter names where the leg stands already; one letter alone names nothing for a leg that exists.
    for (const networks of [each(OUTSIDE, INSIDE), each(OUTSIDE, null)])
      given(...COMPLETE)
        .when(signal(side, null, { newPort: true, networks }))
        .gives(legOpened(facing, 20_000));
  }
});

test('a new port leaves everything else of the leg as it was: remote, learned, codecs, references', () => {
  const talking = [
    ...COMPLETE,
    signalled('caller', '192.0.2.1:4000'),
    latched('caller', 'rtp', '198.51.100.1:7000', 'learned'),
    codecs('caller', 0, 8),
    taken('callee'),
  ];
  const before = stateAfter(...talking);
  const after = stateAfter(...talking, chosen('caller', OUTSIDE), legOpened('caller', 20_010));
  assert.deepEqual(after.legs.caller, { ...before.legs.caller, local: address('127.0.0.1:20010'), network: OUTSIDE });
  assert.deepEqual({ ...after, legs: null }, { ...before, legs: null });
  assert.deepEqual(after.legs.callee, before.legs.callee);
});

test('the order of what is told: reference, network, leg, then what was said of the side', () => {
  const command = signal('callee', '203.0.113.1:6000', { reference: 'caller', networks: both(OUTSIDE), newPort: true });
  given(...COMPLETE)
    .when(command)
    .gives(taken('caller'), chosen('caller', OUTSIDE), legOpened('caller', 20_000), signalled('callee', '203.0.113.1:6000'));
});

test('nothing is opened for a session that has ended', () => {
  const ended = [...COMPLETE, closed('deleted')];
  assert.equal(legToOpen(stateAfter(...ended), signal('caller', null, { newPort: true }), INSIDE), null);
});
