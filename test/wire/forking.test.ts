/** `&& C`: the media of one session is sent into another, from whichever thread carries it. */
import { equal } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askPort, eventually, Party } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import type { DatagramPeer } from '../rig/enginePeer.js';
import { openRelay } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
/** As long as a silence must be to count as one. */
const QUIET_MS = 150;
const ARRIVAL_LIMIT_MS = 2_000;
/** So many pairs of calls that two threads cannot both carry none of the pairs that are split between them. */
const PAIRS = 12;

type Call = {
  readonly name: string;
  readonly caller: Party;
  readonly callee: Party;
  readonly facesCallee: number;
  readonly facesCaller: number;
};

async function openCall(t: TestContext, control: UdpControl, name: string): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = await askPort(control, `U ${name} 127.0.0.1 ${caller.rtp.port} f-${name}`);
  const facesCaller = await askPort(control, `L ${name} 127.0.0.1 ${callee.rtp.port} f-${name} t-${name}`);
  return { name, caller, callee, facesCallee, facesCaller };
}

/** Sends the media of `source` into `target`; `tags` of the source, forward unless said otherwise. */
const fork = async (
  control: UdpControl,
  source: Call,
  target: Call,
  tags = `f-${source.name} t-${source.name}`,
): Promise<string> =>
  control.ask(
    `U ${target.name} 127.0.0.1 ${target.caller.rtp.port} f-${target.name} t-${target.name} && C ${source.name} ${tags}`,
  );

async function arrives(at: DatagramPeer, bytes: Uint8Array, port: number, why: string): Promise<void> {
  const [arrived] = await at.take(1, ARRIVAL_LIMIT_MS).catch(() => []);
  const what = arrived === undefined ? 'nothing' : Buffer.from(bytes).equals(arrived.bytes) ? 'the packet' : 'another packet';
  equal(`${what} from port ${arrived?.from.port ?? port}`, `the packet from port ${port}`, why);
}

/** A packet of this party of the source comes to its own peer, and to that party of the target. */
async function isHeardTwice(source: Call, target: Call, who: 'caller' | 'callee', by: 'caller' | 'callee'): Promise<void> {
  const peer = who === 'caller' ? 'callee' : 'caller';
  const entry = who === 'caller' ? source.facesCaller : source.facesCallee;
  const exit = who === 'caller' ? source.facesCallee : source.facesCaller;
  const forkedExit = by === 'caller' ? target.facesCaller : target.facesCallee;
  const why = `the ${who} of ${source.name} is heard by the ${by} of ${target.name}`;
  // The answer to the command does not wait until the other thread sends: the first packets may pass before.
  await eventually(async () => {
    await source[who].rtp.send(source[who].nextRtp(), entry);
    await target[by].rtp.take(1, QUIET_MS);
  }, ARRIVAL_LIMIT_MS);
  await delay(QUIET_MS);
  for (const { arrived } of [source[peer].rtp, target[by].rtp]) arrived.splice(0);
  const packet = source[who].nextRtp();
  await source[who].rtp.send(packet, entry);
  await arrives(source[peer].rtp, packet, exit, `${why}: the call itself goes on`);
  await arrives(target[by].rtp, packet, forkedExit, why);
  const report = source[who].nextRtcp();
  await source[who].rtcp.send(report, entry + 1);
  await arrives(source[peer].rtcp, report, exit + 1, `${why}: RTCP of the call itself`);
  await arrives(target[by].rtcp, report, forkedExit + 1, `${why}: RTCP`);
}

test(
  '[KC-18] both directions of one session are heard in another: the callee by its caller, the caller by its callee',
  BOUND,
  async (t) => {
    const { control } = await openRelay(t);
    const [source, target] = [await openCall(t, control, 'source'), await openCall(t, control, 'target')];
    await target.caller.reaches(target.callee, target.facesCaller, target.facesCallee);
    equal(await fork(control, source, target), `${target.facesCallee} 127.0.0.1`);
    await isHeardTwice(source, target, 'callee', 'caller');
    await isHeardTwice(source, target, 'caller', 'callee');
  },
);

test('[KC-18] with the tags of the source swapped, its sides are swapped too', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const [source, target] = [await openCall(t, control, 'source'), await openCall(t, control, 'target')];
  equal(await fork(control, source, target, 't-source f-source'), `${target.facesCallee} 127.0.0.1`);
  await isHeardTwice(source, target, 'caller', 'caller');
  await isHeardTwice(source, target, 'callee', 'callee');
});

test('[KC-18] what the sides of the target say is not relayed while they hear another call', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const [source, target] = [await openCall(t, control, 'source'), await openCall(t, control, 'target')];
  equal(await fork(control, source, target), `${target.facesCallee} 127.0.0.1`);
  await target.caller.send(target.facesCaller, 3);
  await target.callee.send(target.facesCallee, 3);
  await target.caller.rtcp.send(target.caller.nextRtcp(), target.facesCaller + 1);
  await delay(QUIET_MS);
  equal(target.callee.rtp.arrived.length + target.caller.rtp.arrived.length + target.callee.rtcp.arrived.length, 0);
  await isHeardTwice(source, target, 'callee', 'caller');
  await source.caller.reaches(source.callee, source.facesCaller, source.facesCallee, 3);
});

test('[KC-18] when the target ends, the source goes on alone; a new target hears it again', BOUND, async (t) => {
  const { control, relay } = await openRelay(t);
  const [source, target] = [await openCall(t, control, 'source'), await openCall(t, control, 'target')];
  await fork(control, source, target);
  await isHeardTwice(source, target, 'callee', 'caller');
  equal(await control.ask('D target f-target'), '0');
  await source.callee.reaches(source.caller, source.facesCallee, source.facesCaller, 5);
  await source.caller.reaches(source.callee, source.facesCaller, source.facesCallee, 5);
  await delay(QUIET_MS);
  equal(target.caller.rtp.arrived.length + target.callee.rtp.arrived.length, 0, 'nothing more comes to the old target');
  const second = await openCall(t, control, 'second');
  equal(await fork(control, source, second), `${second.facesCallee} 127.0.0.1`);
  await isHeardTwice(source, second, 'callee', 'caller');
  equal(relay.running(), true);
});

test('[KC-18] the source may end first', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const [source, target] = [await openCall(t, control, 'source'), await openCall(t, control, 'target')];
  await fork(control, source, target);
  await isHeardTwice(source, target, 'callee', 'caller');
  equal(await control.ask('D source f-source'), '0');
  const next = await openCall(t, control, 'next');
  await next.callee.reaches(next.caller, next.facesCallee, next.facesCaller, 3);
  await delay(QUIET_MS);
  equal(target.caller.rtp.arrived.length, 0, 'another call in the place of the source is not heard');
  equal(await control.ask('D target f-target'), '0');
});

test('[KC-18] forty-eight sides at once, over both threads, each hear what they should', BOUND, async (t) => {
  const { control } = await openRelay(t, { args: ['--workers', '2'] });
  const pairs: (readonly [Call, Call])[] = [];
  for (let n = 0; n < PAIRS; n++) {
    const [source, target] = [await openCall(t, control, `source-${n}`), await openCall(t, control, `target-${n}`)];
    equal(await fork(control, source, target), `${target.facesCallee} 127.0.0.1`);
    pairs.push([source, target]);
  }
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      pairs.map(async ([source, target]) => {
        await isHeardTwice(source, target, 'callee', 'caller');
        await isHeardTwice(source, target, 'caller', 'callee');
      }),
    );
  }
  for (const [source, target] of pairs) {
    equal(await control.ask(`D ${target.name} f-${target.name}`), '0');
    await source.caller.reaches(source.callee, source.facesCaller, source.facesCallee);
  }
  equal(await control.ask('X'), '0');
});

test('[KC-18] one source may be heard in several calls', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const source = await openCall(t, control, 'source');
  const targets = [await openCall(t, control, 'one'), await openCall(t, control, 'two'), await openCall(t, control, 'three')];
  for (const target of targets) {
    equal(await fork(control, source, target), `${target.facesCallee} 127.0.0.1`);
    await isHeardTwice(source, target, 'callee', 'caller');
  }
  for (const { caller } of [source, ...targets]) {
    caller.rtp.arrived.splice(0);
    caller.rtcp.arrived.splice(0);
  }
  const packet = source.callee.nextRtp();
  await source.callee.rtp.send(packet, source.facesCallee);
  await arrives(source.caller.rtp, packet, source.facesCaller, 'the call itself');
  for (const target of targets) await arrives(target.caller.rtp, packet, target.facesCaller, target.name);
});

test('[KC-18] a session that does not exist, or the session itself, cannot be heard, and nothing changes', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const call = await openCall(t, control, 'call');
  const again = `U call 127.0.0.1 ${call.caller.rtp.port} f-call t-call`;
  for (const source of ['nosuch f t', 'call f-call t-call', 'call t-call f-call', 'call x y'])
    equal(await control.ask(`${again} && C ${source}`), `${call.facesCallee} 127.0.0.1 && -1`, source);
  await call.caller.reaches(call.callee, call.facesCaller, call.facesCallee, 2);
  await call.callee.reaches(call.caller, call.facesCallee, call.facesCaller, 2);
  await eventually(async () => equal(await control.ask('Q call f-call t-call nrelayed'), '4'));
});
