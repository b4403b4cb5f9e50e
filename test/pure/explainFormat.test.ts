import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectStory } from '../../src/relay/events/story.js';
import { explain, isKnown } from '../../src/relay/explain/explain.js';
import { formatExplanation, formatJson } from '../../src/relay/explain/format.js';
import { similarCalls } from '../../src/relay/explain/similar.js';
import { CALL, CALLER, entriesOf, formatTime, Scene } from './explainGiven.js';

const linesOf = (scene: Scene): string[] => formatExplanation(explain(scene.story(), formatTime), formatTime);

test('the most likely cause stands first, with its evidence and what to do', () => {
  const lines = linesOf(Scene.answered(CALLER, '10.1.2.3:6000', { offer: 'c0,101' }).speak('caller', 4000).hangUp());
  assert.equal(lines[0], `call ${CALL}: 1 session. Times are UTC.`);
  assert.match(
    lines[2]!,
    /^session of tag alice \(media thread 0\): opened 2026-11-21T03:04:05\.678Z, both legs open since 03:04:06\.678; ended 03:04:10\.678 after 5 s: the proxy deleted it/,
  );
  assert.match(lines[3]!, /^ {2}most likely: The callee has sent nothing since .* 10\.1\.2\.3 is private/);
  assert.match(lines[4]!, /^ {4}evidence: /);
  assert.match(lines[5]!, /^ {4}to do: The relay learns where the callee is from its first packet/);
});

test('each side is told: signalled, seen, learned, ports, packets, loss, jitter', () => {
  const text = linesOf(Scene.answered(CALLER, '10.1.2.3:6000', { offer: 'c0,101' }).both(4000).hangUp()).join('\n');
  for (const wanted of [
    /^ {2}caller\n {4}signalled 203\.0\.113\.1:4000, at 03:04:05\.678; offers 0 PCMU, 101$/m,
    /^ {4}seen {6}198\.51\.100\.2:6000; 0 PCMU; SSRC 6000$/m,
    /^ {4}learned {3}198\.51\.100\.2:6000 at 03:04:06\.678: its first packet came from there$/m,
    /^ {4}our port {2}192\.0\.2\.10:\d+$/m,
    /^ {4}in {8}200 packets, 200 sent on$/m,
    /^ {4}heard {5}first 03:04:06\.678, last 03:04:10\.658, longest silence 20 ms, 0 % lost, jitter 0 ms, at most 0 ms$/m,
    /^ {4}out {7}200 packets to 198\.51\.100\.2:6000$/m,
    /^ {2}what happened\n {4}03:04:05\.678 {2}session opened for tag alice/m,
  ]) {
    assert.match(text, wanted);
  }
});

test('whatever strangers write, lines stay lines, and only ASCII is printed', () => {
  const evil = 'call\u001b[31m\u202ehidden';
  const scene = new Scene();
  scene.relay.send(`U ${evil} 203.0.113.1 4000 al\u001b]0;x\u0007ice`);
  const explanation = explain({ ...collectStory(entriesOf(scene.relay.log), evil), live: [] }, formatTime);
  assert.ok(isKnown(explanation));
  const lines = formatExplanation(explanation, formatTime);
  for (const line of lines) assert.match(line, /^[ -~]*$/);
  assert.match(lines[0]!, /^call call\\x1b\[31m\\x202ehidden: /);
  const json = formatJson(explanation);
  assert.match(json, /^[ -~]+$/);
  assert.deepEqual(JSON.parse(json), explanation);
  assert.equal(JSON.parse(json).call, evil);
});

test('a call of which nobody knows is not known', () => {
  assert.ok(!isKnown(explain(collectStory(entriesOf(Scene.answered().relay.log), 'other@a'), formatTime)));
});

test('of a long timeline the middle is left out', () => {
  const scene = Scene.answered();
  for (let i = 0; i < 60; i++) scene.relay.send(`U ${CALL} 203.0.113.1 ${4000 + i} alice bob`);
  const lines = linesOf(scene);
  const from = lines.indexOf('  what happened');
  assert.equal(lines.length - from, 42);
  assert.match(lines[from + 21]!, /^ {4}\.\.\. \d+ more: rtpbridge replay has them$/);
});

test('Call-IDs that begin like the one that is not there are suggested, at most three', () => {
  const scene = new Scene();
  for (const call of ['ab12@host', 'ab12cdef@host', 'ab12cdef99@host', 'ab12cd@host', 'zz@host']) {
    scene.relay.send(`U ${call} 203.0.113.1 4000 alice`);
    scene.relay.advance(1000);
  }
  const entries = entriesOf(scene.relay.log);
  assert.deepEqual(similarCalls(entries, 'ab12cdef'), ['ab12cdef99@host', 'ab12cdef@host', 'ab12cd@host']);
  assert.deepEqual(similarCalls(entries, 'ab12cdef99@host;1'), ['ab12cdef99@host']);
  assert.deepEqual(similarCalls(entries, 'zz'), ['zz@host']);
  assert.deepEqual(similarCalls(entries, 'nothing-like-it'), []);
});
