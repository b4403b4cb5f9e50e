/** Calls through the real process, on each packet engine: what goes in, what comes out, what is counted, when it ends. */
import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { askPort, eventually, Party, setUpCall, type Totals, totals } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const BOUND = { timeout: 30_000 };
const HOST = '127.0.0.1';
/** As long as a silence must be to count as one. */
const QUIET_MS = 120;

/** What every test below is given: a relay with one engine, and a control client of it. */
type Scene = { readonly t: TestContext; readonly relay: RunningRelay; readonly control: UdpControl };

type Body = (scene: Scene) => Promise<void>;

async function twoParties({ t }: Scene): Promise<readonly [Party, Party]> {
  return [await Party.open(t), await Party.open(t)];
}

async function relaysBothWays({ relay, control, ...rest }: Scene): Promise<void> {
  const [caller, callee] = await twoParties({ relay, control, ...rest });
  const { facesCallee, facesCaller } = await setUpCall(control, 'both-ways', caller, callee);
  const { min, max } = relay.media;
  for (const port of [facesCallee, facesCaller]) {
    ok(port >= min && port < max && port % 2 === 0, `port ${port} is even and within ${min}..${max}`);
    for (const taken of [port, port + 1]) await rejects(DatagramPeer.open(HOST, taken), { code: 'EADDRINUSE' });
  }
  notEqual(facesCallee, facesCaller);
  await caller.reaches(callee, facesCaller, facesCallee, 50);
  await callee.reaches(caller, facesCallee, facesCaller, 50);
  for (let turn = 0; turn < 3; turn++) {
    const [fromCaller, fromCallee] = [caller.nextRtcp(), callee.nextRtcp()];
    await caller.rtcp.send(fromCaller, facesCaller + 1);
    await callee.rtcp.send(fromCallee, facesCallee + 1);
    deepEqual(await callee.rtcp.take(1), [{ bytes: Buffer.from(fromCaller), from: { host: HOST, port: facesCallee + 1 } }]);
    deepEqual(await caller.rtcp.take(1), [{ bytes: Buffer.from(fromCallee), from: { host: HOST, port: facesCaller + 1 } }]);
  }
  equal(caller.rtp.arrived.length + callee.rtp.arrived.length, 0, 'RTCP never comes to the RTP port');
}

async function waitsForAnswer(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  const facesCallee = await askPort(control, `U early 127.0.0.1 ${caller.rtp.port} from`);
  await callee.send(facesCallee, 5);
  await callee.rtcp.send(callee.nextRtcp(), facesCallee + 1);
  await delay(QUIET_MS);
  equal(caller.rtp.arrived.length + caller.rtcp.arrived.length, 0, 'nothing is relayed');
  deepEqual((await control.ask('Q early from')).split(' ').slice(1), ['0', '0', '0', '0'], 'and nothing counted');
  const facesCaller = await askPort(control, `L early 127.0.0.1 ${callee.rtp.port} from to`);
  await callee.reaches(caller, facesCallee, facesCaller);
  await caller.reaches(callee, facesCaller, facesCallee);
}

async function fillsSlots(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  const facesCallee = await askPort(control, 'U slots - 0 from');
  const facesCaller = await askPort(control, 'L slots - 0 from to');
  await caller.send(facesCaller, 3);
  await delay(QUIET_MS);
  equal(callee.rtp.arrived.length, 0, 'nobody knows yet where the callee is');
  await callee.reaches(caller, facesCallee, facesCaller, 3);
  await caller.reaches(callee, facesCaller, facesCallee, 3);
  await callee.rtcp.send('rtcp', facesCallee + 1);
  deepEqual(
    (await caller.rtcp.take(1)).map(({ from }) => from.port),
    [facesCaller + 1],
    'RTCP is guessed to be beside RTP',
  );
}

async function followsNat(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  // Addresses behind a NAT, as phones write them into their session descriptions; of the loopback network, so that nothing gets out.
  const facesCallee = await askPort(control, 'U nat 127.99.0.10 4000 from');
  const facesCaller = await askPort(control, 'L nat 127.99.0.20 5000 from to');
  await caller.send(facesCaller);
  // Datagrams of different sockets are not delivered in the order they were sent.
  await eventually(async () => equal(await control.ask('Q nat from to npkts_ina'), '1'));
  await callee.send(facesCallee);
  await caller.rtp.take(1);
  await caller.reaches(callee, facesCaller, facesCallee, 3);
  await callee.reaches(caller, facesCallee, facesCaller, 3);
}

async function followsPort(scene: Scene): Promise<void> {
  const { control, t } = scene;
  const [caller, callee] = await twoParties(scene);
  const mapped = await Party.open(t);
  const { facesCallee, facesCaller } = await setUpCall(control, 'mapped', caller, callee);
  await mapped.reaches(callee, facesCaller, facesCallee, 2);
  await callee.reaches(mapped, facesCallee, facesCaller, 2);
  equal(caller.rtp.arrived.length, 0, 'the signalled port gets nothing any more');
  // The same stream from yet another port: the NAT has given it a new mapping in the middle of the call.
  const remapped = await Party.open(t);
  await mapped.reaches(callee, facesCaller, facesCallee);
  const moved = mapped.nextRtp();
  await remapped.rtp.send(moved, facesCaller);
  deepEqual(
    (await callee.rtp.take(1)).map(({ bytes }) => bytes),
    [Buffer.from(moved)],
  );
  await callee.reaches(remapped, facesCallee, facesCaller, 2);
}

async function ignoresThirdParty(scene: Scene): Promise<void> {
  const { control, t } = scene;
  const [caller, callee] = await twoParties(scene);
  const intruder = await Party.open(t);
  const { facesCallee, facesCaller } = await setUpCall(control, 'third', caller, callee);
  await caller.reaches(callee, facesCaller, facesCallee, 2);
  await callee.reaches(caller, facesCallee, facesCaller, 2);
  await caller.rtcp.send(caller.nextRtcp(), facesCaller + 1);
  await callee.rtcp.take(1);
  const before = await totals(control);
  await intruder.send(facesCaller, 5);
  await intruder.send(facesCallee, 5);
  await intruder.rtcp.send(intruder.nextRtcp(), facesCaller + 1);
  await delay(QUIET_MS);
  equal(callee.rtp.arrived.length + callee.rtcp.arrived.length + caller.rtp.arrived.length, 0, 'nobody hears it');
  const now = await totals(control);
  deepEqual([now.received - before.received, now.transmitted - before.transmitted], [11, 0], 'it is counted, and not sent on');
  equal(await control.ask('Qv third from-third to-third npkts_ina npkts_ino nrelayed'), 'npkts_ina=2 npkts_ino=2 nrelayed=4');
  await callee.reaches(caller, facesCallee, facesCaller, 2);
  equal(intruder.rtp.arrived.length, 0, 'and it hears nothing');
}

async function countsSession(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  const facesCallee = await askPort(control, 'U counted - 0 from');
  const facesCaller = await askPort(control, `L counted 127.0.0.1 ${callee.rtp.port} from to`);
  await callee.send(facesCallee, 4);
  await eventually(async () => equal(await control.ask('Q counted from to ndropped'), '4'));
  await caller.reaches(callee, facesCaller, facesCallee, 30);
  await callee.reaches(caller, facesCallee, facesCaller, 20);
  await caller.rtcp.send(caller.nextRtcp(), facesCaller + 1);
  await callee.rtcp.take(1);
  // ttl, from the caller's side, from the callee's, relayed, dropped; RTCP does not show.
  deepEqual((await control.ask('Q counted from to')).split(' ').slice(1), ['30', '24', '50', '4']);
  deepEqual((await control.ask('Q counted to from')).split(' ').slice(1), ['24', '30', '50', '4'], 'seen from the other side');
  equal(await control.ask('Qv counted from to npkts_ina ndropped'), 'npkts_ina=30 ndropped=4');
}

async function countsInstance(scene: Scene): Promise<void> {
  const { control } = scene;
  const start = await totals(control);
  const since = async () => {
    const now = await totals(control);
    return Object.fromEntries(Object.entries(now).map(([key, value]) => [key, value - start[key as keyof Totals]]));
  };
  const calls = await Promise.all(['one', 'two', 'three'].map(async (call) => ({ call, parties: await twoParties(scene) })));
  for (const { call, parties } of calls) {
    const { facesCallee, facesCaller } = await setUpCall(control, call, ...parties);
    await parties[0].reaches(parties[1], facesCaller, facesCallee, 10);
    await parties[1].reaches(parties[0], facesCallee, facesCaller, 5);
    await parties[0].rtcp.send(parties[0].nextRtcp(), facesCaller + 1);
    await parties[1].rtcp.take(1);
  }
  await eventually(async () => deepEqual(await since(), { created: 3, active: 3, streams: 6, received: 48, transmitted: 48 }));
  for (const { call } of calls) equal(await control.ask(`D ${call} from-${call} to-${call}`), '0');
  deepEqual(await since(), { created: 3, active: 0, streams: 0, received: 48, transmitted: 48 });
}

async function holds(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  const { facesCallee, facesCaller } = await setUpCall(control, 'held', caller, callee);
  await caller.reaches(callee, facesCaller, facesCallee);
  await callee.reaches(caller, facesCallee, facesCaller);
  equal(await askPort(control, `U held 0.0.0.0 ${caller.rtp.port} from-held to-held`), facesCallee, 'the same port');
  equal(await askPort(control, `L held 127.0.0.1 ${callee.rtp.port} from-held to-held`), facesCaller);
  // The one who holds says where it does not listen, but what comes is still brought to where it is: music, or a comfort tone.
  await callee.reaches(caller, facesCallee, facesCaller, 3);
  equal(await askPort(control, `U held 127.0.0.1 ${caller.rtp.port} from-held to-held`), facesCallee, 'taken up again');
  await caller.reaches(callee, facesCaller, facesCallee, 3);
  await callee.reaches(caller, facesCallee, facesCaller, 3);
}

async function startsOnHold(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  const facesCallee = await askPort(control, `U dumb 0.0.0.0 ${caller.rtp.port} from`);
  const facesCaller = await askPort(control, `L dumb 127.0.0.1 ${callee.rtp.port} from to`);
  await callee.send(facesCallee, 2);
  await eventually(async () => equal(await control.ask('Q dumb from to ndropped'), '2'));
  equal(caller.rtp.arrived.length, 0, 'nowhere to send it');
  await askPort(control, `U dumb 127.0.0.1 ${caller.rtp.port} from to`);
  await callee.reaches(caller, facesCallee, facesCaller, 2);
}

async function freesPorts(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  for (let turn = 0; turn < 20; turn++) {
    const { facesCallee, facesCaller } = await setUpCall(control, 'freed', caller, callee);
    await caller.send(facesCaller, 2);
    equal(await control.ask('D freed from-freed to-freed'), '0');
    for (const port of [facesCallee, facesCallee + 1, facesCaller, facesCaller + 1]) {
      await (await DatagramPeer.open(HOST, port)).close();
    }
    equal(await control.ask('D freed from-freed to-freed'), 'E50');
    equal(await control.ask('Q freed from-freed to-freed'), 'E50');
    equal(await control.ask(`L freed 127.0.0.1 ${callee.rtp.port} from-freed to-freed`), '0');
  }
  caller.rtp.arrived.length = 0;
  callee.rtp.arrived.length = 0;
}

async function keepsCallsApart(scene: Scene): Promise<void> {
  const { control } = scene;
  const calls = await Promise.all(
    Array.from({ length: 15 }, async (_, n) => {
      const parties = await twoParties(scene);
      return { parties, ports: await setUpCall(control, `apart-${n}`, ...parties) };
    }),
  );
  equal(
    new Set(calls.flatMap(({ ports }) => [ports.facesCallee, ports.facesCaller])).size,
    30,
    'every leg has a port of its own',
  );
  await Promise.all(
    calls.map(async ({ parties: [caller, callee], ports: { facesCallee, facesCaller } }) => {
      await caller.reaches(callee, facesCaller, facesCallee, 20);
      await callee.reaches(caller, facesCallee, facesCaller, 20);
    }),
  );
  equal(await control.ask('X'), '0');
  equal((await totals(control)).active, 0);
}

async function survivesPortZero(scene: Scene): Promise<void> {
  const { control } = scene;
  const [caller, callee] = await twoParties(scene);
  // RTCP of the last port would go to port 0, where nobody can be reached.
  for (const port of [65_535, 65_536, 131_072]) {
    const facesCallee = await askPort(control, `U last-${port} 127.0.0.1 ${port} from`);
    await askPort(control, `L last-${port} 127.0.0.1 ${callee.rtp.port} from to`);
    await callee.rtcp.send(callee.nextRtcp(), facesCallee + 1);
    await callee.send(facesCallee);
  }
  await delay(QUIET_MS);
  const { facesCallee, facesCaller } = await setUpCall(control, 'after-last', caller, callee);
  await caller.reaches(callee, facesCaller, facesCallee, 3);
  equal((await totals(control)).active, 4, 'no session was lost');
  equal(await control.ask('X'), '0');
}

const TESTS: readonly (readonly [string, Body])[] = [
  ['a call is relayed both ways, RTP and RTCP, byte for byte, on even ports and the next ones', relaysBothWays],
  ['nothing is relayed before the answer has passed by', waitsForAnswer],
  [
    '[PN-22 SY-29] without signalled addresses the first packet of each side tells where it is, then both directions flow',
    fillsSlots,
  ],
  ['[PN-01] media goes to where packets come from, not to the private address of the session description', followsNat],
  ['[PN-01] packets from another port than the signalled one are followed, also when the stream moves later', followsPort],
  ['a third party is ignored once the sides are known, and its packets are counted', ignoresThirdParty],
  ['[SY-19] the counters of a session are the packets that were sent', countsSession],
  ['[SY-20] the counters of the instance are the calls and packets there were', countsInstance],
  ['a call on hold keeps its ports and its path, and is taken up again', holds],
  ['a call that begins on hold sends nothing there until it is taken up', startsOnHold],
  ['deleting a call frees its four ports at once', freesPorts],
  ['fifteen calls at a time do not hear each other, and are all deleted at once', keepsCallsApart],
  ['a signalled port that leads to port 0 harms nobody', survivesPortZero],
];

for (const name of ENGINE_NAMES) {
  describe(name, () => {
    let relay: RunningRelay;
    let control: UdpControl;
    let reason: string | null = null;
    before(async () => {
      reason = await lackOf(name);
      if (reason !== null) return;
      relay = await startRelay({ args: ['--engine', name] });
      control = await UdpControl.to(relay.control[0]!);
    });
    after(async () => {
      if (reason !== null) return;
      await control.close();
      deepEqual(await relay.stop(), { code: 0, signal: null }, relay.stderr());
      equal(relay.stderr(), '', 'nothing was worth a warning');
    });
    for (const [title, body] of TESTS) {
      test(title, BOUND, async (t) => {
        if (reason !== null) return t.skip(reason);
        await body({ t, relay, control });
      });
    }
  });
}
