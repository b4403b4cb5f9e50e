/** Prompts and recordings as the timeline, the ladder and the page tell them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLadder } from '../../src/relay/events/ladder.js';
import { renderPage } from '../../src/relay/events/page/renderPage.js';
import { LEG_FACTS, SESSION_FACTS, viewOf } from '../../src/relay/events/page/stateView.js';
import type { SnapshotRecord } from '../../src/relay/events/record.js';
import { describeRecord } from '../../src/relay/events/timeline.js';
import { recordedFilesWords } from '../../src/relay/events/words.js';
import { type PureRelay, START_MS } from '../property/pureRelay.js';
import { relayOf, Talk } from './pureTalk.js';
import { named, PROMPT, recorded, sounding } from './soundGiven.js';
import { recordsOf, storyIn, storyOf, tell } from './storyGiven.js';

/** A call whose caller hears prompts, while it is recorded. */
function soundCall(): PureRelay {
  const relay = relayOf(sounding());
  new Talk(relay, 'call');
  relay.send('Rs call f t');
  named(relay, 'call', ['call=f.o.rtp', 'call=f.a.rtp']);
  relay.advance(1000);
  relay.send(`P-1 call ${PROMPT} 8,0 f t`);
  relay.advance(3000);
  relay.send(`P2 call ${PROMPT} 0 f t`);
  for (let passed = 0; passed < 1000; passed += 20) relay.advance(20);
  relay.send(`P-1 call ${PROMPT} 3 t f`);
  relay.advance(500);
  relay.send('S call t f');
  relay.send('N call f t');
  relay.send('D call f t');
  recorded(relay, 'call', { files: ['/rec/call=f.o.rtp', '/rec/call=f.a.rtp'], packets: 12, durationMs: 5500 });
  return relay;
}

const clock = (at: number): string => ((at - START_MS) / 1000).toFixed(1);

test('the timeline tells who hears which prompt and how it ends, who is recorded, where, and what came of it', () => {
  const lines = soundCall().log.flatMap((record) => describeRecord(record, clock));
  const told = lines.flatMap((line) => {
    const [, time, text] = /^(\S+) .*? {2}call {2}(.*)$/.exec(line) ?? [];
    return /prompt|recording/.test(text ?? '') && !text!.includes(' => ') ? [`${time} ${text}`] : [];
  });
  assert.deepEqual(told, [
    '0.0 recording 1 begins: caller and callee, ad-hoc',
    '0.0 recording 1 is made in call=f.o.rtp, call=f.a.rtp',
    '1.0 caller hears prompt /prompts/hold as 8 PCMA, for ever, and not the callee',
    '4.0 prompt for the caller ends: another one takes its place',
    '4.0 caller hears prompt /prompts/hold as 0 PCMU, 2 times, and not the callee',
    '4.4 prompt for the caller ends: heard to its end',
    '5.0 callee hears prompt /prompts/hold as 3 GSM, for ever, and not the caller',
    '5.5 prompt for the callee ends: stopped',
    '5.5 recording 1 of the caller ends: stopped',
    '5.5 recording 1 is complete: 12 packets of 5.5 s in /rec/call=f.o.rtp, /rec/call=f.a.rtp',
  ]);
});

test('the ladder shows when a side begins to hear a prompt, for how long it did, and the recording', () => {
  const lines = formatLadder(storyIn(soundCall(), 'call'), { width: 140, formatTime: clock });
  const shown = lines
    .filter((line) => /prompt|recording/.test(line) && !line.includes('['))
    .map((line) => line.slice(4).replaceAll('|', ' ').replaceAll(/-+/g, '-').replaceAll(/\s+/g, ' ').trim());
  assert.deepEqual(shown, [
    'recording 1 begins: caller and callee, ad-hoc',
    'recording 1 is made in call=f.o.rtp, call=f.a.rtp',
    '<- prompt /prompts/hold as 8 PCMA, for ever -',
    'prompt ends after 3 s: another one takes its place',
    '<- prompt /prompts/hold as 0 PCMU, 2 times -',
    'prompt ends after 400 ms: heard to its end',
    '- prompt /prompts/hold as 3 GSM, for ever ->',
    'prompt ends after 500 ms: stopped',
    'recording 1 of the caller ends: stopped',
    'recording 1 is complete: 12 packets of 5.5 s in /rec/call=f.o.rtp, /rec/call=f.a.rtp',
  ]);
});

test('a log that begins while a prompt is heard and a recording is made tells both', () => {
  const relay = relayOf(sounding());
  new Talk(relay, 'call');
  relay.send('R call f t');
  relay.send(`P-1 call ${PROMPT} 8 t f`);
  const [session] = relay.shard.directory.all();
  const snapshot = { ...relay.shard.snapshotOf(session!), seq: 1, shard: 0 } as SnapshotRecord;
  const known = relay.log.length;
  relay.advance(700);
  relay.send('S call t f');
  const story = storyOf('call', recordsOf('call', [snapshot, ...relay.log.slice(known)]));
  const text = formatLadder(story, { width: 140, formatTime: clock }).join('\n');
  assert.match(text, /- prompt \/prompts\/hold as 8 PCMA, for ever -+>\|/);
  assert.match(text, /recording 1 goes on: caller and callee, ad-hoc/);
  assert.match(text, /prompt ends after 700 ms: stopped/);
});

test('the page shows what each side hears and where it is recorded, for as long as that is so', () => {
  const relay = relayOf(sounding());
  new Talk(relay, 'call');
  const cell = (name: string, side: number): string => {
    const [session] = relay.shard.directory.all();
    const at = SESSION_FACTS.length + LEG_FACTS.findIndex((fact) => fact.name === name) * 2 + side;
    return viewOf(session!.snapshot).cells[at]!;
  };
  assert.deepEqual([cell('Prompt', 0), cell('Recorded', 1)], ['-', '-']);
  relay.send(`P3 call ${PROMPT} 0 f t`);
  relay.send('R call f t');
  assert.deepEqual([cell('Prompt', 0), cell('Prompt', 1)], ['prompt /prompts/hold as 0 PCMU, 3 times', '-']);
  assert.equal(cell('Recorded', 1), 'ad-hoc');
  named(relay, 'call', ['a.rtp', 'b.rtp']);
  assert.equal(cell('Recorded', 0), 'a.rtp, b.rtp');
  relay.send('N call f t');
  assert.deepEqual([cell('Recorded', 0), cell('Recorded', 1)], ['-', 'a.rtp, b.rtp']);
  const html = renderPage(storyIn(relay, 'call'), 'call');
  assert.match(html, /prompt \/prompts\/hold as 0 PCMU, 3 times/);
});

test('what strangers call prompts and files stays one line of ASCII', () => {
  const relay = relayOf(sounding());
  new Talk(relay, 'call');
  tell(relay, 'call', {
    type: 'Play',
    side: 'caller',
    playback: {
      ...{ prompt: '/p\u001b[2J\u202e\nx', payloadType: 0, ptimeMs: 20, count: 1 },
      voice: { ssrc: 1, sequence: 2, timestamp: 3 },
    },
  });
  tell(relay, 'call', { type: 'Record', sides: ['caller'], form: 'pcap', single: true, name: 'n\u001b\u0007' });
  const lines = [
    ...relay.log.flatMap((record) => describeRecord(record, clock)),
    ...formatLadder(storyIn(relay, 'call'), { width: 120, formatTime: clock }),
  ];
  for (const line of lines) assert.match(line, /^[ -~]*$/);
  assert.ok(
    lines.some((line) => line.includes('prompt /p\\x1b[2J\\x202e\\x0ax as 0 PCMU, once')),
    lines.join('\n'),
  );
  assert.ok(lines.some((line) => line.includes('caller, pcap, in one file, as n\\x1b\\x07')));
});

test('a recording without a packet has no file, and one packet is one', () => {
  assert.equal(recordedFilesWords({ durationMs: 0, packets: 0, files: [] }), '0 packets of 0 ms, no file');
  const files = [{ path: 'a', packets: 1, bytes: 172 }];
  assert.equal(recordedFilesWords({ durationMs: 20, packets: 1, files }), '1 packet of 20 ms in a');
});
