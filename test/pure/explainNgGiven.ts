/** Calls of the NG protocol that go wrong in a known way, packet by packet. */
import assert from 'node:assert/strict';
import type { Side } from '../../model/session/side.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { collectStory, type Story } from '../../src/relay/events/story.js';
import { type ExplainedSession, explain } from '../../src/relay/explain/explain.js';
import type { FindingId } from '../../src/relay/explain/finding.js';
import type { Special } from '../property/pureRelay.js';
import { causesOf, entriesOf, formatTime } from './explainGiven.js';
import { address } from './modelGiven.js';
import { CALL, NgScene, placesIn } from './ngGiven.js';

export const ALICE = '203.0.113.1:4000';
export const BOB = '198.51.100.2:6000';
const FRAME_MS = 20;

/** Alice has called Bob. */
export class NgCall extends NgScene {
  /** Our ports that each side was told to send to. */
  readonly ports: Record<Side, number> = { caller: 0, callee: 0 };
  #sequence = 100;

  static answered(
    more: { readonly offer?: NgDictionary; readonly answer?: NgDictionary; readonly special?: Special } = {},
  ): NgCall {
    const call = new NgCall(more.special);
    call.begin(ALICE, more.offer);
    call.relay.advance(1000);
    call.take(BOB, more.answer);
    return call;
  }

  begin(at: string, more: NgDictionary = {}): NgDictionary {
    const { host, port } = address(at);
    const reply = this.offer(host, port, more);
    this.ports.callee = portOf(reply);
    return reply;
  }

  take(at: string, more: NgDictionary = {}): NgDictionary {
    const { host, port } = address(at);
    const reply = this.answer(host, port, more);
    this.ports.caller = portOf(reply);
    return reply;
  }

  /** RTP of sides for so long, each from its address. */
  talk(ms: number, sides: Readonly<Partial<Record<Side, string>>> = { caller: ALICE, callee: BOB }): this {
    for (let passed = 0; passed < ms; passed += FRAME_MS) {
      const sequence = this.#sequence++;
      for (const [side, from] of Object.entries(sides) as [Side, string][]) {
        const source = address(from);
        const header = { payloadType: 0, marker: false, sequence, timestamp: sequence * 160, ssrc: source.port };
        if (this.relay.engine.bound.size > 0)
          this.relay.arrive(this.relay.rowAt(this.ports[side]), source, buildRtp(header, new Uint8Array(160)));
      }
      this.relay.advance(FRAME_MS);
    }
    return this;
  }

  wait(ms: number): this {
    for (let passed = 0; passed < ms; passed += 100) this.relay.advance(100);
    return this;
  }

  hangUp(more: NgDictionary = {}): this {
    this.ask({ command: 'delete', 'from-tag': 'alice', 'to-tag': 'bob', ...more });
    return this;
  }

  story(): Story {
    const live = [...this.relay.shard.directory.all()].map((session) => ({
      ...{ ...this.relay.shard.snapshotOf(session), seq: 0, shard: 0 },
    }));
    return { ...collectStory(entriesOf(this.relay.log), CALL), live };
  }

  get sessions(): readonly ExplainedSession[] {
    return explain(this.story(), formatTime).sessions;
  }

  get session(): ExplainedSession {
    const [session] = this.sessions;
    assert.ok(session);
    return session;
  }
}

export function portOf(reply: NgDictionary): number {
  assert.equal(reply['result'], 'ok', JSON.stringify(reply));
  return Number(/:(\d+)$/.exec(placesIn(reply['sdp'])[0] ?? '')?.[1]);
}

/** That this cause is told first. */
export function toldFirst(session: ExplainedSession, id: FindingId, side: Side | null, text: RegExp): void {
  const [cause] = session.causes;
  assert.equal(cause?.id, id, JSON.stringify(session.causes.map((each) => [each.id, each.sentence])));
  assert.equal(cause?.side, side);
  assert.match(cause?.sentence ?? '', text);
}

/** That it is told as something that is no fault, and that there is no fault. */
export function remarked(session: ExplainedSession, id: FindingId, text: RegExp): void {
  assert.deepEqual(causesOf(session), []);
  const remark = session.remarks.find((each) => each.id === id);
  assert.match(remark?.sentence ?? JSON.stringify(session.remarks), text);
}
