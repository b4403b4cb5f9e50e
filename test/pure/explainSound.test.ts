/** Prompts, copies and recordings in an explanation: who hears a prompt does not hear the other side. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectStory } from '../../src/relay/events/story.js';
import { explain } from '../../src/relay/explain/explain.js';
import { formatExplanation } from '../../src/relay/explain/format.js';
import { START_MS } from '../property/pureRelay.js';
import { CALL, causesOf, entriesOf, explained, first, formatTime, healthy, remarksOf, Scene } from './explainGiven.js';
import { named, PROMPT, recorded, sounding } from './soundGiven.js';

const answered = (isThere?: () => boolean): Scene => Scene.answered(undefined, undefined, { special: sounding(isThere) });
const linesOf = (scene: Scene): string[] => formatExplanation(explain(scene.story(), formatTime), formatTime);
const textOf = (scene: Scene): string => linesOf(scene).join('\n');

test('P-1 without S: who hears the prompt does not hear the other side, and that is told first', () => {
  const scene = answered().both(2000);
  assert.equal(scene.relay.send(`P-1 ${CALL} ${PROMPT} 8,0 alice bob`), '0');
  scene.both(4000);
  const session = first(
    scene,
    'prompt',
    'callee',
    /^The caller hears prompt \/prompts\/hold \(PCMA, for ever\) since 03:04:08\.678 instead of the callee: .*nobody has stopped it\.$/,
  );
  assert.deepEqual(causesOf(session), ['prompt']);
  const [cause] = session.causes;
  assert.deepEqual(cause?.evidence, ['200 packets of the callee not sent on']);
  assert.match(cause?.advice ?? '', /send S with the tag of the caller in front/);
  first(scene.hangUp(), 'prompt', 'callee', /^The caller heard prompt .* from 03:04:08\.678 until the end instead of the callee/);
});

test('S takes it away: the call is healthy, and what was heard is told of the side that heard it', () => {
  const scene = answered().both(2000);
  scene.relay.send(`P-1 ${CALL} ${PROMPT} 0 bob alice`);
  scene.both(3000);
  scene.relay.send(`S ${CALL} bob alice`);
  scene.both(2000);
  scene.relay.send(`P2 ${CALL} ${PROMPT} 3 bob alice`);
  const session = healthy(scene.both(2000));
  assert.deepEqual(session.legs.caller.prompts, []);
  const [hold, announcement] = session.legs.callee.prompts;
  assert.deepEqual(hold, {
    ...{ payloadType: 0, name: 'PCMU', prompt: PROMPT, count: -1, end: 'stopped' },
    ...{ from: START_MS + 3000, until: START_MS + 6000 },
  });
  assert.deepEqual([announcement?.name, announcement?.count, announcement?.end], ['GSM', 2, 'finished']);
  const text = textOf(scene);
  assert.match(text, /^ {4}prompt {4}\/prompts\/hold as 0 PCMU, for ever, from 03:04:08\.678 until 03:04:11\.678: stopped$/m);
  assert.match(
    text,
    /^ {4}prompt {4}\/prompts\/hold as 3 GSM, 2 times, from 03:04:13\.678 until 03:04:14\.\d+: heard to its end$/m,
  );
  assert.match(text, /^ {4}03:04:08\.678 {2}callee hears prompt \/prompts\/hold as 0 PCMU, for ever, and not the caller$/m);
});

test('music on hold: the side that plays it need not send anything, and has not gone silent; nor has it made a pause', () => {
  const scene = answered().both(3000);
  scene.relay.send(`P-1 ${CALL} ${PROMPT} 0 bob alice`);
  scene.speak('callee', 8000);
  const held = first(scene, 'prompt', 'caller', /^The callee hears prompt/);
  assert.deepEqual(causesOf(held), ['prompt']);
  assert.match(held.causes[0]!.evidence.join(), /the caller itself has sent nothing since 03:04:09\.658/);
  scene.wait(7000);
  assert.deepEqual(causesOf(scene.explained()), ['prompt'], 'both are silent by now');
  scene.relay.send(`S ${CALL} bob alice`);
  // The sides of a scene count their packets together, so that one that was silent seems to have lost some.
  assert.deepEqual(causesOf(scene.both(3000).hangUp().explained()), ['loss']);
});

test('a side that was silent long before the prompt is told, too, and one that never sent anything has more to answer for', () => {
  const gone = answered().both(3000).speak('caller', 8000);
  gone.relay.send(`P-1 ${CALL} ${PROMPT} 0 alice bob`);
  assert.deepEqual(causesOf(gone.speak('caller', 2000).explained()), ['prompt', 'went-silent']);
  const mute = answered().speak('caller', 3000);
  mute.relay.send(`P-1 ${CALL} ${PROMPT} 0 alice bob`);
  assert.deepEqual(causesOf(mute.speak('caller', 3000).explained()), ['silent', 'prompt']);
});

test('an announcement that ends by itself weighs less, and one that had just begun when the call ended is only remarked', () => {
  const scene = answered().both(3000);
  scene.relay.send(`P50 ${CALL} ${PROMPT} 0 alice bob`);
  first(scene.both(3000), 'prompt', 'callee', /50 times.*: that one is heard again when it ends\.$/);
  const brief = answered().both(3000);
  brief.relay.send(`P-1 ${CALL} ${PROMPT} 0 alice bob`);
  assert.deepEqual(remarksOf(healthy(brief.both(500).hangUp())), ['prompt']);
});

test('a prompt to a call that was never answered is not why nobody is heard', () => {
  const scene = new Scene(sounding()).offer('203.0.113.1:4000');
  scene.relay.send(`P-1 ${CALL} ${PROMPT} 0 bob alice`);
  assert.ok(!causesOf(scene.wait(5000).explained()).includes('prompt'));
});

test('a prompt that could not be read any more after a crash, and one that never could', () => {
  let isThere = true;
  const scene = answered(() => isThere).both(3000);
  scene.relay.send(`P-1 ${CALL} ${PROMPT} 0 alice bob`);
  isThere = false;
  scene.relay.crash(true, 200);
  const session = scene.both(3000).explained();
  assert.deepEqual(causesOf(session), ['prompt-failed', 'recovered']);
  assert.match(
    session.verdict,
    /^The caller was to hear prompt \/prompts\/hold \(PCMU, for ever\), but after a crash it could not be read any more: since 03:04:\S+ the callee is heard again\.$/,
  );
  assert.equal(session.legs.caller.prompts[0]?.end, 'failed');
  assert.equal(scene.relay.send(`P ${CALL} /nowhere 0 alice bob`), 'E60');
  const [failed] = explain(scene.story(), formatTime).failed;
  assert.deepEqual([failed?.command, failed?.reply], [`P ${CALL} /nowhere 0 alice bob`, 'E60']);
  const refused = scene.explained().causes.find(({ id }) => id === 'prompt-refused');
  assert.match(refused?.sentence ?? '', /^The relay answered E60 to P at 03:04:/);
  assert.match(refused?.advice ?? '', /PROMPT\.wav/);
});

test('a prompt goes on over a crash as one, also where the log begins with a snapshot', () => {
  const scene = answered().both(3000);
  scene.relay.send(`P-1 ${CALL} ${PROMPT} 0 alice bob`);
  scene.relay.send(`C ${CALL} udp:192.0.2.99:7000 bob alice`);
  scene.relay.send(`R ${CALL} alice bob`);
  scene.relay.crash(true, 200);
  const whole = scene.both(3000).explained();
  assert.equal(whole.legs.caller.prompts.length, 1);
  assert.equal(whole.recordings.length, 1);
  const from = scene.relay.log.findIndex(({ kind }) => kind === 'snapshot');
  const { legs, recordings } = explained({ ...collectStory(entriesOf(scene.relay.log.slice(from)), CALL), live: [] });
  assert.equal(legs.caller.prompts[0]?.from, START_MS + 4000);
  assert.deepEqual(legs.callee.copies, [{ to: '192.0.2.99:7000', from: null, until: null }]);
  assert.deepEqual(
    recordings.map(({ sides, form }) => [sides, form]),
    [[['caller', 'callee'], 'ad-hoc']],
  );
});

test('what came of a recording is told with its files, and where a side was copied to', () => {
  const scene = answered();
  scene.relay.send(`R ${CALL} alice bob`);
  named(scene.relay, CALL, ['call.o.rtp', 'call.a.rtp']);
  scene.relay.send(`C ${CALL} udp:192.0.2.99:7000 alice bob`);
  scene.both(1000);
  scene.relay.send(`C ${CALL} udp:[2001:db8::1]:7000 alice bob`);
  scene.both(2000);
  assert.match(
    textOf(scene),
    /^ {2}recordings\n {4}1 caller and callee, ad-hoc, since 03:04:06\.678 in call\.o\.rtp, call\.a\.rtp$/m,
  );
  scene.relay.send(`Na ${CALL} alice bob`);
  scene.both(1000).hangUp();
  recorded(scene.relay, CALL, { files: ['/rec/call.o.rtp', '/rec/call.a.rtp'], packets: 300, durationMs: 2980 });
  const session = healthy(scene);
  assert.deepEqual(session.recordings, [
    {
      ...{
        id: 1,
        sides: ['caller', 'callee'],
        form: 'ad-hoc',
        startedAt: START_MS + 1000,
        endedAt: START_MS + 4000,
        failed: false,
      },
      ...{ files: ['/rec/call.o.rtp', '/rec/call.a.rtp'], packets: 300, durationMs: 2980 },
    },
  ]);
  const text = textOf(scene);
  assert.match(
    text,
    /^ {4}1 caller and callee, ad-hoc, from 03:04:06\.678 until 03:04:09\.678: 300 packets of 3 s in \/rec\/call\.o\.rtp, \/rec\/call\.a\.rtp$/m,
  );
  assert.match(text, /^ {4}copied {4}to 192\.0\.2\.99:7000, from 03:04:06\.678 until 03:04:09\.678$/m);
});

test('a recording that could not be written is told, behind everything that was not heard', () => {
  const scene = answered();
  scene.relay.send(`R ${CALL} alice bob`);
  named(scene.relay, CALL, ['call.o.rtp']);
  scene.both(3000).command({ type: 'StopRecording', recording: 1, sides: ['caller', 'callee'], reason: 'failed' });
  const session = first(
    scene.both(1000),
    'recording-failed',
    null,
    /^Recording 1 of both sides ended at 03:04:09\.678 because it could not be written/,
  );
  assert.deepEqual(session.causes[0]?.evidence, ['call.o.rtp']);
  assert.match(textOf(scene), /call\.o\.rtp; it could not be written any more$/m);
  scene.relay.send(`P-1 ${CALL} ${PROMPT} 0 alice bob`);
  assert.deepEqual(causesOf(scene.both(3000).explained()), ['prompt', 'recording-failed']);
});

test('of a recording whose beginning is not in the log it is told all the same what came of it', () => {
  const scene = answered();
  scene.relay.send(`R ${CALL} alice bob`);
  scene.both(2000).hangUp();
  recorded(scene.relay, CALL, { files: ['/rec/a'], packets: 2, durationMs: 20 });
  const from = scene.relay.log.findIndex((record) => record.kind === 'step' && record.command.type === 'Record');
  const steps = scene.relay.log.filter((_, i) => i !== from);
  const { recordings } = explained({ ...collectStory(entriesOf(steps), CALL), live: [] });
  assert.deepEqual(recordings[0], {
    ...{ id: 1, sides: [], form: null, startedAt: START_MS + 2980, endedAt: null, failed: false },
    ...{ files: ['/rec/a'], packets: 2, durationMs: 20 },
  });
});
