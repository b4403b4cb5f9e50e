/** Where packets go, and from whom: whatever is said and sent, nobody gets media who was not named, and none is taken from strangers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, formatAddress, udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { COMPONENTS, SIDES, type Side } from '../../model/session/side.js';
import { componentOf, legOf, ROWS_PER_SESSION, rowOf, slotOf } from '../../src/media/streams.js';
import { legIndexOf, type Session } from '../../src/relay/session/session.js';
import { act, fullStories } from './fullStories.js';
import { type PureRelay, SLOTS, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { sounding } from './sounding.js';
import type { Departure } from './tableEngine.js';

const SETTING = settingOf(8, 10_000, 3000);

const live = (relay: PureRelay): Session[] => [...relay.shard.directory.all()];
const nextTo = ({ host, port }: Address, component: number): Address => ({ host, port: udpPort((port + component) % 65_536) });
const sideOf = (row: number): Side => SIDES[legOf(row)]!;

/** Socket → whose packets leave there, and where they may go to: of every leg, and of every copy. */
function wayOut(relay: PureRelay): ReadonlyMap<string, string | null> {
  const ways = new Map<string, string | null>();
  for (const { snapshot } of live(relay)) {
    for (const side of SIDES) {
      const leg = snapshot.context.legs[side];
      for (const [i, component] of COMPONENTS.entries()) {
        const to = leg[component].address;
        if (leg.local !== null) ways.set(formatAddress(nextTo(leg.local, i)), to === null ? null : formatAddress(to));
        for (const copy of leg.copies) ways.set(formatAddress(nextTo(copy.local, i)), formatAddress(nextTo(copy.to, i)));
      }
    }
  }
  return ways;
}

function checkDepartures(relay: PureRelay, departures: readonly Departure[]): void {
  const ways = wayOut(relay);
  for (const { from, to } of departures) {
    const way = ways.get(formatAddress(from));
    assert.notEqual(way, undefined, `${formatAddress(from)} belongs to no call`);
    assert.equal(to === null ? null : formatAddress(to), way, `what leaves from ${formatAddress(from)}`);
  }
}

/** Makes every packet that comes watched: only one from the address of its stream may be sent on, wherever that is. */
function watchArrivals(relay: PureRelay): void {
  const arrive = relay.arrive.bind(relay);
  relay.arrive = (row, source, bytes) => {
    const { departures } = relay.engine;
    const before = departures.length;
    arrive(row, source, bytes);
    const session = live(relay).find(({ slot }) => slot === slotOf(row));
    if (departures.length === before || session === undefined) {
      assert.equal(departures.length, before, 'a packet for nobody is sent to somebody');
      return;
    }
    const echoes = departures.slice(before).filter((departure) => departure.row === row);
    assert.deepEqual(echoes, [], 'who sends hears himself');
    const leg = session.snapshot.context.legs[sideOf(row)];
    const { address } = leg[COMPONENTS[componentOf(row)]!];
    assert.notEqual(leg.local, null);
    assert.ok(
      SIDES.every((side) => session.snapshot.context.legs[side].local !== null),
      'relayed before both legs are open',
    );
    const isKnown =
      address !== null && (leg.asymmetric ? address.host === source.host : formatAddress(address) === formatAddress(source));
    assert.ok(
      isKnown,
      `${formatAddress(source)} is relayed, which is not ${address === null ? 'known' : formatAddress(address)}`,
    );
  };
}

function checkSockets(relay: PureRelay): void {
  const bound = [...relay.engine.bound.values()].map(formatAddress).sort();
  assert.deepEqual(bound, [...wayOut(relay).keys()].sort());
}

/** A stream is tapped where its session is copied, recorded or heard by another; `recording.test.ts` shows more of it. */
function checkTaps(relay: PureRelay): void {
  const sessions = live(relay);
  for (let row = 0; row < SLOTS * ROWS_PER_SESSION; row++) {
    if (!relay.shard.plane.taps.isTapped(row)) continue;
    const session = sessions.find(({ slot }) => slot === slotOf(row));
    assert.ok(session !== undefined, `row ${row} is tapped, and no session has it`);
    const { call, tag, legs, recordings } = session.snapshot.context;
    const isHeard = sessions.some(({ snapshot: { context } }) => context.fork?.call === call && context.fork.tag === tag);
    const isRecorded = recordings.some(({ sides }) => sides.includes(sideOf(row)));
    assert.ok(isHeard || isRecorded || legs[sideOf(row)].copies.length > 0, `row ${row} of ${call} is tapped for nobody`);
  }
  for (const { slot, snapshot } of sessions) {
    for (const side of SIDES) {
      const isCopied = snapshot.context.legs[side].copies.length > 0;
      if (isCopied) assert.ok(relay.shard.plane.taps.isTapped(rowOf(slot, legIndexOf(side), 0)), `${side} is not copied`);
    }
  }
}

test('packets go where signalling said or packets came from, and to copies; what comes from elsewhere is sent to nobody', () => {
  let relayed = 0;
  const property = fc.property(fullStories, (story) => {
    const relay = sounding(SETTING).relay;
    watchArrivals(relay);
    for (const deed of story) {
      relay.engine.departures.length = 0;
      act(relay, deed);
      checkDepartures(relay, relay.engine.departures);
      relayed += relay.engine.departures.length;
    }
  });
  fc.assert(property, { numRuns: runs(150) });
  assert.ok(relayed > 0, 'not one packet was relayed');
});

test('what is said to be refused or to be nowhere is not where packets go to or come from at that moment', () => {
  const property = fc.property(fullStories, (story) => {
    const relay = sounding(SETTING).relay;
    let taken = 0;
    for (const deed of story) {
      act(relay, deed);
      for (const { session, events } of relay.records.slice(taken)) {
        const known = live(relay).find((one) => one.session === session);
        for (const event of events) {
          if (known === undefined || (event.type !== 'SourceRefused' && event.type !== 'RemoteUnreachable')) continue;
          const { address } = known.snapshot.context.legs[event.side][event.component];
          const isPresent = address !== null && formatAddress(address) === formatAddress(event.address);
          assert.equal(isPresent, event.type === 'RemoteUnreachable', `${event.type} ${formatAddress(event.address)}`);
        }
      }
      taken = relay.records.length;
    }
  });
  fc.assert(property, { numRuns: runs(100) });
});

test('sockets and taps belong to sessions that live: to their legs, their copies, and those that hear them', () => {
  const property = fc.property(fullStories, (story) => {
    const relay = sounding(SETTING).relay;
    for (const deed of story) {
      act(relay, deed);
      checkSockets(relay);
      checkTaps(relay);
    }
    relay.send('X');
    assert.equal(relay.engine.bound.size, 0);
    checkTaps(relay);
  });
  fc.assert(property, { numRuns: runs(100) });
});

/** An answer to nothing: no session is there, and none is to be opened. */
const ANSWER_TO_NOTHING: SessionCommand = {
  ...{ type: 'Signal', side: 'callee', address: null, held: false, asymmetric: false, codecs: [], resizeMs: null },
  ...{ newPort: false, networks: null, notify: 'keep', ttlMs: { caller: null, callee: null }, reference: null, opening: null },
};

test('a session that is refused before it begins leaves no socket open and takes no slot, however often', () => {
  const property = fc.property(fullStories, (story) => {
    const relay = sounding(settingOf(40, 10_000, 3000)).relay;
    for (const deed of story) act(relay, deed);
    const records = relay.records.length;
    for (let i = 0; i <= SLOTS; i++) {
      const draft = relay.shard.draft('refused@a', 'alice');
      assert.ok(draft !== null, `slots are used up by ${i} refused sessions`);
      assert.deepEqual(relay.shard.command(draft, ANSWER_TO_NOTHING), { ok: false, error: 'no-such-session' });
      checkSockets(relay);
    }
    assert.ok(relay.records.slice(records).every(({ events }) => events.length === 0));
  });
  fc.assert(property, { numRuns: runs(20) });
});
