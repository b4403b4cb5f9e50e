/** What a shard tells the owner of a call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callId, millis } from '../../model/kernel/index.js';
import type { Dialogue } from '../../model/session/dialogue.js';
import type { CloseReason, SessionEvent } from '../../model/session/event.js';
import type { Playback } from '../../model/session/playback.js';
import type { Side } from '../../model/session/side.js';
import { INITIAL_STATE, type SessionState } from '../../model/session/state.js';
import { Counters, countersBytes, rowBase, STREAM_COUNTERS, type StreamCounter } from '../../src/media/counters.js';
import { rowOf } from '../../src/media/streams.js';
import type { OwnedEvent } from '../../src/relay/callEvents/callEvent.js';
import { DIGITS_AT_ONCE, hear, UNHEARD } from '../../src/relay/callEvents/hearing.js';
import { Herald } from '../../src/relay/callEvents/herald.js';
import { legIndexOf, type Session } from '../../src/relay/session/session.js';
import { Clock, ownerOf } from '../rig/callEvents.js';

const PLAYBACK: Playback = {
  ...{ prompt: '/sounds/wait', payloadType: 0, ptimeMs: 20, count: 1, startedAt: millis(0) },
  voice: { ssrc: 1, sequence: 2, timestamp: 3 },
};

/** A herald whose shard has the sessions that it is given, and what it told. */
class Scene {
  readonly clock = new Clock();
  readonly told: OwnedEvent[] = [];
  readonly sessions: Session[] = [];
  readonly dialogues = new Map<string, Dialogue>();
  readonly counters = new Counters(new ArrayBuffer(countersBytes(8)));
  silenceMs: number | null = 10_000;
  isOnHold = false;
  readonly herald = new Herald({
    counters: this.counters,
    clock: this.clock.read,
    heardAtMs: (row) => this.counters.stream(row, 'heardAtMs'),
    sessionsOf: (call) => this.sessions.filter((session) => session.call === call),
    dialogueOf: ({ call, tag }) => this.dialogues.get(`${call} ${tag}`) ?? null,
    isOnHold: () => this.isOnHold,
    silenceMs: () => this.silenceMs,
    tell: (owned) => this.told.push(owned),
  });

  session(media = 1, dialogue: Partial<Dialogue> | null = {}, call = 'c', tag = `f;${media}`): Session {
    const slot = this.sessions.length;
    const context: SessionState = { ...INITIAL_STATE, call: callId(call), tag, openedAt: millis(this.clock.now) };
    const snapshot = { value: 'relaying' as const, context };
    const touchedAt = { caller: millis(0), callee: millis(0) };
    const session = { session: slot + 1, call: callId(call), tag, slot, snapshot, touchedAt };
    this.sessions.push(session);
    if (dialogue !== null) this.dialogues.set(`${call} ${tag}`, { ...dialogueOf(media), ...dialogue });
    return session;
  }

  /** A packet of a side. */
  hear(session: Session, side: Side): void {
    for (const name of ['received', 'relayed'] as const) this.count(session, side, name, 1);
    this.count(session, side, 'bytes', 172);
    const heardAt = rowBase(rowOf(session.slot, legIndexOf(side), 0)) + STREAM_COUNTERS.indexOf('heardAtMs');
    this.counters.values[heardAt] = this.clock.now;
  }

  count({ slot }: Session, side: Side, name: StreamCounter, amount: number): void {
    this.counters.values[rowBase(rowOf(slot, legIndexOf(side), 0)) + STREAM_COUNTERS.indexOf(name)]! += amount;
  }

  check(...sessions: readonly Session[]): void {
    for (const session of sessions) this.herald.check(session, this.clock.now);
  }

  change(session: Session, more: Partial<SessionState>): void {
    session.snapshot = { ...session.snapshot, context: { ...session.snapshot.context, ...more } };
  }

  /** As `Shard.#release` does. */
  end(session: Session, reason: CloseReason = 'deleted'): void {
    this.change(session, { closed: reason });
    this.herald.ended(session, session.snapshot.context);
    this.sessions.splice(this.sessions.indexOf(session), 1);
    this.counters.clearSession(session.slot);
  }

  /** What was told since the last time: event, side, reason. */
  news(): string[] {
    return this.told
      .splice(0)
      .map(({ event: { event, details, reason } }) => [event, details['side'], reason].filter((word) => word).join(' '));
  }
}

const dialogueOf = (media: number): Dialogue => ({
  ...{ tags: { caller: 'f', callee: 't' }, branch: null, media, labels: { caller: 'A', callee: null } },
  ...{ networks: { caller: 'lan', callee: 'wan' }, owner: ownerOf('kam1'), metadata: null, demux: false },
  origins: { caller: null, callee: null },
});

test('a side is told when it begins, once when it falls silent, and again when it goes on', () => {
  const scene = new Scene();
  const session = scene.session();
  scene.check(session);
  scene.clock.now += 60_000;
  scene.check(session);
  assert.deepEqual(scene.news(), [], 'a side that was never heard is not silent');
  scene.hear(session, 'caller');
  scene.check(session);
  scene.check(session);
  assert.deepEqual(scene.news(), ['media-start from']);
  scene.clock.now += 9_999;
  scene.check(session);
  assert.deepEqual(scene.news(), []);
  scene.clock.now += 1;
  scene.hear(session, 'callee');
  for (let i = 0; i < 5; i++, scene.clock.now += 2_000) scene.check(session);
  assert.deepEqual(scene.news(), ['silence from', 'media-start to']);
  scene.hear(session, 'caller');
  scene.check(session);
  assert.deepEqual(scene.news(), ['media-start from', 'silence to']);
});

test('nobody is silent on hold, or where nobody wants to know', () => {
  const scene = new Scene();
  const session = scene.session();
  scene.hear(session, 'caller');
  scene.check(session);
  scene.news();
  scene.clock.now += 3_600_000;
  scene.isOnHold = true;
  scene.check(session);
  scene.isOnHold = false;
  scene.silenceMs = null;
  scene.check(session);
  assert.deepEqual(scene.news(), []);
  scene.silenceMs = 1_000;
  scene.check(session);
  assert.deepEqual(scene.news(), ['silence from']);
});

test('one look tells one thing: a side that was heard shortly begins before it is silent', () => {
  const [begun, silent] = [hear(UNHEARD, 1_000, 5_000, 500), hear({ state: 'heard', at: 1_000 }, 1_000, 5_000, 500)];
  assert.deepEqual(begun, { hearing: { state: 'heard', at: 1_000 }, news: 'media-start' });
  assert.deepEqual(silent, { hearing: { state: 'silent', at: 1_000 }, news: 'silence' });
  assert.equal(hear(silent.hearing, 1_000, 9_000, 500).news, null);
  assert.equal(hear(silent.hearing, 1_001, 9_000, 500).news, 'media-start');
});

test('a packet that confirms an address tells at once that a side has begun, and the next look does not tell it again', () => {
  const scene = new Scene();
  const session = scene.session();
  const latched = (component: 'rtp' | 'rtcp'): SessionEvent => ({
    ...{ type: 'RemoteLatched', side: 'callee', component, latched: true, learned: false, at: millis(scene.clock.now) },
    address: { host: '192.0.2.1', port: 4000 as never },
  });
  const before = session.snapshot.context;
  scene.herald.happened(session, before, latched('rtcp'));
  assert.deepEqual(scene.news(), [], 'RTCP is no media');
  scene.herald.happened(session, before, latched('rtp'));
  scene.herald.happened(session, before, latched('rtp'));
  scene.hear(session, 'callee');
  scene.check(session);
  assert.deepEqual(scene.news(), ['media-start to']);
});

test('who was heard before a crash does not begin again, and another party does', () => {
  const scene = new Scene();
  const session = scene.session();
  scene.change(session, { recoveries: 1 });
  scene.hear(session, 'caller');
  scene.check(session);
  assert.deepEqual(scene.news(), []);
  scene.hear(session, 'callee');
  scene.herald.partyChanged(session, 'callee');
  scene.check(session);
  assert.deepEqual(scene.news(), [], 'that was the one before');
  scene.clock.now += 20;
  scene.hear(session, 'callee');
  scene.check(session);
  assert.deepEqual(scene.news(), ['media-start to']);
});

test('[NG-29] an event says which call, side and media it is about, and what was counted', () => {
  const scene = new Scene();
  const session = scene.session(2, { branch: 'b1', labels: { caller: 'A', callee: 'B' } });
  scene.hear(session, 'callee');
  scene.count(session, 'callee', 'dropped', 3);
  scene.clock.now += 40;
  scene.check(session);
  assert.deepEqual(scene.told, [
    {
      owner: { controller: 'kam1', ways: [] },
      event: {
        ...{ event: 'media-start', at: scene.clock.now, callId: 'c', fromTag: 'f', toTag: 't', branch: 'b1', media: 2 },
        ...{ tag: 't', label: 'B', reason: null, details: { side: 'to' } },
        counters: {
          from: { packets: 0, bytes: 0, relayed: 0, dropped: 0, silentMs: null },
          to: { packets: 1, bytes: 172, relayed: 1, dropped: 3, silentMs: 40 },
        },
      },
    },
  ]);
});

test('a session without a dialogue, or whose dialogue nobody owns, is told to nobody', () => {
  const scene = new Scene();
  for (const session of [scene.session(1, null), scene.session(1, { owner: null }, 'other')]) {
    scene.hear(session, 'caller');
    scene.check(session);
    scene.herald.digit(session, 'caller', { digit: '1', volume: 7, duration: 800 });
    scene.end(session, 'timeout');
  }
  assert.deepEqual(scene.told, []);
});

test('digits are told in milliseconds; faster than anybody can dial they are counted', () => {
  const scene = new Scene();
  const session = scene.session();
  scene.herald.digit(session, 'callee', { digit: '#', volume: 10, duration: 1_600 });
  scene.herald.digit(session, 'caller', { digit: '5', volume: 7, duration: 4_800 }, 48_000);
  assert.deepEqual(
    scene.told.splice(0).map(({ event }) => event.details),
    [
      { side: 'to', digit: '#', 'duration-ms': 200, volume: 10 },
      { side: 'from', digit: '5', 'duration-ms': 100, volume: 7 },
    ],
  );
  for (let i = 0; i < 1_000; i++) scene.herald.digit(session, 'caller', { digit: '1', volume: 7, duration: 800 });
  assert.equal(scene.told.splice(0).length, DIGITS_AT_ONCE - 1);
  scene.clock.now += 50;
  scene.herald.digit(session, 'caller', { digit: '2', volume: 7, duration: 800 });
  assert.equal(scene.told[0]?.event.details['untold'], 1_000 - DIGITS_AT_ONCE + 1);
  scene.herald.digit(undefined, 'caller', { digit: '2', volume: 7, duration: 800 });
});

test('the end of a prompt is told with its name and why', () => {
  const scene = new Scene();
  const session = scene.session();
  const playback = { ...PLAYBACK, startedAt: millis(scene.clock.now) };
  const { legs } = session.snapshot.context;
  const before = { ...session.snapshot.context, legs: { ...legs, callee: { ...legs.callee, playback } } };
  scene.clock.now += 1_500;
  const at = millis(scene.clock.now);
  scene.herald.happened(session, before, { type: 'PlaybackEnded', side: 'callee', reason: 'finished', at });
  assert.deepEqual(scene.told[0]?.event.details, { side: 'to', prompt: '/sounds/wait', 'duration-ms': 1_500 });
  assert.deepEqual(scene.news(), ['play-finished to finished']);
});

test('[NG-28] a call with audio and video ends once, with what both counted: first that it timed out, then that it ended', () => {
  const scene = new Scene();
  const [audio, video] = [scene.session(1), scene.session(2)];
  scene.hear(audio, 'caller');
  scene.hear(video, 'caller');
  scene.clock.now += 60_000;
  scene.hear(video, 'callee');
  scene.end(audio, 'timeout');
  assert.deepEqual(scene.news(), []);
  scene.clock.now += 1_000;
  scene.end(video, 'timeout');
  assert.deepEqual(
    scene.told.map(({ event }) => [event.event, event.reason, event.media, event.tag]),
    [
      ['media-timeout', 'timeout', null, null],
      ['call-end', 'timeout', null, null],
    ],
  );
  const { counters, details } = scene.told[1]!.event;
  assert.deepEqual(details, { 'duration-ms': 61_000 });
  assert.deepEqual(counters.from, { packets: 2, bytes: 344, relayed: 2, dropped: 0, silentMs: 60_000 });
  assert.deepEqual(counters.to, { packets: 1, bytes: 172, relayed: 1, dropped: 0, silentMs: 1_000 });
});

test('branches of a call end each for itself, and so do calls', () => {
  const scene = new Scene();
  const one = scene.session(1, { branch: 'b1' });
  const two = scene.session(1, { branch: 'b2' }, 'c', 'f2;1');
  const other = scene.session(1, { tags: { caller: 'f', callee: 't2' } }, 'c', 'f3;1');
  const nobodys = scene.session(1, { branch: 'b1', owner: null }, 'c', 'f4;1');
  scene.end(one);
  assert.deepEqual(scene.news(), ['call-end deleted'], 'nobody would tell it later');
  scene.end(two, 'purged');
  scene.end(other, 'shutdown');
  scene.end(nobodys);
  assert.deepEqual(scene.news(), ['call-end purged', 'call-end shutdown']);
});

test('a session that ends as a defect, without a reason in its state, is told as that', () => {
  const scene = new Scene();
  const session = scene.session();
  scene.herald.ended(session, session.snapshot.context);
  assert.deepEqual(scene.news(), ['call-end defect']);
});

test('a recording that is finished is told, also behind the end of its call; and once', () => {
  const scene = new Scene();
  const session = scene.session();
  const recording = {
    id: 1,
    sides: [],
    form: 'pcap',
    single: false,
    name: null,
    startedAt: millis(scene.clock.now),
    files: [],
  } as const;
  const at = millis(scene.clock.now);
  for (const id of [1, 2]) {
    const event: SessionEvent = { type: 'RecordingStarted', recording: { ...recording, id }, at };
    scene.herald.happened(session, session.snapshot.context, event);
  }
  const done = (id: number) => ({
    ...{ kind: 'done' as const, place: { shard: 0, session: session.session, call: 'c', id }, startedAt: 5.5, durationMs: 20.4 },
    ...{ files: [{ path: '/rec/ü.wav', packets: 3, bytes: 9 }], packets: 3 },
  });
  scene.herald.recorded(done(1));
  assert.deepEqual(scene.told[0]?.event.details, {
    ...{ recording: 1, files: ['/rec/\xc3\xbc.wav'], packets: 3, 'duration-ms': 20, 'started-at': 6 },
  });
  scene.news();
  scene.hear(session, 'caller');
  scene.end(session);
  scene.herald.recorded(done(2));
  assert.equal(scene.told[1]?.event.counters.from.packets, 1, 'as counted at the end');
  assert.deepEqual(scene.news(), ['call-end deleted', 'recording-finished']);
  scene.herald.recorded(done(2));
  scene.herald.recorded({ ...done(1), place: { shard: 0, session: 77, call: 'x', id: 1 } });
  assert.deepEqual(scene.news(), []);
});
