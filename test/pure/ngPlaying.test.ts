/** `play media` and `stop media`: who hears what for how long, and from where. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { Prompt } from '../../src/media/player/prompt.js';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { codecsKey, type NgPrompts } from '../../src/relay/control/ng/ngExecution.js';
import type { NgAssignment } from '../../src/relay/supervisor/messages.js';
import { NgDispatch, type NgWorld } from '../../src/relay/supervisor/ngDispatch.js';
import { address } from './modelGiven.js';
import { CALL } from './ngGiven.js';
import { ALICE, BOB, CAROL, MediaScene } from './ngMediaGiven.js';

/** So many packets of 20 ms, each of octets that tell its place. */
const soundOf = (packets: number, payloadType = 0): Prompt => ({
  payloadType,
  frames: Uint8Array.from({ length: packets * 160 }, (_, i) => Math.floor(i / 160)),
});
const THERE: NgPrompts = { name: '/prompts/hold', found: [[codecsKey([0, 8, 101]), soundOf(10)]] };

const play = (scene: MediaScene, more: NgDictionary = {}, prompts = THERE): NgDictionary =>
  JSON.parse(
    JSON.stringify(
      scene.relay.ng(
        { command: 'play media', 'call-id': CALL, 'from-tag': 'alice', file: '/prompts/hold', ...more },
        {},
        prompts,
      ),
    ),
  );

/** Which packets of the prompt each party hears meanwhile. */
function heard(scene: MediaScene, ms: number): Record<string, number[]> {
  scene.relay.engine.departures.length = 0;
  for (let passed = 0; passed < ms; passed += 5) scene.relay.advance(5);
  const all: Record<string, number[]> = {};
  for (const { to, bytes } of scene.relay.engine.departures.splice(0)) {
    const name = to?.port === address(ALICE).port ? 'alice' : to?.port === address(BOB).port ? 'bob' : 'other';
    all[name] = [...(all[name] ?? []), bytes[12]!];
  }
  return all;
}
const counted = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('the named party hears a prompt in the place of the other, who does not; its length is answered', () => {
  const scene = MediaScene.talking();
  deepEqual(play(scene), { result: 'ok', duration: 200 });
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), []);
  deepEqual(heard(scene, 400), { alice: counted(0, 10) });
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`]);
});

test('who copies the other party hears it while a prompt is heard in its place', () => {
  const scene = MediaScene.talking();
  scene.accept(scene.subscribe({ 'from-tag': 'bob' }));
  play(scene);
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${CAROL}`]);
  deepEqual(heard(scene, 400)['alice'], counted(0, 10));
});

test('every party, each in what it takes', () => {
  const scene = new MediaScene();
  scene.offer('192.0.2.1', 4000);
  const pcma = ['v=0', 'o=- 1 1 IN IP4 192.0.2.2', 's=-', 'c=IN IP4 192.0.2.2', 't=0 0', 'm=audio 5000 RTP/AVP 8', ''].join(
    '\r\n',
  );
  scene.answer('192.0.2.2', 5000, { sdp: pcma });
  const found: NgPrompts['found'] = [
    [codecsKey([0, 8, 101]), soundOf(3)],
    [codecsKey([8]), soundOf(5, 8)],
  ];
  deepEqual(play(scene, { 'from-tag': 'alice', all: 'all', label: 'x' })['result'], 'error');
  deepEqual(
    scene.relay.ng({ command: 'play media', 'call-id': CALL, all: 'all', file: 'x' }, {}, { name: 'x', found })['duration'],
    100,
  );
  deepEqual(heard(scene, 300), { alice: counted(0, 3), bob: counted(0, 5) });
});

test('as often as is said, for as long as is said, whichever is over first', () => {
  const cases: readonly (readonly [NgDictionary, number[]])[] = [
    [{ 'repeat-times': 2 }, [...counted(0, 10), ...counted(0, 10)]],
    [{ 'repeat-times': 0 }, counted(0, 10)],
    [{ 'repeat-duration': 300 }, [...counted(0, 10), ...counted(0, 5)]],
    [{ 'repeat-duration': 0 }, counted(0, 10)],
    [{ 'repeat-duration': 310 }, [...counted(0, 10), ...counted(0, 6)]],
    [{ 'repeat-duration': 300, 'repeat-times': 1 }, counted(0, 10)],
    [{ 'repeat-duration': 100, 'repeat-times': 9 }, counted(0, 5)],
    [{ 'start-pos': 7 }, counted(7, 10)],
    [{ 'start-pos': 7, 'repeat-times': 2 }, [...counted(7, 10), ...counted(0, 10)]],
    [{ 'start-pos': 7, 'repeat-duration': 100 }, [7, 8, 9, 0, 1]],
  ];
  for (const [more, expected] of cases) {
    const scene = MediaScene.talking();
    equal(play(scene, more)['result'], 'ok');
    deepEqual(heard(scene, 1000), { alice: expected }, JSON.stringify(more));
    deepEqual(scene.states[0]!.legs.caller.playback, null, 'and then it is over');
  }
});

test('who stops a prompt is told where it was, and it goes on there', () => {
  const scene = MediaScene.talking();
  const stop = (): NgDictionary => scene.ask({ command: 'stop media', 'from-tag': 'alice' });
  equal(stop()['error-reason'], 'Not currently playing media');
  play(scene, { 'repeat-times': 3 });
  deepEqual(heard(scene, 255), { alice: [...counted(0, 10), 0, 1, 2] });
  deepEqual(stop(), { result: 'ok', 'last-frame-pos': 3 });
  deepEqual(heard(scene, 100), {});
  play(scene, { 'start-pos': 3 });
  deepEqual(heard(scene, 500), { alice: counted(3, 10) });
});

test('what goes wrong is told', () => {
  const scene = MediaScene.talking();
  const reason = (more: NgDictionary, prompts = THERE): unknown => play(scene, more, prompts)['error-reason'];
  match(
    String(reason({}, { name: '/prompts/hold', found: [[codecsKey([0, 8, 101]), null]] })),
    /^Failed to start media playback from \/prompts\/hold: there is no such sound, .*payload types 0, 8, 101/,
  );
  match(String(reason({}, { name: '', found: [] })), /cannot be kept/);
  match(String(reason({ 'start-pos': 10 })), /start-pos=10 is behind its end, it has 10 packets/);
  equal(reason({ 'from-tag': 'nobody' }), 'From-tag given, but no such tag exists');
  equal(scene.ask({ command: 'play media', 'from-tag': 'alice' })['error-reason'], 'No media file specified');
  equal(scene.ask({ command: 'play media', file: 'x' })['error-reason'], 'No participant party specified');
});

for (const keepsCounters of [true, false]) {
  test(`a prompt goes on where it is by then after the death of the ${keepsCounters ? 'thread' : 'relay'}, and ends in time`, () => {
    const prompts = { find: (_: string, __: readonly number[], found: (prompt: Prompt) => void) => found(soundOf(10)) };
    const scene = MediaScene.talking({ prompts });
    play(scene, { 'start-pos': 5, 'repeat-duration': 400 });
    deepEqual(heard(scene, 95), { alice: counted(5, 10) });
    scene.relay.crash(keepsCounters, 105);
    deepEqual(heard(scene, 600), { alice: [...counted(6, 10), ...counted(0, 5)] });
  });
}

/** A dispatch to one shard that wants prompts for these codecs, and what it was given. */
function dispatchOf(world: Partial<NgWorld>) {
  const given: NgAssignment[] = [];
  const link = {
    ng: (assignment: NgAssignment, answer: (reply: string) => void) => {
      given.push(assignment);
      answer('d6:result2:oke');
    },
    ngCodecs: (_: NgAssignment, answer: (codecs: readonly (readonly number[])[]) => void) => answer([[0, 8], [8]]),
  };
  const nothing: NgWorld = {
    prompts: { find: (_, __, found) => found(null) },
    keepSound: (_, kept) => kept(null),
    attach: () => null,
    use: () => {},
    nowMs: () => 0,
  };
  return { dispatch: new NgDispatch([link as never], { ...nothing, ...world }), given };
}
const ORIGIN = {
  host: '127.0.0.1',
  local: '127.0.0.1',
  transport: 'udp',
  client: '127.0.0.1',
  identity: null,
  connection: null,
} as const;

test('a sound that comes with a request is kept, and found for each list of codecs; a file comes first', () => {
  const sought: unknown[] = [];
  const kept: string[] = [];
  const { dispatch, given } = dispatchOf({
    prompts: {
      find: (name, codecs, found) => {
        sought.push([name, codecs]);
        found(soundOf(1, codecs[0]));
      },
    },
    keepSound: (bytes, keep) => {
      kept.push(bytes);
      keep('/data/prompts/abc');
    },
  });
  const ask = (more: NgDictionary): void =>
    dispatch.handle(
      encodeBencode({ command: 'play media', 'call-id': CALL, 'from-tag': 'alice', ...more }),
      ORIGIN as never,
      () => {},
    );
  ask({ blob: 'RIFF\xff' });
  ask({ blob64: 'UklGRv8=' });
  deepEqual(kept, ['RIFF\xff', 'RIFF\xff']);
  deepEqual(
    sought,
    [...Array(2)].flatMap(() => [
      ['/data/prompts/abc', [0, 8]],
      ['/data/prompts/abc', [8]],
    ]),
  );
  deepEqual(
    given.map(({ prompts }) => [prompts.name, prompts.found.map(([key, prompt]) => [key, prompt?.payloadType])]),
    Array(2).fill([
      '/data/prompts/abc',
      [
        ['0,8', 0],
        ['8', 8],
      ],
    ]),
  );
  ask({ blob: 'RIFF', file: 'hello' });
  equal(given.at(-1)?.prompts.name, 'hello');
  equal(kept.length, 2);
});

test('a sound that cannot be kept is none', () => {
  const { dispatch, given } = dispatchOf({});
  dispatch.handle(encodeBencode({ command: 'play media', 'call-id': CALL, all: 'all', blob: 'x' }), ORIGIN as never, () => {});
  deepEqual(given[0]?.prompts, { name: '', found: [] });
});
