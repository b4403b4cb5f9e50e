import assert from 'node:assert/strict';
import { type Address, sameAddress } from '../../model/kernel/index.js';
import { SIDES, type Side } from '../../model/session/side.js';
import { isComplete } from '../../model/session/state.js';
import type { Death } from '../../model/spec/driver.js';
import { UPDATE_WINDOW_MS } from '../../src/media/stages/latch.js';
import type { Session } from '../../src/relay/session/session.js';
import { at, Phone } from './phone.js';
import type { SimulatedDriver } from './simulatedDriver.js';
import { FAIR } from './world.js';

/** Long enough for a packet to arrive, and to be sent on. */
const PASSING_MS = 5;

/** Both ends of a session, each with the port that the relay has named to it. */
type Talk = {
  readonly call: string;
  readonly phones: Readonly<Record<Side, Phone>>;
  readonly ports: Readonly<Record<Side, Address>>;
  /** Sides that were confirmed before they ever spoke, so that nobody can know them again somewhere else. */
  readonly isFixed: Readonly<Record<Side, boolean>>;
};

/**
 * Gives the sides of every complete session a phone, signals where those are, and lets all of them speak: at once; after something has
 * died; and when each has moved to another address, which only its SSRC tells from a stranger.
 */
export function talkThrough(driver: SimulatedDriver, death: Omit<Death, 'afterMs'>): void {
  driver.network.weather = FAIR;
  driver.advance(PASSING_MS);
  const talks = driver.relay.threads
    .flatMap(({ shard }) => [...shard.directory.all()])
    .filter(({ snapshot }) => isComplete(snapshot.context))
    .map((session, i) => pickUp(driver, session, i));
  hearEachOther(driver, talks, 'as signalled');
  driver.advance(UPDATE_WINDOW_MS);
  hearEachOther(driver, talks, 'confirmed');
  driver.advance(0, [{ ...death, afterMs: 0 }]);
  hearEachOther(driver, talks, 'after a death');
  for (const [i, { phones, isFixed }] of talks.entries()) {
    if (!isFixed.caller) phones.caller.moveTo(at(`203.0.113.${i + 1}`, 6000));
    if (!isFixed.callee) phones.callee.moveTo(at(`203.0.113.${i + 1}`, 7000));
  }
  // Who has moved is where he was until he is heard of.
  speak(driver, talks);
  hearEachOther(driver, talks, 'moved');
}

function pickUp(driver: SimulatedDriver, { call, tag, snapshot }: Session, i: number): Talk {
  const phone = (side: Side): Phone =>
    new Phone(driver.network, at(`198.51.100.${i + 1}`, side === 'caller' ? 4000 : 5000), 2 * i + SIDES.indexOf(side) + 1);
  const phones = { caller: phone('caller'), callee: phone('callee') };
  const port = (command: string, { place }: Phone): Address => {
    const reply = driver.send(`${command} ${call} ${place.host} ${place.port} ${tag}`);
    const [port, host = ''] = reply.split(' ');
    assert.ok(host !== '', `${command} of session ${call} ${tag}: ${reply}`);
    return at(host, Number(port));
  };
  // Who hears a prompt does not hear the other side.
  for (const tags of [tag, `nobody ${tag}`]) assert.equal(driver.send(`S ${call} ${tags}`), '0');
  const { caller, callee } = snapshot.context.legs;
  const isFixed = { caller: caller.rtp.latched, callee: callee.rtp.latched };
  // The reply to what one side says is the port for the other.
  const forCallee = port('U', phones.caller);
  return { call, phones, ports: { caller: port('L', phones.callee), callee: forCallee }, isFixed };
}

function speak(driver: SimulatedDriver, talks: readonly Talk[]): void {
  for (const { phones, ports } of talks) for (const side of SIDES) phones[side].speak(ports[side]);
  driver.advance(PASSING_MS);
}

/** Every phone hears its other side and nobody else, once, from the port that it was told. */
function hearEachOther(driver: SimulatedDriver, talks: readonly Talk[], when: string): void {
  const before = new Map(talks.flatMap(({ phones }) => SIDES.map((side) => [phones[side], phones[side].heard.length] as const)));
  speak(driver, talks);
  for (const { call, phones, ports } of talks) {
    for (const side of SIDES) {
      const phone = phones[side];
      const heard = phone.heard.slice(before.get(phone));
      const other = phones[side === 'caller' ? 'callee' : 'caller'];
      const isRight = heard.length === 1 && heard[0]!.bytes[11] === other.ssrc && sameAddress(heard[0]!.from, ports[side]);
      if (!isRight) throw new Error(`${call}, ${when}: the ${side} does not hear the other side, but ${heard.length} packets`);
    }
  }
}
