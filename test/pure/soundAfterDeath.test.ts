/** Prompts, recordings and copies behind the death of what made them, where something else happens meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Prompt } from '../../src/media/player/prompt.js';
import { rtpPayloadType, rtpSequence } from '../../src/protocol/rtp/header.js';
import { prompts } from '../property/sounding.js';
import { relayOf, Talk } from './pureTalk.js';

/** A call whose caller hears a prompt that is sought again after a death; it is found, or not, when `answer` is called. */
function scene() {
  const searches: ((prompt: Prompt | null) => void)[] = [];
  let isSlow = false;
  const relay = relayOf({
    prompts: {
      find: (name, payloadTypes, found) => {
        if (isSlow) searches.push(found);
        else prompts.find(name, payloadTypes, found);
      },
    },
  });
  const talk = new Talk(relay, 'c');
  assert.equal(relay.send('P-1 c hold 8 f t'), '0');
  relay.advance(20);
  isSlow = true;
  relay.crash(true, 40);
  isSlow = false;
  assert.equal(searches.length, 1);
  return {
    ...{ relay, talk },
    answer: (prompt: Prompt | null): void => searches[0]!(prompt),
    hear: (ms: number): Uint8Array[] => {
      relay.engine.departures.length = 0;
      for (let passed = 0; passed < ms; passed += 10) relay.advance(10);
      return relay.engine.departures.splice(0).map(({ bytes }) => bytes);
    },
  };
}

const typesOf = (heard: readonly Uint8Array[]): number[] => [...new Set(heard.map((bytes) => rtpPayloadType(bytes, 0)))];
const HOLD: Prompt = { payloadType: 8, frames: new Uint8Array(800) };

test('until a prompt is found again its listener hears nothing, then the rest of it', () => {
  const { talk, answer, hear } = scene();
  assert.deepEqual(hear(100), []);
  assert.deepEqual(talk.speak('callee'), []);
  answer(HOLD);
  assert.deepEqual(typesOf(hear(100)), [8]);
});

test('a prompt that is not there any more ends, and the other side is heard', () => {
  const { talk, answer, hear } = scene();
  answer(null);
  assert.deepEqual(hear(100), []);
  assert.equal(talk.speak('callee').length, 1);
});

for (const found of [HOLD, null]) {
  test(`a prompt that began while the one before was sought goes on, whether that one is found or not: it is${found === null ? ' not' : ''}`, () => {
    const { relay, answer, hear } = scene();
    assert.equal(relay.send('P-1 c hold 0 f t'), '0');
    const before = hear(60);
    answer(found);
    const after = hear(60);
    assert.deepEqual([typesOf(before), typesOf(after)], [[0], [0]]);
    assert.equal(rtpSequence(after[0]!, 0), rtpSequence(before.at(-1)!, 0) + 1);
  });
}

test('a prompt that was stopped while it was sought stays stopped', () => {
  const { relay, talk, answer, hear } = scene();
  assert.equal(relay.send('S c f t'), '0');
  answer(HOLD);
  assert.deepEqual(hear(100), []);
  assert.equal(talk.speak('callee').length, 1);
});

test('behind a prompt a stream goes on in the numbers of its listener, also where the relay dies as soon as the prompt has ended', () => {
  for (const keepsCounters of [true, false]) {
    const relay = relayOf({ prompts });
    const talk = new Talk(relay, 'c');
    const [first] = talk.speak('callee');
    relay.advance(20);
    assert.equal(relay.send('P c hold 8 f t'), '0');
    relay.engine.departures.length = 0;
    for (let passed = 0; passed < 200; passed += 10) relay.advance(10);
    const played = relay.engine.departures.splice(0).map(({ bytes }) => rtpSequence(bytes, 0));
    relay.crash(keepsCounters, 0);
    const [next] = talk.speak('callee');
    const numbers = [rtpSequence(first!.bytes, 0), ...played, rtpSequence(next!.bytes, 0)];
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => numbers[0]! + i),
    );
  }
});
