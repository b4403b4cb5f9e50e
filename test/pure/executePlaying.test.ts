/** P and S: who hears a prompt, what that does to the call, and what is said where it cannot be had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Prompt } from '../../src/media/player/prompt.js';
import { rtpPayloadType, rtpSequence, rtpSsrc, rtpTimestamp } from '../../src/protocol/rtp/header.js';
import type { PureRelay } from '../property/pureRelay.js';
import type { Departure } from '../property/tableEngine.js';
import { goals, relayOf, Talk, textOf } from './pureTalk.js';

/** 100 ms of each codec there is. */
const PROMPTS: ReadonlyMap<number, Prompt> = new Map(
  (
    [
      [0, 800],
      [3, 165],
      [8, 800],
    ] as const
  ).map(([payloadType, bytes]) => [payloadType, { payloadType, frames: new Uint8Array(bytes).fill(payloadType + 1) }]),
);

function scene(letters: { readonly offer?: string; readonly answer?: string } = {}) {
  const asked: [string, readonly number[]][] = [];
  const prompts = {
    find: (name: string, payloadTypes: readonly number[], found: (prompt: Prompt | null) => void): void => {
      asked.push([name, payloadTypes]);
      const payloadType = name === '/prompts/hold' ? payloadTypes.find((each) => PROMPTS.has(each)) : undefined;
      found(PROMPTS.get(payloadType ?? -1) ?? null);
    },
  };
  const relay = relayOf({ prompts });
  return { asked, relay, talk: new Talk(relay, 'c', letters) };
}

/** What is sent in so many milliseconds. */
function hear(relay: PureRelay, ms: number): Departure[] {
  relay.engine.departures.length = 0;
  for (let passed = 0; passed < ms; passed += 10) relay.advance(10);
  return relay.engine.departures.splice(0);
}

test('[PN-03 KM-68] the side whose tag comes first hears the prompt, and not the other side; who speaks to it is not heard', () => {
  const { asked, relay, talk } = scene();
  assert.equal(relay.send('P1 c /prompts/hold 8,0 f t'), '0');
  assert.deepEqual(asked, [['/prompts/hold', [8, 0]]]);
  const sent = hear(relay, 60);
  assert.ok(sent.length >= 3);
  assert.deepEqual([...new Set(goals(sent))], [textOf(talk.places.caller)]);
  assert.equal(rtpPayloadType(sent[0]!.bytes, 0), 8);
  assert.deepEqual(talk.speak('callee'), []);
  assert.equal(talk.speak('caller').length, 1, 'the other way nothing changes');
  assert.equal(talk.report('callee').length, 1, 'nor for RTCP');
  assert.equal(relay.send('Q c f t ndropped'), '1');
});

test('[KM-70] P3 lasts three times as long as the prompt, and then the other side is heard again', () => {
  const { relay, talk } = scene();
  assert.equal(relay.send('P3 c /prompts/hold 0 t f'), '0');
  assert.equal(hear(relay, 1000).length, 15);
  assert.deepEqual(goals(talk.speak('caller')), [textOf(talk.places.callee)]);
  assert.equal(relay.shard.counters.shard('playersEnded'), 1);
  assert.equal(relay.send('Gv nplrs_created nplrs_destroyed npkts_played'), 'nplrs_created=1 nplrs_destroyed=1 npkts_played=15');
  assert.match(relay.send('I'), /packets transmitted: 16/);
});

test('[SY-15 KM-73] P-1 goes on until S, which stops one side and leaves the other', () => {
  const { relay, talk } = scene();
  assert.equal(relay.send('P-1 c /prompts/hold 0 f t'), '0');
  assert.equal(relay.send('P-1 c /prompts/hold 0 t f'), '0');
  const heard = hear(relay, 2000).length;
  assert.ok(heard >= 200 && heard <= 202, `${heard} packets`);
  assert.equal(relay.send('S c f t'), '0');
  assert.deepEqual([...new Set(goals(hear(relay, 100)))], [textOf(talk.places.callee)]);
  assert.equal(relay.send('P0 c /prompts/hold 0 t f'), '0');
  assert.deepEqual(hear(relay, 100), []);
  assert.equal(relay.send('S c f t'), '0', 'nothing plays: no error');
});

test('who hears a prompt does not hear the other session that it was given, either', () => {
  const { relay } = scene();
  const source = new Talk(relay, 'source');
  assert.match(relay.send('U c 192.0.2.200 4000 f t && C source f t'), /^\d+ \S+$/);
  assert.equal(source.speak('callee').length, 2, 'to the caller of its own call, and to that of the other');
  assert.equal(relay.send('P-1 c /prompts/hold 0 f t'), '0');
  assert.equal(relay.send('P-1 c /prompts/hold 0 t f'), '0');
  assert.equal(source.speak('callee').length, 1);
  assert.equal(source.speak('caller').length, 1);
  assert.equal(relay.send('S c f t'), '0');
  assert.equal(relay.send('S c t f'), '0');
  assert.equal(source.speak('callee').length, 2);
});

test('a prompt in the middle of a call goes on with the stream that was heard, and so does the stream behind it', () => {
  const { relay, talk } = scene();
  const before = talk.speak('caller')[0]!.bytes;
  relay.advance(20);
  assert.equal(relay.send('P1 c /prompts/hold 0 t f'), '0');
  const prompt = hear(relay, 200).map(({ bytes }) => bytes);
  for (let n = 0; n < 5; n++) talk.speak('caller');
  const after = talk.speak('caller')[0]!.bytes;
  const heard = [before, ...prompt, after];
  assert.deepEqual([...new Set(heard.map((bytes) => rtpSsrc(bytes, 0)))], [talk.ssrcs.caller]);
  const sequences = heard.map((bytes) => rtpSequence(bytes, 0));
  const first = sequences[0]!;
  assert.deepEqual(
    sequences.slice(0, -1),
    sequences.slice(0, -1).map((_, n) => first + n),
  );
  assert.ok(rtpTimestamp(prompt[0]!, 0) > rtpTimestamp(before, 0));
});

test('[KM-73] the stream that comes back after S takes the number behind the last one that was played', () => {
  const { relay, talk } = scene();
  talk.speak('caller');
  relay.advance(20);
  assert.equal(relay.send('P-1 c /prompts/hold 0 t f'), '0');
  const prompt = hear(relay, 100).map(({ bytes }) => rtpSequence(bytes, 0));
  assert.ok(prompt.length >= 5);
  talk.speak('caller');
  assert.equal(relay.send('S c t f'), '0');
  const after = [talk.speak('caller'), talk.speak('caller')].map(([packet]) => rtpSequence(packet!.bytes, 0));
  assert.deepEqual(after, [prompt.at(-1)! + 1, prompt.at(-1)! + 2]);
});

test('session means the payload types that were last said of that side, in packets as long as its z says', () => {
  const { asked, relay } = scene({ offer: 'c18,3' });
  assert.equal(relay.send('P1 c /prompts/hold session t f'), 'E35', 'nothing was said of the callee');
  assert.equal(relay.send('P1 c /prompts/hold session f t'), '0');
  assert.deepEqual(asked, [['/prompts/hold', [18, 3]]]);
  assert.equal(hear(relay, 200).length, 5);
});

test('what cannot be had is E60, a list with something else than numbers too, a call that is not there E50; what plays ends in any case', () => {
  const { asked, relay, talk } = scene();
  assert.equal(relay.send('P1 other /prompts/hold 0 f t'), 'E50');
  asked.length = 0;
  assert.equal(relay.send('P-1 c /prompts/hold 0 f t'), '0');
  assert.equal(relay.send('P1 c /prompts/none 0,8 f t'), 'E60');
  assert.deepEqual(hear(relay, 100), []);
  assert.equal(talk.speak('callee').length, 1);
  assert.equal(relay.send('P1 c /prompts/hold 0,x f t'), 'E60');
  assert.deepEqual(asked, [
    ['/prompts/hold', [0]],
    ['/prompts/none', [0, 8]],
  ]);
});

test('a prompt keeps a silent call alive, and ends with it', () => {
  const { relay } = scene();
  assert.equal(relay.send('P-1 c /prompts/hold 0 f t'), '0');
  hear(relay, 70_000);
  assert.equal(relay.send('Q c f t ttl'), '60');
  assert.equal(relay.send('D c f'), '0');
  assert.deepEqual(hear(relay, 100), []);
  assert.equal(relay.send('Gv nplrs_created nplrs_destroyed'), 'nplrs_created=1 nplrs_destroyed=1');
});

for (const keepsCounters of [true, false])
  test(`when ${keepsCounters ? 'its thread' : 'the relay'} has died, a prompt goes on where it would be by then, and ends when it would have`, () => {
    const { relay } = scene();
    assert.equal(relay.send('P4 c /prompts/hold 0 t f'), '0');
    const before = hear(relay, 100).map(({ bytes }) => bytes);
    relay.crash(keepsCounters, 100);
    const after = hear(relay, 1000).map(({ bytes }) => bytes);
    const [last, next] = [before.at(-1)!, after[0]!];
    assert.equal(rtpSsrc(next, 0), rtpSsrc(last, 0));
    const gap = rtpSequence(next, 0) - rtpSequence(last, 0);
    assert.ok(gap >= 5 && gap <= 7, `${gap} packets further`);
    assert.equal(rtpTimestamp(next, 0) - rtpTimestamp(last, 0), gap * 160);
    assert.ok(before.length + gap - 1 + after.length >= 19 && before.length + gap - 1 + after.length <= 20);
  });
