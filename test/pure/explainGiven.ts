/** Calls that go wrong in a known way, and what is said of them. */
import assert from 'node:assert/strict';
import type { SessionCommand } from '../../model/session/command.js';
import type { Side } from '../../model/session/side.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import type { LogEntry } from '../../src/relay/events/logEntry.js';
import type { LogRecord, SnapshotRecord } from '../../src/relay/events/record.js';
import { collectStory, type Story } from '../../src/relay/events/story.js';
import { type ExplainedSession, explain } from '../../src/relay/explain/explain.js';
import type { FindingId } from '../../src/relay/explain/finding.js';
import type { Session } from '../../src/relay/session/session.js';
import { PureRelay, type Special, START_MS, settingOf } from '../property/pureRelay.js';
import { address } from './modelGiven.js';

export const CALL = 'call-1@a';
/** Ours, and where the sides are unless it is said otherwise. */
export const OURS = '192.0.2.10';
export const CALLER = '203.0.113.1:4000';
export const CALLEE = '198.51.100.2:6000';
const FRAME_MS = 20;
export const TTL_MS = 60_000;
const SETUP_TTL_MS = 30_000;

export const formatTime = (at: number): string => new Date(at).toISOString();

/** What a log with these records in it is read as. */
export const entriesOf = (records: readonly LogRecord[], run = START_MS): LogEntry[] => [
  { kind: 'segment', path: 'log', header: { shard: 0, run, startedAt: run, version: 3 } },
  ...records.map((record, offset): LogEntry => ({ kind: 'record', record, log: 0, run, path: 'log', offset })),
];

type Speech = { readonly from?: string; readonly ssrc?: number; readonly payloadType?: number; readonly sequence?: number };

/** One call through a relay without sockets, packet by packet. */
export class Scene {
  readonly relay: PureRelay;
  /** Where each side sends to. */
  readonly ports: Record<Side, number> = { caller: 0, callee: 0 };
  #sequence = 100;

  constructor(special: Special = {}) {
    this.relay = new PureRelay({ ...settingOf(60, TTL_MS, SETUP_TTL_MS), host: OURS }, 1, special);
  }

  /** An answered call. `null`: no usable address; letters stand behind U and L. */
  static answered(
    caller: string | null = CALLER,
    callee: string | null = CALLEE,
    {
      offer = '',
      answer = '',
      special = {},
    }: { readonly offer?: string; readonly answer?: string; readonly special?: Special } = {},
  ): Scene {
    const scene = new Scene(special);
    scene.offer(caller, offer);
    scene.relay.advance(1000);
    scene.answer(callee, answer);
    return scene;
  }

  offer(at: string | null, letters = ''): this {
    this.ports.callee = Number.parseInt(this.relay.send(`U${letters} ${CALL} ${words(at)} alice`), 10);
    return this;
  }

  answer(at: string | null, letters = ''): this {
    this.ports.caller = Number.parseInt(this.relay.send(`L${letters} ${CALL} ${words(at)} alice bob`), 10);
    return this;
  }

  /** RTP of a side for so long. */
  speak(side: Side, ms: number, speech: Speech = {}): this {
    return this.#talk(ms, [[side, speech]]);
  }

  /** Both at once. */
  both(ms: number, caller: Speech = {}, callee: Speech = {}): this {
    return this.#talk(ms, [
      ['caller', caller],
      ['callee', callee],
    ]);
  }

  #talk(ms: number, speeches: readonly (readonly [Side, Speech])[]): this {
    for (let passed = 0; passed < ms; passed += FRAME_MS) {
      const sequence = this.#sequence++;
      for (const [side, speech] of speeches) this.arrive(side, sequence, speech);
      this.relay.advance(FRAME_MS);
    }
    return this;
  }

  /** One packet; nothing if the session has ended. */
  arrive(side: Side, sequence: number, { from, ssrc, payloadType = 0, sequence: own }: Speech = {}): void {
    if (this.relay.engine.bound.size === 0) return;
    const source = address(from ?? (side === 'caller' ? CALLER : CALLEE));
    const header = {
      payloadType,
      marker: false,
      sequence: own ?? sequence,
      timestamp: sequence * 160,
      ssrc: ssrc ?? source.port,
    };
    const row = this.relay.rowAt(this.ports[side]);
    this.relay.arrive(row, source, buildRtp(header, new Uint8Array(160)));
  }

  /** Nothing happens. In small steps, as a thread turns. */
  wait(ms: number): this {
    for (let passed = 0; passed < ms; passed += 100) this.relay.advance(100);
    return this;
  }

  /** The network says that nobody receives what is sent to a side. */
  unreachable(side: Side): this {
    this.relay.shard.plane.onUnreachable(this.relay.rowAt(this.ports[side]));
    return this;
  }

  /** Something that no control command does. */
  command(command: SessionCommand): this {
    this.relay.shard.command(this.session, command);
    return this;
  }

  get session(): Session {
    const [session] = this.relay.shard.directory.all();
    assert.ok(session, 'there is no session');
    return session;
  }

  hangUp(): this {
    this.relay.send(`D ${CALL} alice bob`);
    return this;
  }

  /** What a running relay says of the call. */
  live(): SnapshotRecord[] {
    return [...this.relay.shard.directory.all()]
      .filter(({ call }) => call === CALL)
      .map((session) => ({
        ...this.relay.shard.snapshotOf(session),
        seq: 0,
        shard: 0,
      }));
  }

  /** As the log and the running relay tell it. */
  story(): Story {
    return { ...collectStory(entriesOf(this.relay.log), CALL), live: this.live() };
  }

  explained(): ExplainedSession {
    return explained(this.story());
  }
}

/** The only session of a story. */
export function explained(story: Story): ExplainedSession {
  const { sessions } = explain(story, formatTime);
  assert.equal(sessions.length, 1);
  return sessions[0]!;
}

const words = (at: string | null): string => {
  if (at === null) return '- 1';
  const { host, port } = address(at);
  return `${host} ${port}`;
};

export const causesOf = ({ causes }: ExplainedSession): FindingId[] => causes.map(({ id }) => id);
export const remarksOf = ({ remarks }: ExplainedSession): FindingId[] => remarks.map(({ id }) => id);

/** That this cause is told first, of this side, in words that fit. Answers what is explained. */
export function first(scene: Scene, id: FindingId, side: Side | null, text: RegExp): ExplainedSession {
  const session = scene.explained();
  const [cause] = session.causes;
  assert.equal(
    cause?.id,
    id,
    `told first: ${JSON.stringify(
      session.causes.map(({ id, sentence }) => [id, sentence]),
      null,
      1,
    )}`,
  );
  assert.equal(cause?.side, side);
  assert.match(cause?.sentence ?? '', text);
  assert.equal(session.verdict, cause?.sentence);
  return session;
}

/** That nothing is missing. */
export function healthy(scene: Scene): ExplainedSession {
  const session = scene.explained();
  assert.deepEqual(causesOf(session), []);
  return session;
}
