/** Who hears prompts: nothing else meanwhile, and in numbers that go on, whatever is said, sent and dies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Playback } from '../../model/session/playback.js';
import { SIDES, type Side } from '../../model/session/side.js';
import { componentOf, legOf, rowOf, slotOf } from '../../src/media/streams.js';
import { FRAME_UNITS, packetShape } from '../../src/protocol/audio/frames.js';
import { isRtp, rtpPayloadType, rtpSequence, rtpSsrc, rtpTimestamp } from '../../src/protocol/rtp/header.js';
import { legIndexOf, type Session } from '../../src/relay/session/session.js';
import { act, deadlyStories, type FullDeed, fullStories } from './fullStories.js';
import { type PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { sounding } from './sounding.js';
import type { Departure } from './tableEngine.js';

const SETTING = settingOf(8, 10_000, 3000);
const HEADER_BYTES = 12;
const TICKS_PER_MS = 8;

const live = (relay: PureRelay): Session[] => [...relay.shard.directory.all()];

type Heard = { readonly session: Session; readonly side: Side; readonly playback: Playback | null; readonly bytes: Uint8Array };

/** What a side of a session is sent in RTP, with what its state says at that moment; null: it goes elsewhere. */
function heardOf(relay: PureRelay, { row, bytes }: Departure): Heard | null {
  const session = live(relay).find(({ slot }) => slot === slotOf(row));
  if (session === undefined || componentOf(row) !== 0 || !isRtp(bytes, 0, bytes.length)) return null;
  const side = SIDES[legOf(row)]!;
  return { session, side, playback: session.snapshot.context.legs[side].playback, bytes };
}

/** Nobody speaks these octets in stories. */
const isOfPrompt = (bytes: Uint8Array): boolean =>
  bytes.length > HEADER_BYTES && bytes.subarray(HEADER_BYTES).every((byte) => byte === rtpPayloadType(bytes, 0) + 1);

function checkHeard({ side, playback, bytes }: Heard): void {
  assert.equal(
    isOfPrompt(bytes),
    playback !== null,
    `the ${side} hears ${playback === null ? 'a' : 'something else than its'} prompt`,
  );
  if (playback === null) return;
  const { payloadType, voice, ptimeMs } = playback;
  assert.equal(rtpPayloadType(bytes, 0), payloadType);
  assert.equal(rtpSsrc(bytes, 0), voice.ssrc);
  const shape = packetShape(payloadType, ptimeMs)!;
  assert.equal(bytes.length, HEADER_BYTES + shape.bytes);
  // Time that has passed without a packet, as in a stall, has no numbers, but its timestamps.
  const packets = (rtpSequence(bytes, 0) - voice.sequence) & 0xffff;
  const ticks = (rtpTimestamp(bytes, 0) - voice.timestamp) >>> 0;
  assert.ok(ticks >= packets * shape.ms * TICKS_PER_MS, `packet ${packets} of a prompt is at tick ${ticks}`);
}

/** Plays a story on a relay that plays prompts; `hear` gets every packet that a side is sent when it leaves. */
function play(
  story: readonly FullDeed[],
  hear: (heard: Heard, relay: PureRelay) => void,
  after: (relay: PureRelay) => void = () => {},
) {
  const { relay, recorder } = sounding(SETTING);
  relay.onDeparture = (departure) => {
    const heard = heardOf(relay, departure);
    if (heard !== null) hear(heard, relay);
  };
  for (const deed of story) {
    act(relay, deed, recorder);
    after(relay);
  }
  return relay;
}

for (const [what, stories] of [
  ['whatever is said and sent', fullStories],
  ['whatever dies', deadlyStories],
] as const) {
  test(`who hears a prompt hears nothing else in RTP, in the numbers it began with; who hears none hears nothing of one: ${what}`, () => {
    let played = 0;
    const property = fc.property(stories, (story) => {
      play(story, (heard) => {
        checkHeard(heard);
        if (heard.playback !== null) played++;
      });
    });
    fc.assert(property, { numRuns: runs(150) });
    assert.ok(played > 0, 'nobody heard a prompt');
  });
}

test('no number of a prompt is heard twice, however often what plays it dies', () => {
  let resumed = 0;
  const property = fc.property(deadlyStories, (story) => {
    /** Playback → the number that was heard last, counted from its first, and in which life. */
    const last = new Map<string, { readonly packets: number; readonly recoveries: number }>();
    play(story, ({ session: { call, tag, snapshot }, side, playback, bytes }) => {
      if (playback === null) return;
      const key = `${call} ${tag} ${side} ${JSON.stringify(playback)}`;
      const packets = (rtpSequence(bytes, 0) - playback.voice.sequence) & 0xffff;
      const { recoveries } = snapshot.context;
      const before = last.get(key);
      if (before !== undefined) {
        assert.ok(packets > before.packets, `packet ${packets} is heard behind packet ${before.packets}`);
        if (recoveries > before.recoveries) resumed++;
      }
      last.set(key, { packets, recoveries });
    });
  });
  fc.assert(property, { numRuns: runs(200) });
  assert.ok(resumed > 0, 'no prompt went on after a death');
});

test('a side has a player as long as its state says that it hears a prompt, and the counters say how many', () => {
  const property = fc.property(fc.oneof(fullStories, deadlyStories), (story) => {
    play(
      story,
      () => {},
      ({ shard }) => {
        let playing = 0;
        for (const { slot, snapshot } of shard.directory.all()) {
          for (const side of SIDES) {
            const isTold = snapshot.context.legs[side].playback !== null;
            assert.equal(shard.plane.players.isPlaying(rowOf(slot, legIndexOf(side), 0)), isTold, side);
            if (isTold) playing++;
          }
        }
        const { counters } = shard;
        const counted = counters.shard('playersStarted') - counters.shard('playersEnded');
        assert.ok(counted >= playing, `${counted} players are counted, and ${playing} are there`);
      },
    );
  });
  fc.assert(property, { numRuns: runs(80) });
});

test('a prompt that nothing holds up is heard as often as was asked, without a gap, and then the other side is heard again', () => {
  const payloadTypes = Object.keys(FRAME_UNITS).map(Number);
  const given = fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    payloadType: fc.constantFrom(...payloadTypes.filter((each) => [0, 3, 8].includes(each))),
    stepMs: fc.constantFrom(1, 7, 10, 20, 40),
    before: fc.nat(3),
  });
  const property = fc.property(given, ({ count, payloadType, stepMs, before }) => {
    const heard: Uint8Array[] = [];
    const { relay } = sounding(SETTING);
    relay.onDeparture = (departure) => void heard.push(departure.bytes);
    relay.send('U c 192.0.2.1 4000 f');
    relay.send('L c 192.0.2.2 5000 f t');
    relay.advance(before * stepMs);
    assert.equal(relay.send(`P${count} c hold ${payloadType} f t`), '0');
    for (let passedMs = 0; passedMs < 1000; passedMs += stepMs) relay.advance(stepMs);
    // What is left of 100 ms in frames of 20 ms.
    assert.equal(heard.length, count * 5);
    const [first] = heard;
    for (const [i, bytes] of heard.entries()) {
      assert.ok(isOfPrompt(bytes));
      assert.equal((rtpSequence(bytes, 0) - rtpSequence(first!, 0)) & 0xffff, i);
      assert.equal((rtpTimestamp(bytes, 0) - rtpTimestamp(first!, 0)) >>> 0, i * 160);
    }
    assert.deepEqual(
      live(relay).map(({ snapshot }) => snapshot.context.legs.caller.playback),
      [null],
    );
  });
  fc.assert(property, { numRuns: runs(60) });
});

const STEP_MS = 5;

/** What somebody hears of a prompt of 1.5 s, each packet with its time, while the relay dies at these moments for so long. */
function hearThrough(deaths: readonly { readonly atMs: number; readonly downMs: number; readonly keepsCounters: boolean }[]) {
  const heard = new Map<number, string>();
  const { relay } = sounding(SETTING);
  relay.send('U c 192.0.2.1 4000 f');
  relay.send('L c 192.0.2.2 5000 f t');
  const fromMs = relay.nowMs;
  relay.onDeparture = ({ bytes }) => {
    const atMs = relay.nowMs - fromMs;
    assert.ok(!heard.has(atMs), `two packets at ${atMs} ms`);
    heard.set(atMs, Buffer.from(bytes.subarray(2)).toString('hex'));
  };
  relay.send('P15 c hold 8 f t');
  const waiting = [...deaths].sort((a, b) => a.atMs - b.atMs);
  while (relay.nowMs - fromMs < 2000) {
    const passedMs = relay.nowMs - fromMs;
    const [next] = waiting;
    if (next !== undefined && next.atMs <= passedMs) {
      waiting.shift();
      relay.crash(next.keepsCounters, next.downMs);
    }
    relay.advance(STEP_MS);
  }
  return heard;
}

test('who hears a prompt while the relay dies hears the same packets at the same times, but for those that were due meanwhile', () => {
  const steps = (max: number) => fc.nat(max).map((n) => n * STEP_MS);
  const death = fc.record({ atMs: steps(320), downMs: steps(40), keepsCounters: fc.boolean() });
  const wanted = hearThrough([]);
  assert.equal(wanted.size, 75);
  const property = fc.property(fc.array(death, { maxLength: 4 }), (deaths) => {
    const heard = hearThrough(deaths);
    for (const [atMs, packet] of heard) assert.equal(packet, wanted.get(atMs), `at ${atMs} ms`);
    // While it is dead and in the step after it nothing is sent.
    const down = deaths.reduce((sum, { downMs }) => sum + downMs + STEP_MS, 0);
    assert.ok(heard.size >= wanted.size - Math.ceil(down / 20) - deaths.length, `${heard.size} packets`);
  });
  fc.assert(property, { numRuns: runs(100) });
});
