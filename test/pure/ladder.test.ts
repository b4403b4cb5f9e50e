import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../model/kernel/index.js';
import { formatLadder } from '../../src/relay/events/ladder.js';
import { renderPage } from '../../src/relay/events/page/renderPage.js';
import type { SnapshotRecord } from '../../src/relay/events/record.js';
import type { Story, ToldRecord } from '../../src/relay/events/story.js';
import { NOTIFYING, type PureRelay, START_MS } from '../property/pureRelay.js';
import { address } from './modelGiven.js';
import { relayOf, Talk } from './pureTalk.js';
import { portIn, RUN, recordsOf, relayGiven, storyIn, storyOf, talk, tell, wholeCall } from './storyGiven.js';

const seconds = (at: number): string => ((at - START_MS) / 1000).toFixed(2).padStart(6);
const ladderOf = (story: Story, width = 100): string[] => formatLadder(story, { width, formatTime: seconds });
/** What stands in a ladder, the lines of caller, relay and callee taken out. */
const wordsOf = (story: Story): string[] =>
  ladderOf(story, 140)
    .slice(3)
    .map((line) =>
      line
        .slice(7)
        .replace(/\||(?<=\s):(?=\s|$)/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    );
const has = (story: Story, ...words: readonly RegExp[]): void => {
  const lines = wordsOf(story);
  let from = 0;
  for (const word of words) {
    const at = lines.findIndex((line, i) => i >= from && word.test(line));
    assert.ok(at >= 0, `${word} is not behind line ${from} of:\n${lines.join('\n')}`);
    from = at + 1;
  }
};

const DRAWN: readonly string[] = [
  'call call-1@a, tag alice',
  '',
  '       caller                                      relay                                     callee',
  '  0.00    |       [ Uc0,8,101 10.0.0.7 4000 alice unix:/run/proxy T1 -> 20074 127.0.0.1 ]       |',
  '          |                              session opened, tag alice                              |',
  '          |                                          | port 127.0.0.1:20074                     |',
  '          | at 10.0.0.7:4000                         |                                          |',
  '          | codecs 0 PCMU, 8 PCMA, 101               |                                          |',
  '          |                             unix:/run/proxy is notified                             |',
  '  1.18    |                [ Lc0 203.0.113.5 6000 alice bob -> 20062 127.0.0.1 ]                |',
  '          |                     port 127.0.0.1:20062 |                                          |',
  '          |                                          |                      at 203.0.113.5:6000 |',
  '          |                                          |                            codecs 0 PCMU |',
  '  1.22    |- RTP 198.51.100.9:31022 learned -------->|                                          |',
  '          |- first RTP: 0 PCMU, SSRC 0000792e ------>|                                          |',
  '  3.20    |- last RTP: packet 98 ------------------->|                                          |',
  '          | 2 lost, longest gap 60 ms                |                                          |',
  '  3.22    |                                          |<----- RTP 203.0.113.5:6000 as signalled -|',
  '          |                                          |<------ first RTP: 0 PCMU, SSRC 000017d4 -|',
  '  4.42    |                                          |x------------ RTP 192.0.2.66:666 refused -|',
  '          |                           [ S alice bob -> 0 (3 times) ]                            |',
  '          |                   [ U 0.0.0.0 4000 alice bob -> 20074 127.0.0.1 ]                   |',
  '          | on hold                                  |                                          |',
  '          | names no codecs                          |                                          |',
  '          |                                 nobody is notified                                  |',
  '          :                                         5 s                                         :',
  '  9.42    |                [ U 203.0.113.77 6100 bob alice -> 20062 127.0.0.1 ]                 |',
  '          |                                          |            now at 203.0.113.77:6100 (was |',
  '          |                                          |                        203.0.113.5:6000) |',
  '          |                                          |                          names no codecs |',
  ' 10.40    |                                          |<------------------ last RTP: packet 110 -|',
  '          |                                          |                  0 lost, longest gap 5 s |',
  ' 10.42    |                                [ D alice bob -> 0 ]                                 |',
  '          |                               session closed: deleted                               |',
  '          | 98 received, 98 relayed                  |     110 received, 110 relayed, 1 refused |',
];

test('a call is drawn as it happened: commands with replies, ports, addresses, first and last packets, hold, re-INVITE, end', () => {
  assert.deepEqual(ladderOf(wholeCall().story), DRAWN);
});

test('no line is longer than the width, whatever the width; cut lines end in ~', () => {
  const { story } = wholeCall({ call: 'c'.repeat(300), from: 'f'.repeat(300) });
  for (const width of [1, 10, 30, 60, 80, 100, 200]) {
    const lines = ladderOf(story, width);
    for (const line of lines) assert.ok(line.length <= width, `${width}: ${line}`);
    assert.ok(lines.some((line) => line.endsWith('~')) || width === 200, `nothing is cut at ${width}`);
  }
});

test('everything is ASCII, also where a Call-ID, a tag or a command is not', () => {
  const { story } = wholeCall({ call: 'c\x1b[31m\xfc', from: '\u202ealice', to: 'b\x07b' });
  const text = ladderOf(story).join('');
  assert.match(text, /^[ -~]+$/);
  assert.match(text, /call c\\x1b\[31m\\xfc, tag \\x202ealice/);
});

test('a command stands before what it made, and one that is repeated stands once', () => {
  has(
    wholeCall().story,
    /^\[ U/,
    /session opened/,
    /^\[ L/,
    /^\[ S alice bob -> 0 \(3 times\) \]/,
    /^\[ D alice bob -> 0 \]/,
    /session closed/,
  );
});

test('a source that is refused and an address where nobody is are arrows that fail', () => {
  const { relay } = wholeCall();
  const call = new Talk(relay, 'bad@x');
  call.speak('caller');
  tell(relay, 'bad@x', { type: 'NoteRefused', side: 'caller', component: 'rtp', address: address('192.0.2.66:666') });
  tell(relay, 'bad@x', { type: 'NoteUnreachable', side: 'callee', component: 'rtp' });
  has(
    storyIn(relay, 'bad@x'),
    /^- RTP 192\.0\.2\.66:666 refused -+x$/,
    /^- RTP: nobody at 203\.0\.113\.\d+:6000 \(ICMP\) -+x$/,
    /still up/,
  );
});

test('copies, forks, digits, times and TOS are told', () => {
  const relay = relayOf({ ...NOTIFYING });
  new Talk(relay, 'other@x');
  new Talk(relay, 'call@x');
  relay.send('C call@x udp:192.0.2.200:9000 f t');
  relay.send('U call@x - 1 f t unix:/run/proxy T1 && C other@x f t && S ttl=90 && S tos=8 && M3:1 D1 && L - 1');
  has(storyIn(relay, 'call@x'), /^copied to 192\.0\.2\.200:9000/, /fork: hears session f of call other@x/);
  has(storyIn(relay, 'call@x'), /may be silent for 90 s/, /is sent TOS 8/, /digits are told/);
});

test('a session that nobody speaks in ends with a timeout, after a pause that is shown', () => {
  const relay = relayOf();
  new Talk(relay, 'quiet@x');
  relay.advance(70_000);
  has(storyIn(relay, 'quiet@x'), /^70 s$/, /session closed: timeout/, /^0 received, 0 relayed 0 received, 0 relayed$/);
});

test('a call without end is still up, with what was counted so far', () => {
  const relay = relayGiven();
  const port = portIn(relay.send('U up@x 192.0.2.1 4000 alice'));
  const back = portIn(relay.send('L up@x 192.0.2.2 5000 alice bob'));
  talk(relay, '192.0.2.1:4000', back, 120);
  assert.ok(port > 0);
  has(storyIn(relay, 'up@x'), /first RTP: 0 PCMU/, /latest RTP: packet \d+/, /still up/, /\d+ received, \d+ relayed/);
});

test('audio and video of one call are told apart by their media numbers', () => {
  const relay = relayOf();
  relay.send('U av@x 192.0.2.1 4000 alice;1');
  relay.send('U av@x 192.0.2.1 4002 alice;2');
  const lines = ladderOf(storyIn(relay, 'av@x'));
  assert.deepEqual(lines.slice(1, 3), ['  1: tag alice;1', '  2: tag alice;2']);
  const opened = lines.flatMap((line, i) => (line.includes('session opened') ? [lines[i]!.slice(7, 8)] : []));
  assert.deepEqual(opened, ['1', '2']);
});

/** What the next run of the relay tells of a session of `relay`: it begins with a snapshot. */
function recovered(relay: PureRelay, call: string, downMs: number): Story {
  const [session] = [...relay.shard.directory.all()];
  const snapshot = { ...relay.shard.snapshotOf(session!), seq: 1, shard: 0, session: 1 } as SnapshotRecord;
  const before = recordsOf(call, relay.log);
  const known = relay.log.length;
  relay.advance(downMs);
  tell(relay, call, { type: 'Recover', cause: 'process', downMs });
  relay.send(`D ${call} f t`);
  const after = recordsOf(call, [snapshot, ...relay.log.slice(known)], { run: RUN + 1 });
  return { ...storyOf(call, [...before, ...after]), headers: [{ shard: 0, run: RUN + 1, startedAt: RUN + 1, version: 3 }] };
}

test('a relay that died is a line through everything, and the call goes on in the next run', () => {
  const relay = relayOf();
  new Talk(relay, 'crash@x').speak('caller');
  const story = recovered(relay, 'crash@x', 812);
  const lines = ladderOf(story);
  const line = lines.find((text) => text.includes('relay died'))!;
  assert.match(line, /^ {2}0\.81 =+ relay died, back after 812 ms =+$/);
  assert.equal(line.length, 100);
  has(story, /session opened/, /relay died, back after 812 ms/, /session closed: deleted/);
  assert.equal(lines.filter((text) => text.includes('session opened') || text.includes('log begins')).length, 1);
});

test('a relay that died has died once, however many sessions the call had', () => {
  const relay = relayOf();
  relay.send('U av@x 192.0.2.1 4000 alice;1');
  relay.send('U av@x 192.0.2.1 4002 alice;2');
  tell(relay, 'av@x', { type: 'Recover', cause: 'thread', downMs: 40 });
  const died = ladderOf(storyIn(relay, 'av@x')).filter((line) => line.includes('media thread died, back after 40 ms'));
  assert.equal(died.length, 1);
});

test('a call that a later run of the relay does not know is not called up', () => {
  const relay = relayOf();
  new Talk(relay, 'lost@x');
  const headers = [{ shard: 0, run: RUN + 1, startedAt: RUN + 1, version: 3 }];
  has({ ...storyIn(relay, 'lost@x'), headers }, /not heard of any more: the relay began anew without it/);
});

test('a log that begins in the middle of a call tells what the session was by then', () => {
  const relay = relayOf();
  new Talk(relay, 'middle@x');
  relay.advance(5000);
  const [session] = [...relay.shard.directory.all()];
  const snapshot = { ...relay.shard.snapshotOf(session!), seq: 90, shard: 0 } as SnapshotRecord;
  const known = relay.log.length;
  relay.send('D middle@x f t');
  const story = storyOf('middle@x', recordsOf('middle@x', [snapshot, ...relay.log.slice(known)]));
  has(story, /the log begins here: relaying, open for 5 s, tag f/, /at 192\.0\.2\.\d+:4000/, /session closed/);
  const torn = storyOf('middle@x', recordsOf('middle@x', relay.log.slice(known)));
  has(torn, /what was before is not in the log/, /session closed: deleted/);
});

test('what the relay knows now is told with what the log says', () => {
  const relay = relayGiven();
  const call = new Talk(relay, 'live@x');
  const records = recordsOf('live@x', relay.log);
  relay.advance(1500);
  call.speak('caller');
  const [session] = [...relay.shard.directory.all()];
  const live = { ...relay.shard.snapshotOf(session!), seq: 0, shard: 0, at: millis(relay.nowMs + 100) } as SnapshotRecord;
  has(
    storyOf('live@x', records, [live]),
    /session opened/,
    /first RTP/,
    /latest RTP: packet 1/,
    /still up/,
    /1 received, 1 relayed/,
  );
});

test('an event that this program does not know is told as such, and the rest of the call all the same', () => {
  const relay = relayOf();
  new Talk(relay, 'new@x');
  const [first, ...rest] = recordsOf('new@x', relay.log);
  const forged = ['Nonsense', 'LegOpened'].map((type) => ({ ...first!.record, events: [{ type, at: START_MS }] }));
  const records = [first!, ...forged.map((record) => ({ ...first!, record }) as unknown as ToldRecord), ...rest];
  const story = storyOf('new@x', records);
  has(story, /session opened/, /this program cannot read/, /this program cannot read/, /^\[ L/);
  assert.match(renderPage(story, 'new'), /this program cannot read/);
});

test('of a call that nobody knows nothing is told', () => {
  assert.deepEqual(ladderOf(storyOf('nobody@x', [])).slice(-1), ['nothing is known of it']);
});
