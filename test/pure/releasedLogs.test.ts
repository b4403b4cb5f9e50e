/**
 * Event logs that released versions have written, kept as they were: what was logged once can be read for ever. They are of calls over
 * control sockets with real packets; of each release the relay was run twice, and killed the second time. Every release adds a
 * folder of its own to `test/log`, and its calls to this file.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brokenInvariant } from '../../model/invariants.js';
import type { SessionEvent } from '../../model/session/event.js';
import type { Copy, SessionState } from '../../model/session/state.js';
import { type LogEntry, readLogs } from '../../src/io/log/segmentReader.js';
import { Fold } from '../../src/relay/events/fold.js';
import type { StepRecord } from '../../src/relay/events/record.js';
import { Replay } from '../../src/relay/events/replay.js';
import type { Snapshot } from '../../src/relay/session/apply.js';

const LOGS = fileURLToPath(new URL('../../../test/log/', import.meta.url));

type Told = { readonly steps: StepRecord[]; last: Snapshot | null };

/** The sessions of a log by Call-ID: what happened to each, and what it was at last. */
function tell(release: string): ReadonlyMap<string, Told> {
  const entries: LogEntry[] = [...readLogs([join(LOGS, release)])];
  deepEqual(
    entries.filter(({ kind }) => kind === 'problem'),
    [],
  );
  const folds = new Map<string, Fold>();
  const calls = new Map<string, Told>();
  for (const entry of entries) {
    if (entry.kind !== 'record' || entry.record.kind !== 'step') continue;
    const { record, run } = entry;
    const key = `${run}/${record.shard}`;
    const fold = folds.get(key) ?? new Fold();
    folds.set(key, fold);
    const told = calls.get(record.call) ?? { steps: [], last: null };
    calls.set(record.call, told);
    told.steps.push(record);
    told.last = fold.take(record)?.snapshot ?? null;
    equal(brokenInvariant(told.last!.context, told.last!.value), null);
  }
  return calls;
}

const eventsOf = (told: Told | undefined): readonly SessionEvent[] => told?.steps.flatMap(({ events }) => events) ?? [];

/** Of a call: the types of its events, in the order of the log. */
const typesOf = (told: Told | undefined): readonly string[] => eventsOf(told).map(({ type }) => type);

const portsOf = ({ legs }: SessionState): readonly unknown[] => [legs.caller.local?.port, legs.callee.local?.port];

const PLAIN_CALL = [
  ...['SessionOpened', 'LegOpened', 'RemoteSignalled', 'CodecsOffered'],
  ...['LegOpened', 'RemoteSignalled', 'CodecsOffered', 'RemoteLatched', 'RemoteLatched', 'CodecsOffered'],
  ...['LegHeld', 'CodecsOffered', 'SessionClosed'],
];
const LEARNED_CALL = ['SessionOpened', 'LegOpened', 'RemoteSignalled', 'LegOpened', 'RemoteSignalled', 'SymmetryChanged'];

/** What all releases were asked to do. */
function plainCallsAreThere(calls: ReadonlyMap<string, Told>): void {
  const plain = calls.get('plain@example.net');
  deepEqual(typesOf(plain), PLAIN_CALL);
  deepEqual(eventsOf(plain).at(-1), {
    ...eventsOf(plain).at(-1),
    reason: 'deleted',
    tally: { caller: { received: 6, relayed: 6, dropped: 0 }, callee: { received: 3, relayed: 3, dropped: 0 } },
  });
  const { legs, tag } = plain!.last!.context;
  deepEqual([tag, legs.caller.held, legs.caller.holds, legs.callee.codecs], ['alice;1', true, 1, [0, 101]]);
  const learned = calls.get('nat@example.net');
  deepEqual(typesOf(learned), [...LEARNED_CALL, 'RemoteLatched', 'SessionClosed']);
  deepEqual([learned?.last?.context.legs.caller.rtp.untrusted, learned?.last?.context.legs.callee.asymmetric], [true, true]);
  equal(calls.get('silent@example.net')?.last?.context.closed, 'timeout');
  equal(calls.get('open@example.net')?.last?.context.closed, 'shutdown');
  // The relay was killed while this one was there.
  deepEqual(
    [calls.get('left@example.net')?.last?.value, calls.get('left@example.net')?.last?.context.closed],
    ['relaying', null],
  );
}

test('the log of release 0.1.0 is read: calls, states and ports come out as they were', () => {
  const calls = tell('0.1.0');
  deepEqual(
    [...calls.keys()].sort(),
    ['left', 'nat', 'open', 'plain', 'silent'].map((name) => `${name}@example.net`),
  );
  plainCallsAreThere(calls);
  const { context } = calls.get('plain@example.net')!.last!;
  deepEqual(portsOf(context), [31_142, 31_118]);
  deepEqual(portsOf(calls.get('left@example.net')!.last!.context), [31_278, 31_290]);
  // What was not there yet: one network for both legs, nobody to notify, one time to live.
  const network = { host: '127.0.0.1', advertised: null };
  deepEqual([context.legs.caller.network, context.legs.callee.network], [network, network]);
  deepEqual([context.independentTtl, context.notify, context.fork, context.ttlMs], [false, null, null, 2000]);
  const { command } = calls.get('plain@example.net')!.steps[0]!;
  deepEqual(command.type === 'Signal' && [command.newPort, command.networks, command.notify], [false, null, 'keep']);
});

test('the log of release 0.2.0 is read: networks, notifications, digits, copies, forks, new ports and times to live', () => {
  const calls = tell('0.2.0');
  plainCallsAreThere(calls);
  const set = calls.get('set@example.net');
  const notify = { target: { kind: 'tcp', host: '127.0.0.1', port: 9, bind: null }, tag: 'tag-to-tell', toTag: null };
  const found = (type: string) => eventsOf(set).filter((event) => event.type === type);
  deepEqual(
    found('NotifyChanged').map((event) => event.type === 'NotifyChanged' && event.notify?.target),
    [notify.target, notify.target, undefined],
  );
  deepEqual(
    found('TtlChanged').map((event) => event.type === 'TtlChanged' && event.ttlMs),
    [9000, 9000, 7000, 7000],
  );
  deepEqual(found('TosChanged').length + found('DtmfCatchChanged').length, 2);
  equal(found('LegOpened').length, 3);
  equal(set?.steps.find(({ refusal }) => refusal !== undefined)?.refusal, 'own-media');
  deepEqual(set?.last?.context.legs.caller.dtmf, { tag: 'keys', payloadType: 101, swallow: true });
  deepEqual(calls.get('hearer@example.net')?.last?.context.fork?.call, 'source@example.net');
  deepEqual(typesOf(calls.get('source@example.net')).slice(-3), ['CopyStarted', 'CopyStopped', 'SessionClosed']);
  deepEqual(typesOf(calls.get('weak@example.net')).slice(-2), ['ReferenceReleased', 'SessionClosed']);
  equal(calls.get('told@example.net')?.last?.context.notify?.tag, 'nobody-spoke');
});

test('the log of release 0.3.0 is read: what was asked and answered, what was counted, and all that 0.2.0 told', () => {
  const calls = tell('0.3.0');
  plainCallsAreThere(calls);
  const set = calls.get('set@example.net');
  deepEqual(set?.last?.context.legs.caller.dtmf, { tag: 'keys', payloadType: 101, swallow: true });
  deepEqual(calls.get('hearer@example.net')?.last?.context.fork?.call, 'source@example.net');
  deepEqual(portsOf(calls.get('left@example.net')!.last!.context), [32_912, 32_876]);
  const records = [...readLogs([join(LOGS, '0.3.0')], { call: 'plain@example.net' })].flatMap((entry) =>
    entry.kind === 'record' ? [entry.record] : [],
  );
  deepEqual(
    records.flatMap((record) =>
      record.kind === 'exchange' ? [`${record.command.split(' ')[0]} ${record.reply.split(' ')[0]}`] : [],
    ),
    ['Uc0,8,101 32184', 'Lc0,101 32202', 'Uc0 32184', 'U 32184', 'D 0'],
  );
  const sample = records.findLast((record) => record.kind === 'sample');
  deepEqual(
    sample?.sample.streams.map((stream) => stream?.counters[0] ?? 0),
    [6, 0, 3, 0],
  );
});

/** By 0.3.0 too: of a call with a copy that a relay took up which had been killed, so that it stands in a snapshot; then N. */
test('a copy of release 0.3.0 is one of several today: in snapshots, when it began and when it ended', () => {
  const entries = [...readLogs([join(LOGS, '0.3.0-copied')])];
  const replay = new Replay({ isWhole: true });
  const copies: (readonly Copy[])[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'record') continue;
    const { record } = entry;
    deepEqual(replay.take(record, entry).broken, []);
    if (record.kind === 'snapshot' && record.call === 'copied@example.net') copies.push(record.state.legs.caller.copies);
    if (record.kind === 'step' && record.events.some(({ type }) => type === 'CopyStarted' || type === 'CopyStopped'))
      copies.push(replay.live.find(({ context }) => context.call === record.call)?.context.legs.caller.copies ?? []);
  }
  const copied = [{ to: { host: '127.0.0.9', port: 7000 }, local: { host: '127.0.0.1', port: 22_210 } }];
  deepEqual(copies, [copied, copied, []]);
  const [last] = replay.live;
  deepEqual([last?.context.recordings, last?.context.recordingsBegun, last?.context.legs.caller.playback], [[], 0, null]);
});

test('the log of release 0.4.0 is read: prompts, recordings and copies, as they began, as they ended and as a killed relay left them', () => {
  const calls = tell('0.4.0');
  plainCallsAreThere(calls);
  const music = calls.get('music@example.net');
  deepEqual(
    eventsOf(music).flatMap((event) =>
      event.type === 'PlaybackStarted'
        ? [`${event.side} ${event.playback.prompt}.${event.playback.payloadType} ${event.playback.count}`]
        : event.type === 'PlaybackEnded'
          ? [`${event.side} ${event.reason}`]
          : [],
    ),
    ['callee hold.8 2', 'caller hold.8 -1', 'caller stopped', 'callee finished'],
  );
  const named = eventsOf(music).find((event) => event.type === 'RecordingNamed');
  deepEqual(named?.type === 'RecordingNamed' && named.files, ['music@example.net=sam.part.wav']);
  const complete = [...readLogs([join(LOGS, '0.4.0')], { call: 'music@example.net' })].flatMap((entry) =>
    entry.kind === 'record' && entry.record.kind === 'recording' ? [entry.record] : [],
  );
  deepEqual(
    complete.map(({ recording, packets, files }) => [recording, packets, files.length]),
    [[1, 10, 1]],
  );
  const { legs, recordings } = calls.get('left@example.net')!.last!.context;
  deepEqual([legs.caller.playback?.payloadType, legs.callee.playback], [0, null]);
  deepEqual(
    legs.caller.copies.map(({ to }) => to.host),
    ['127.0.0.1', '::1'],
  );
  deepEqual(
    [recordings.length, recordings[0]?.sides, recordings[0]?.form, recordings[0]?.files.length],
    [1, ['caller', 'callee'], 'ad-hoc', 4],
  );
});
