/** Media of one session sent into another (`&& C`), both on one thread. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otherSide, SIDES, type Side } from '../../model/session/side.js';
import { NOTIFYING, type PureRelay } from '../property/pureRelay.js';
import type { Departure } from '../property/tableEngine.js';
import { goals, relayOf, Talk, textOf } from './pureTalk.js';

type Scene = { readonly relay: PureRelay; readonly source: Talk; readonly target: Talk };

function scene(relay = relayOf()): Scene {
  return { relay, source: new Talk(relay, 'source'), target: new Talk(relay, 'target') };
}

/** `U` of the target with `&& C` of the source, by these tags. */
const fork = ({ relay }: Pick<Scene, 'relay'>, tags = 'f t', target = 'target', source = 'source'): string =>
  relay.send(`U ${target} - 0 f t && C ${source} ${tags}`);
const DONE = /^\d+ 127\.0\.0\.1$/;

/** Who got a packet, sorted. */
const heard = (departures: readonly Departure[]): string[] => goals(departures).sort();
const places = (...texts: readonly string[]): string[] => [...texts].sort();

test('what a side of the source says is heard by its other side and, in the target, by the one the tags say', () => {
  // Named forward the callee of the source is heard by who speaks in the command, here the caller.
  const heardBy = { 'f t': { callee: 'caller', caller: 'callee' }, 't f': { caller: 'caller', callee: 'callee' } } as const;
  for (const [tags, listeners] of Object.entries(heardBy)) {
    const { relay, source, target } = scene();
    assert.match(fork({ relay }, tags), DONE);
    for (const side of SIDES) {
      const packet = source.nextRtp(side);
      const departures = source.speak(side, packet);
      assert.deepEqual(
        heard(departures),
        places(textOf(source.places[otherSide(side)]), textOf(target.places[listeners[side]])),
        `${tags} ${side}`,
      );
      for (const { bytes } of departures) assert.deepEqual(bytes, packet);
      const reports = heard(source.report(side));
      assert.deepEqual(
        reports,
        places(textOf(source.placeOf(otherSide(side), 'rtcp')), textOf(target.placeOf(listeners[side], 'rtcp'))),
      );
    }
  }
});

test('behind L, and behind a command of the callee, in and out are the other way round', () => {
  const { relay, source, target } = scene();
  assert.match(relay.send('U target - 0 t f && C source f t'), DONE);
  assert.deepEqual(heard(source.speak('callee')), places(textOf(source.places.caller), textOf(target.places.callee)));
  const turned = scene();
  assert.match(turned.relay.send('U target - 0 f t && L - 0 && C source f t'), / && \d+ 127\.0\.0\.1$/);
  assert.deepEqual(
    heard(turned.source.speak('callee')),
    places(textOf(turned.source.places.caller), textOf(turned.target.places.callee)),
  );
});

test('media of the target itself is not relayed any more, counted as dropped, and learned from all the same', () => {
  const { relay, source, target } = scene();
  fork({ relay });
  for (const side of SIDES) {
    assert.deepEqual(target.speak(side), []);
    assert.deepEqual(target.report(side), []);
  }
  assert.equal(relay.send('Q target f t'), '60 1 1 0 2');
  assert.equal(relay.send('G npkts_discard'), '4');
  const nat = { host: '198.51.100.77', port: target.places.caller.port };
  relay.arrive(relay.rowAt(target.ports.caller), nat, target.nextRtp('caller'));
  assert.deepEqual(goals(source.speak('callee')).includes(textOf(nat)), true);
});

test('the target lives on what it hears, and the source does not live on the target', () => {
  const { relay, source, target } = scene();
  fork({ relay });
  for (let i = 0; i < 10; i++) {
    source.speak('callee');
    relay.advance(20_000);
  }
  assert.equal(relay.send('Q target f t ttl'), '40');
  for (let i = 0; i < 2; i++) {
    target.speak('caller');
    relay.advance(20_000);
  }
  relay.advance(200);
  assert.equal(relay.send('Q source f t'), 'E50');
  assert.equal(relay.send('Q target f t'), 'E50', 'its own media keeps nothing alive: it is not relayed');
});

test('when the target ends the source goes on, and costs nothing any more', () => {
  for (const end of ['D target f', 'U target - 0 f t && D']) {
    const { relay, source } = scene();
    fork({ relay });
    relay.send(end);
    assert.deepEqual(heard(source.speak('callee')), [textOf(source.places.caller)]);
    for (let row = 0; row < 4; row++) assert.equal(relay.shard.plane.taps.isTapped(row), false);
  }
});

test('when the source ends the target stays, hears nothing, and is not given what comes in its place', () => {
  const { relay, target } = scene();
  fork({ relay });
  relay.send('D source f');
  const stranger = new Talk(relay, 'stranger');
  assert.deepEqual(heard(stranger.speak('callee')), [textOf(stranger.places.caller)]);
  assert.deepEqual(target.speak('caller'), []);
  assert.equal(relay.send('D target f'), '0');
  assert.deepEqual(heard(stranger.speak('callee')), [textOf(stranger.places.caller)]);
});

test('a source that has come again is heard again when it is asked for again', () => {
  const { relay, target } = scene();
  fork({ relay });
  relay.send('D source f');
  const again = new Talk(relay, 'source');
  assert.match(fork({ relay }), DONE);
  assert.deepEqual(heard(again.speak('callee')), places(textOf(again.places.caller), textOf(target.places.caller)));
});

test('new ports of source or target, and new addresses, change nothing of who hears whom', () => {
  const { relay, source, target } = scene();
  fork({ relay });
  source.ports.callee = Number.parseInt(relay.send('Un source - 0 f t'), 10);
  const renewed = Number.parseInt(relay.send('Ln target - 0 f t'), 10);
  relay.send('U target 198.51.100.5 4400 f t');
  const [own, forked] = source.speak('callee').sort((a, b) => a.row - b.row);
  assert.deepEqual([own!.to, forked!.from.port, forked!.to!.host], [source.places.caller, renewed, '198.51.100.5']);
  assert.equal(target.ports.caller === renewed, false);
});

test('asked for again it is the same fork, heard once; another source takes its place', () => {
  const { relay, source, target } = scene();
  const other = new Talk(relay, 'other');
  for (let i = 0; i < 3; i++) assert.match(fork({ relay }), DONE);
  assert.equal(source.speak('callee').length, 2);
  assert.match(fork({ relay }, 'f t', 'target', 'other'), DONE);
  assert.deepEqual(heard(source.speak('callee')), [textOf(source.places.caller)]);
  assert.deepEqual(heard(other.speak('callee')), places(textOf(other.places.caller), textOf(target.places.caller)));
  assert.equal(relay.records.flatMap(({ events }) => events).filter(({ type }) => type === 'ForkStarted').length, 2);
});

test('several sessions hear one source, each by its own port, and leave it one by one', () => {
  const { relay, source } = scene();
  const listeners = Array.from({ length: 5 }, (_, i) => new Talk(relay, `listener-${i}`));
  for (const { call } of listeners) fork({ relay }, 'f t', call);
  for (let left = 5; left >= 0; left--) {
    const expected = listeners.slice(5 - left).map(({ places: { caller } }) => textOf(caller));
    assert.deepEqual(heard(source.speak('callee')), places(textOf(source.places.caller), ...expected));
    if (left > 0) relay.send(`D ${listeners[5 - left]!.call} f`);
  }
});

test('forks go on from session to session, and two that hear each other are silent, not endless', () => {
  const { relay, source, target } = scene();
  const third = new Talk(relay, 'third');
  fork({ relay });
  fork({ relay }, 'f t', 'third', 'target');
  // What the target's caller is sent came in as if from its callee, who is whom the third one's caller hears.
  assert.deepEqual(
    heard(source.speak('callee')),
    places(textOf(source.places.caller), textOf(target.places.caller), textOf(third.places.caller)),
  );
  const mutual = scene();
  fork(mutual);
  fork(mutual, 'f t', 'source', 'target');
  for (const talk of [mutual.source, mutual.target]) for (const side of SIDES) assert.deepEqual(talk.speak(side), []);
});

test('a source that resizes is heard as it is resized', () => {
  const relay = relayOf();
  const source = new Talk(relay, 'source', { answer: 'z40' });
  const target = new Talk(relay, 'target');
  fork({ relay });
  assert.deepEqual(source.speak('callee'), []);
  const departures = source.speak('callee');
  assert.deepEqual(heard(departures), places(textOf(source.places.caller), textOf(target.places.caller)));
  for (const { bytes } of departures) assert.equal(bytes.length, 12 + 320);
});

test('-1 for what is not there, is the session itself, or has the wrong tags; the U itself is done', () => {
  const { relay, source } = scene();
  for (const sub of ['C nosuch f t', 'C source x y', 'C target f t', 'C target t f'])
    assert.match(relay.send(`U target - 0 f t && ${sub}`), /^\d+ 127\.0\.0\.1 && -1$/, sub);
  assert.match(relay.send('U fresh - 0 f t && C fresh f t'), /^\d+ 127\.0\.0\.1 && -1$/, 'not made yet when it was looked for');
  assert.equal(source.speak('callee').length, 1);
  for (const sub of ['C source f', 'Cx source f t', 'C source f t x'])
    assert.equal(relay.send(`U target - 0 f t && ${sub}`), 'E3', sub);
  assert.equal(relay.send('U target - 0 f && C source f t'), 'E3');
  assert.equal(relay.send('L target - 0 f t && C source f t'), 'E3');
  assert.equal(relay.send('Q target f t && C source f t'), 'E3');
});

test('each of several C is looked for by itself, and the last counts', () => {
  const { relay, source, target } = scene();
  const other = new Talk(relay, 'other');
  assert.match(relay.send('U target - 0 f t && C source f t && S ttl=30 && C other f t'), DONE);
  assert.equal(source.speak('callee').length, 1);
  assert.deepEqual(heard(other.speak('callee')), places(textOf(other.places.caller), textOf(target.places.caller)));
  assert.match(relay.send('U target - 0 f t && C source f t && C nosuch f t && C other f t'), / && 0 && -1$/);
  assert.equal(source.speak('callee').length, 2);
});

test('a target that waits for its answer hears the source from the answer on', () => {
  const relay = relayOf();
  const source = new Talk(relay, 'source');
  relay.send('U target 192.0.2.200 4000 f t && C source f t');
  assert.equal(source.speak('callee').length, 1);
  relay.send('L target 203.0.113.200 6000 f t');
  assert.deepEqual(heard(source.speak('callee')), places(textOf(source.places.caller), '192.0.2.200:4000'));
});

test('a source that waits for its answer is heard from the answer on', () => {
  const relay = relayOf();
  const target = new Talk(relay, 'target');
  relay.send('U source 192.0.2.200 4000 f');
  assert.match(fork({ relay }), DONE);
  const source = new Talk(relay, 'source');
  assert.ok(goals(source.speak('callee')).includes(textOf(target.places.caller)));
});

test('digits that the target is to tell are those that it hears', () => {
  const { relay, source } = scene(relayOf(NOTIFYING));
  relay.send('U target - 0 f t unix:/run/proxy T1 && M3:1 D1 && C source t f');
  const press = (side: Side): void => {
    for (const flags of [7, 0x87, 0x87]) {
      const packet = source.nextRtp(side, Uint8Array.of(5, flags, 0, 160), 101);
      packet.fill(0, 4, 8);
      source.speak(side, packet);
    }
  };
  // What the source's callee says comes into the target as if from its caller.
  press('callee');
  assert.deepEqual(
    relay.told.notifications.map(({ line }) => line),
    ['D1 5 7 160 0'],
  );
});

test('RTCP of the source is reported once, for the source', () => {
  const { relay, source } = scene(relayOf({ options: { reporting: true } }));
  fork({ relay });
  assert.equal(source.report('callee').length, 2);
  assert.deepEqual(
    relay.told.reports.map(({ callId }) => callId),
    ['source'],
  );
});
