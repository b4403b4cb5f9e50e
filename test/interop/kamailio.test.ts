import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askOnce } from '../rig/control.js';
import { areFreeForUdp } from '../rig/ports.js';
import { RtpPeer } from '../rig/rtpPeer.js';
import {
  type AudioPlace,
  loggedCalls,
  openScene,
  receivedAudio,
  type Scene,
  type Sipp,
  sippListens,
  sippSucceeds,
  startSipp,
} from './scene.js';

/** A call lasts four seconds; the rest is for a busy machine. */
const BOUND = { timeout: 40_000 };
const ULAW_BYTES_PER_S = 8_000;
/** Three seconds in packets of 20 ms; sipp's clock may lose or add a few. */
const SENT_PACKETS = 150;
const TOLERANCE_PACKETS = 10;
/** Kamailio's main process, its worker and its timers each greet the relay. */
const MIN_GREETINGS = 4;

const KINDS = [
  { rows: 'PN-32 PN-02 PN-20 PN-36', over: 'UDP at localhost', control: 'udp:127.0.0.1:PORT', asks: localhost },
  { rows: 'PN-17', over: 'a Unix socket', control: 'unix:DIR/control.sock', asks: undefined },
  { rows: 'PN-02', over: 'UDP on IPv6', control: 'udp6:::1:PORT', asks: undefined },
] as const;

for (const { rows, over, control, asks } of KINDS) {
  for (const calls of [1, 10]) {
    const title = `[${rows} KM-01 KM-59 KM-80] Kamailio pins ${calls === 1 ? 'a call' : `${calls} calls`} to us over ${over}`;
    test(title, BOUND, async (t) => {
      const scene = await openScene(t, control, asks);
      if (scene !== null) await pinnedCalls(scene, 'manage', calls);
    });
  }
}

test('[KM-31 KM-32 KM-33] rtpproxy_offer, rtpproxy_answer and rtpproxy_destroy carry a call', BOUND, async (t) => {
  const scene = await openScene(t, 'udp:127.0.0.1:PORT');
  if (scene !== null) await pinnedCalls(scene, 'functions', 1);
});

for (const service of ['manage', 'functions']) {
  const rows = service === 'manage' ? 'PN-01 PN-35 PN-36 CW-14 KM-59 KM-61 KM-66' : 'CW-14 KM-31 KM-32 KM-33';
  const title = `[${rows}] two ends behind NAT keep hearing each other through a late offer and re-INVITEs (${service})`;
  test(title, BOUND, async (t) => {
    const scene = await openScene(t, 'udp:127.0.0.1:PORT');
    if (scene !== null) await changingCall(scene, service);
  });

  test(`[KM-33 KM-65] a refused call leaves nothing behind (${service})`, BOUND, async (t) => {
    const scene = await openScene(t, 'udp:127.0.0.1:PORT');
    if (scene === null) return;
    const { callee, caller } = await bothSipp(scene, service, 1, ['callee-refusing.xml', 'caller-refused.xml']);
    await sippSucceeds(scene, 'caller', caller);
    await sippSucceeds(scene, 'callee', callee);
    await nothingLeft(scene, await receivedAudio(callee));
    match(await askOnce(scene.relay.control[0]!, 'I'), /^sessions created: 1$/m);
    await endsCleanly(scene);
  });
}

test('[CW-09] every process of a starting Kamailio finds us within its second', BOUND, async (t) => {
  const scene = await openScene(t, 'udp:127.0.0.1:PORT');
  if (scene === null) return;
  await delay(500);
  const greetings = [...scene.kamailio.stderr().matchAll(/rtp proxy <(\S+)> found, support for it enabled/g)];
  ok(greetings.length >= MIN_GREETINGS, scene.kamailio.stderr());
  deepEqual(new Set(greetings.map(([, name]) => name)), new Set([scene.relayName]));
  await endsCleanly(scene);
});

function localhost(name: string): string {
  return name.replace('127.0.0.1', 'localhost');
}

/** Places calls with sipp's own audio, echoed by the callee, and checks what both ends, Kamailio and we know of them. */
async function pinnedCalls(scene: Scene, service: string, calls: number): Promise<void> {
  await writeFile(join(scene.dir, 'tone.ulaw'), randomBytes(3 * ULAW_BYTES_PER_S));
  const { callee, caller } = await bothSipp(scene, service, calls, ['callee.xml', 'caller.xml']);
  await sippSucceeds(scene, 'caller', caller);
  await sippSucceeds(scene, 'callee', callee);

  const toCallee = await receivedAudio(callee);
  const toCaller = await receivedAudio(caller);
  isOurs(scene, [...toCallee, ...toCaller]);
  equal(new Set([...toCallee, ...toCaller].map(({ port }) => port)).size, 2 * calls, 'each side of each call has its port');

  const logged = [...loggedCalls(scene.kamailio).values()];
  equal(logged.length, calls, scene.kamailio.stderr());
  for (const { instance, counts } of logged) {
    equal(instance, scene.relayName);
    isEchoedAudio(counts);
  }
  await nothingLeft(scene, [...toCallee, ...toCaller]);
  await endsCleanly(scene);
}

/**
 * A call without an offer in its INVITE, with a re-INVITE from either side, ended by the callee. Both session descriptions
 * name addresses and ports at which nobody is. The audio comes from sockets of the test, so that each packet shows whence
 * it came and that it is unchanged.
 */
async function changingCall(scene: Scene, service: string): Promise<void> {
  const packets = 120;
  const callerPeer = await RtpPeer.open(0x0ca11e4);
  const calleePeer = await RtpPeer.open(0x0ca11ee);
  scene.closings.push(() => Promise.all([callerPeer.close(), calleePeer.close()]));
  const { callee, caller } = await bothSipp(scene, service, 1, ['callee-changing.xml', 'caller-changing.xml']);
  const [toCaller, toCallee] = await Promise.all([firstAudio(caller), firstAudio(callee)]);
  await Promise.all([callerPeer.stream(toCaller.port, packets), calleePeer.stream(toCallee.port, packets)]);
  await sippSucceeds(scene, 'caller', caller);
  await sippSucceeds(scene, 'callee', callee);

  for (const [sipp, place] of [[caller, toCaller] as const, [callee, toCallee] as const]) {
    const places = await receivedAudio(sipp);
    equal(places.length, 3, 'late offer or answer, and an offer and an answer of the re-INVITEs');
    isOurs(scene, places);
    deepEqual(new Set(places.map(({ port }) => port)), new Set([place.port]), 'a re-INVITE keeps the port');
  }
  heardAll(callerPeer, toCaller.port, calleePeer.ssrc, packets);
  heardAll(calleePeer, toCallee.port, callerPeer.ssrc, packets);

  const [call] = loggedCalls(scene.kamailio).values();
  equal(call?.instance, scene.relayName, scene.kamailio.stderr());
  const [, fromCallee, fromCaller, relayed] = call?.counts ?? [];
  isAbout(fromCallee, packets);
  isAbout(fromCaller, packets);
  isAbout(relayed, 2 * packets);
  await nothingLeft(scene, [toCallee, toCaller]);
  await endsCleanly(scene);
}

/** Starts callee and caller, four ports apart: every sipp binds its media port and the second next one. */
async function bothSipp(
  scene: Scene,
  service: string,
  calls: number,
  [calleeScenario, callerScenario]: readonly [string, string],
): Promise<{ callee: Sipp; caller: Sipp }> {
  const media = scene.ports.range(8);
  const sipPort = await scene.ports.port();
  // An address of a private network and a port that is not ours: what an end behind a NAT believes of itself.
  const hidden = ['-key', 'audio_ip', '192.168.77.7', '-key', 'audio_port', String(media.max - 1)];
  const callee = await startSipp(scene, {
    scenario: calleeScenario,
    sipPort: scene.calleePort,
    mediaPort: media.min,
    calls,
    more: ['-rtp_echo', ...hidden],
  });
  await sippListens(callee, scene.calleePort);
  const caller = await startSipp(scene, {
    scenario: callerScenario,
    sipPort,
    mediaPort: media.min + 4,
    calls,
    more: ['-s', service, '-r', '10', ...hidden, `127.0.0.1:${scene.sipPort}`],
  });
  return { callee, caller };
}

async function firstAudio(sipp: Sipp): Promise<AudioPlace> {
  for (const until = Date.now() + 5_000; Date.now() < until; await delay(10)) {
    const [first] = await receivedAudio(sipp);
    if (first !== undefined) return first;
  }
  throw new Error(`sipp was not told where to send its audio\n${sipp.stderr()}`);
}

/** Every description an end was given names our address and a port of our range: nothing can go directly. */
function isOurs(scene: Scene, places: readonly AudioPlace[]): void {
  ok(places.length > 0);
  for (const { address, port } of places) {
    equal(address, '127.0.0.1');
    ok(port >= scene.relay.media.min && port <= scene.relay.media.max && port % 2 === 0, `port ${port} is not ours`);
  }
}

/** The whole audio of the caller came to us, its whole echo came to us, and all of both went out again. */
function isEchoedAudio(counts: readonly number[] | undefined): void {
  equal(counts?.length, 5, `five counters: ${counts}`);
  const [ttl, fromCaller, fromCallee, relayed, dropped] = counts as [number, number, number, number, number];
  ok(ttl > 0 && ttl <= 60, `ttl ${ttl}`);
  isAbout(fromCaller, SENT_PACKETS);
  isAbout(fromCallee, SENT_PACKETS);
  equal(relayed, fromCaller + fromCallee);
  equal(dropped, 0);
}

function isAbout(count: number | undefined, expected: number): void {
  ok(count !== undefined && Math.abs(count - expected) <= TOLERANCE_PACKETS, `about ${expected} packets, not ${count}`);
}

/** What an end heard: from one port of ours only, unchanged, and nothing missing from its first packet to the last sent. */
function heardAll(peer: RtpPeer, port: number, ssrc: number, packets: number): void {
  const first = peer.arrived[0]?.sequence;
  ok(first !== undefined && first <= TOLERANCE_PACKETS, `first heard packet is number ${first}`);
  const heard = peer.arrived.map(({ address, port, ssrc, sequence }) => ({ address, port, ssrc, sequence }));
  const expected = Array.from({ length: packets - first }, (_, n) => ({ address: '127.0.0.1', port, ssrc, sequence: first + n }));
  deepEqual(heard, expected);
  ok(peer.arrived.every(({ payload, sequence }) => payload.length === 160 && payload.every((byte) => byte === sequence)));
}

/** No session lives, and the ports that were used are free for others. */
async function nothingLeft(scene: Scene, places: readonly AudioPlace[]): Promise<void> {
  match(await askOnce(scene.relay.control[0]!, 'I'), /^active sessions: 0$/m);
  for (const port of new Set(places.map((place) => place.port))) {
    ok(await areFreeForUdp(port, 2), `ports ${port} and ${port + 1}`);
  }
}

/** Kamailio had nothing to complain of, and we end when told to, with exit code 0. */
async function endsCleanly(scene: Scene): Promise<void> {
  await scene.kamailio.stop();
  const complaints = scene.kamailio
    .stderr()
    .split('\n')
    .filter((line) => /\b(ERROR|CRITICAL|ALERT|BUG)\b/.test(line));
  deepEqual(complaints, []);
  deepEqual(await scene.relay.stop(), { code: 0, signal: null }, scene.relay.stderr());
}
