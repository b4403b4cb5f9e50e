import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '../../src/relay/events/logEntry.js';
import { ReplayView, type ViewOptions } from '../../src/relay/events/view.js';
import { COMPLETE, closed, INSIDE, legOpened, offer, opened, signalled, T0, type Told } from './modelGiven.js';
import { after, entriesOf, LogWriter } from './replayGiven.js';

type Seen = { readonly told: string[]; readonly complained: string[]; readonly isSound: boolean };

function view(entries: readonly LogEntry[], options: Partial<ViewOptions> = {}): Seen {
  const [told, complained]: [string[], string[]] = [[], []];
  const view = new ReplayView({
    ...{ everything: true, asJson: false, checks: false, redecides: false, call: null, nodes: [] },
    ...{ fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY, formatTime: (at) => `+${at - T0}` },
    ...{ tell: (line) => void told.push(line), complain: (line) => void complained.push(line) },
    ...options,
  });
  for (const entry of entries) view.take(entry);
  view.end();
  return { told, complained, isSound: view.isSound };
}

const PROBLEM: LogEntry = { kind: 'problem', path: 'p\x1b', offset: 9, text: 'is damaged' };
const CLOSED = 'session closed: deleted; caller 0 received, 0 relayed, 0 dropped; callee 0 received, 0 relayed, 0 dropped';

/** A call with everything that a log may hold of it. */
function wholeCall(log = new LogWriter()): LogEntry[] {
  return entriesOf([
    log.base(0),
    log.events([opened(), legOpened('callee', 20_000)]),
    log.exchange('U call@a 192.0.2.1 4000 alice', '20000 127.0.0.1\n', 'udp:127.0.0.1:22222 192.0.2.9:5060 77_1'),
    log.events([legOpened('caller', 20_002)], { at: after(1) }),
    log.exchange('L \x1b[31m', 'E1', '- - -', { at: after(1) }),
    log.sample([[5, 0, 5], null, null, null], { at: after(2) }),
    log.vitals(after(2)),
    log.sample([[9, 900, 8, 1, 2, 5, 3, 4], [1, 0, 1], null, [0, 0, 0, 0, 6]], { at: after(3) }),
    log.events([closed('deleted')], { at: after(3) }),
    log.end(after(4)),
  ]);
}

test('a timeline has a line for everything that happens, and what was counted where a session ends', () => {
  const { told, isSound } = view(wholeCall());
  assert.deepEqual(told, [
    '+0  0/-  -  segment begins with 0 sessions',
    '+0  0/1  call@a  session opened for tag alice; ends after 30 s of silence, 60 s once both legs are open',
    '+0  0/1  call@a  leg of the callee opened on 127.0.0.1:20000',
    '+0  0/-  call@a  192.0.2.9:5060 asks by udp:127.0.0.1:22222: U call@a 192.0.2.1 4000 alice => 20000 127.0.0.1',
    '+1  0/1  call@a  leg of the caller opened on 127.0.0.1:20002',
    '+1  0/-  call@a  a client asks: L \\x1b[31m => E1',
    '+3  0/1  call@a  counted: caller RTP 9 received, 8 relayed, 1 dropped, 2 from elsewhere refused, 3 before both legs were open, ' +
      '4 times unreachable; RTCP 1 received, 1 relayed; callee RTCP 6 from elsewhere refused',
    `+3  0/1  call@a  ${CLOSED}`,
    '+4  0/-  -  the shard ends as it was told to',
  ]);
  assert.ok(isSound);
});

test('a session that is known only from a snapshot is told as it stands; one that is known is not told again', () => {
  const log = new LogWriter();
  const learned: Told = { ...signalled('caller', '192.0.2.1:4000') };
  const records = [log.snapshot([...COMPLETE, learned, { type: 'LegHeld', side: 'callee' }]), log.base(1)];
  const again = [log.snapshot([...COMPLETE, learned, { type: 'LegHeld', side: 'callee' }]), log.base(1)];
  assert.deepEqual(view([...entriesOf(records), ...entriesOf(again, 'segment 2')]).told, [
    '+0  0/1  call@a  session of tag alice is known from here on: relaying; caller on 127.0.0.1:20002, receives at 192.0.2.1:4000; ' +
      'callee on 127.0.0.1:20000, on hold',
    '+0  0/-  -  segment begins with 1 session',
    '+0  0/-  -  segment begins with 1 session',
  ]);
});

test('of one call only its own records are told, and gaps between them are none', () => {
  const log = new LogWriter();
  const mine = [log.base(0), log.events([opened()])];
  const other = log.events([opened()], { session: 2, call: 'other@a' });
  const end = [log.vitals(), log.events([closed('deleted')]), log.end()];
  for (const records of [
    [...mine, other, ...end],
    [...mine, ...end],
  ]) {
    const { told, isSound } = view(entriesOf(records), { call: 'call@a' });
    assert.deepEqual(
      told.map((line) => line.slice(0, 28)),
      ['+0  0/1  call@a  session ope', '+0  0/1  call@a  session clo'],
    );
    assert.ok(isSound);
  }
  assert.deepEqual(view(entriesOf([...mine, ...end]), { call: 'no\x1b' }).told, ['no call no\\x1b in this log']);
});

test('what was before the time asked for is folded and not told; what is wrong then is told all the same', () => {
  const { told, isSound } = view(wholeCall(), { fromMs: after(3), untilMs: after(3) });
  assert.equal(told.length, 2);
  assert.match(told[0]!, /counted/);
  assert.ok(isSound);
  const log = new LogWriter();
  const wrong = view(entriesOf([log.events([legOpened('callee', 20_000)])]), { fromMs: after(1) });
  assert.deepEqual(wrong.told, ['! call@a: the chart ignored LegOpened in new', 'no call did anything at that time']);
  assert.equal(wrong.isSound, false);
});

test('several nodes are told together, each line with the name of its node', () => {
  const entries = [new LogWriter(), new LogWriter()].flatMap((log, node) => entriesOf([log.events([opened()])], 'p', 1, node));
  const { told, isSound } = view(entries, { nodes: ['north', 'south'] });
  assert.deepEqual(
    told.map((line) => line.split('  ')[1]),
    ['north:0/1', 'south:0/1'],
  );
  assert.ok(isSound);
});

test('as JSON every record is as it was written, with where it stands; what is wrong is told twice', () => {
  const log = new LogWriter();
  const record = log.exchange('V\x7f\x9b ü', '20040107');
  const seen = view([...entriesOf([record], 'the path', 3, 0), PROBLEM], { asJson: true });
  assert.match(seen.told.join(''), /^[ -~]+$/);
  assert.deepEqual(JSON.parse(seen.told[0]!), { ...record, log: 0, run: 3, path: 'the path', offset: 0 });
  assert.deepEqual(JSON.parse(seen.told[1]!), { problem: 'is damaged', path: 'p\x1b', offset: 9 });
  assert.deepEqual(seen.complained, ['! p\\x1b is damaged']);
  assert.equal(seen.isSound, false);
});

test('a broken rule as JSON says of which record', () => {
  const log = new LogWriter();
  const { told } = view(entriesOf([log.events([legOpened('callee', 20_000)])]), { asJson: true, everything: false });
  const problem = 'call@a: the chart ignored LegOpened in new';
  assert.deepEqual(
    told.map((line) => JSON.parse(line)),
    [{ problem, path: 'segment 1', offset: 0, log: 0, run: 1, shard: 0, seq: 1 }],
  );
});

test('a check tells only what is wrong, and how much was checked', () => {
  const sound = view(wholeCall(), { everything: false, checks: true });
  assert.deepEqual(sound.told, ['4 events, 1 session, 0 rules broken']);
  assert.ok(sound.isSound);
  const wrong = view([...wholeCall(), PROBLEM], { everything: false, checks: true });
  assert.deepEqual(wrong.told, ['! p\\x1b is damaged', '4 events, 1 session, 0 rules broken, 1 problem in the files']);
  assert.equal(wrong.isSound, false);
  assert.deepEqual(view([], { everything: false, checks: true, asJson: true }), {
    told: [],
    complained: ['0 events, 0 sessions, 0 rules broken'],
    isSound: true,
  });
});

test('commands are decided anew with the setting of their segment; what comes out otherwise is told with its call', () => {
  const log = new LogWriter();
  const step = log.step(offer('192.0.2.1:4000'), [opened(), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000')]);
  const setting = { ttlMs: 60_000, setupTtlMs: 30_000, independentTtl: false, network: INSIDE };
  for (const [ttlMs, differing] of [
    [60_000, 0],
    [70_000, 1],
  ] as const) {
    const header = { shard: 0, run: 1, startedAt: T0, version: 3, setting: { ...setting, ttlMs } };
    const entries: LogEntry[] = [{ kind: 'segment', path: 'segment 1', header }, ...entriesOf([step])];
    const { told, isSound } = view(entries, { everything: false, redecides: true });
    assert.equal(told.at(-1), `1 command, ${differing} differ`);
    assert.equal(isSound, differing === 0);
    assert.equal(told.length, differing === 0 ? 1 : 6);
    if (differing > 0) assert.match(told[0]!, /^\+0 {2}0\/1 {2}call@a {2}Signal \{/);
  }
});

test('records that nobody sound has written are told, not thrown', () => {
  const log = new LogWriter();
  const forged = [
    { ...log.snapshot(COMPLETE), state: 7 },
    { ...log.events([opened()]), events: [{ type: 'toString' }] },
    { ...log.sample([]), sample: null },
    { ...log.events([opened()]), refusal: 'because', at: 1e300 },
    { ...log.exchange('V', '1'), from: 5, reply: 5n },
    { ...log.events([closed('deleted')], { session: 9 }), command: null },
  ];
  for (const one of forged) {
    for (const asJson of [true, false]) {
      const entries = entriesOf([one as never]);
      view(entries, { asJson, redecides: true, formatTime: (at) => new Date(at).toISOString() });
    }
  }
  assert.equal(view(entriesOf(forged as never)).isSound, false);
});
