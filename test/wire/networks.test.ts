/** Media between networks: bridges, labels, advertised addresses, IPv4 and IPv6, and how packets look when they leave. */
import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { askPort, Party } from '../rig/calls.js';
import { controlPlace, UdpControl } from '../rig/control.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { findExecutable, requirePeer } from '../rig/peers.js';
import { startRelay } from '../rig/relay.js';
import { askPlace, type LocalPlace, openRelay } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
/** As long as a silence must be to count as one. */
const QUIET_MS = 150;

/** A call whose legs stand on addresses of their own. */
type Call = {
  readonly caller: Party;
  readonly callee: Party;
  readonly facesCallee: LocalPlace;
  readonly facesCaller: LocalPlace;
};

/** What a leg is described with, and where its answer must be. */
type Leg = { readonly letters?: string; readonly party: string; readonly answers: string; readonly said?: string };

/**
 * Sets up a call. The caller's leg is answered for with the address that faces the callee, and the other way round; `said` is the address
 * that the answer names, if it is not the one that is bound.
 */
async function openCall(t: TestContext, control: UdpControl, call: string, legs: { caller: Leg; callee: Leg }): Promise<Call> {
  const [caller, callee] = [await Party.open(t, legs.caller.party), await Party.open(t, legs.callee.party)];
  const ask = async (command: string, { answers, said }: Leg): Promise<LocalPlace> => ({
    port: (await askPlace(control, command, said ?? answers)).port,
    host: answers,
  });
  const { letters: first = '', party: from } = legs.caller;
  const { letters: second = '', party: to } = legs.callee;
  return {
    caller,
    callee,
    facesCallee: await ask(`U${first} ${call} ${from} ${caller.rtp.port} f`, legs.caller),
    facesCaller: await ask(`L${second} ${call} ${to} ${callee.rtp.port} f t`, legs.callee),
  };
}

/** RTP and RTCP go both ways, and each side sees the packets come from the address that was named to it. */
async function carriesMedia({ caller, callee, facesCallee, facesCaller }: Call, why: string): Promise<void> {
  for (const [who, entry, other, exit] of [
    [caller, facesCaller, callee, facesCallee],
    [callee, facesCallee, caller, facesCaller],
  ] as const) {
    const packet = who.nextRtp();
    await who.rtp.send(packet, entry.port, entry.host);
    deepEqual(await other.rtp.take(1), [{ bytes: Buffer.from(packet), from: exit }], `RTP: ${why}`);
    const report = who.nextRtcp();
    await who.rtcp.send(report, entry.port + 1, entry.host);
    const rtcpExit = { host: exit.host, port: exit.port + 1 };
    deepEqual(await other.rtcp.take(1), [{ bytes: Buffer.from(report), from: rtcpExit }], `RTCP: ${why}`);
  }
}

test('[KM-44 KM-45] bridge: each side speaks with its own network, whichever pair of letters was given', BOUND, async (t) => {
  const { control } = await openRelay(t, { address: '127.0.0.1/127.0.0.2' });
  const [internal, external] = ['127.0.0.1', '127.0.0.2'];
  for (const [letters, facesCallee, facesCaller] of [
    ['IE', external, internal],
    ['EI', internal, external],
    ['II', internal, internal],
    ['EE', external, external],
  ] as const) {
    const call = await openCall(t, control, `call-${letters}`, {
      caller: { letters, party: facesCaller, answers: facesCallee },
      callee: { letters, party: facesCallee, answers: facesCaller },
    });
    await carriesMedia(call, letters);
  }
});

test('[KM-46] bridge: sides are asymmetric unless they say s, or the relay was started so', BOUND, async (t) => {
  for (const { args, letters, follows } of [
    { args: [], letters: 'IE', follows: false },
    { args: [], letters: 'IES', follows: true },
    { args: ['--bridge_symmetric'], letters: 'IE', follows: true },
    { args: ['--bridge_symmetric'], letters: 'IEA', follows: false },
  ]) {
    const { relay, control } = await openRelay(t, { address: '127.0.0.1/127.0.0.2', args });
    const why = `${letters} ${args.join(' ')}`;
    const call = await openCall(t, control, 'call', {
      caller: { letters, party: '127.0.0.1', answers: '127.0.0.2' },
      callee: { letters, party: '127.0.0.2', answers: '127.0.0.1' },
    });
    const elsewhere = await Party.open(t, '127.0.0.3');
    await elsewhere.rtp.send(elsewhere.nextRtp(), call.facesCaller.port, call.facesCaller.host);
    await delay(QUIET_MS);
    equal(call.callee.rtp.arrived.splice(0).length, follows ? 1 : 0, `${why}: packets from another host are heard`);
    await call.callee.rtp.send(call.callee.nextRtp(), call.facesCallee.port, call.facesCallee.host);
    await (follows ? elsewhere : call.caller).rtp.take(1);
    equal((follows ? call.caller : elsewhere).rtp.arrived.length, 0, why);
    await relay.stop();
  }
});

test('[KC-18] --force_asymmetric: nobody is learned from, unless he says s', BOUND, async (t) => {
  const { control } = await openRelay(t, { args: ['--force_asymmetric'] });
  for (const [letters, follows] of [
    ['', false],
    ['s', true],
  ] as const) {
    const call = await openCall(t, control, `call-${letters}`, {
      caller: { letters, party: '127.0.0.1', answers: '127.0.0.1' },
      callee: { party: '127.0.0.1', answers: '127.0.0.1' },
    });
    const elsewhere = await Party.open(t, '127.0.0.3');
    await elsewhere.rtp.send(elsewhere.nextRtp(), call.facesCaller.port, '127.0.0.1');
    await delay(QUIET_MS);
    equal(call.callee.rtp.arrived.length, follows ? 1 : 0, `U${letters}`);
  }
});

test('[KC-05 SY-06 KM-47] IPv4 and IPv6 hear each other, RTP and RTCP, whoever calls', BOUND, async (t) => {
  const { control } = await openRelay(t, { args: ['-6', '/::1'] });
  const [v4, v6] = ['127.0.0.1', '::1'];
  const outgoing = await openCall(t, control, 'outgoing', {
    caller: { letters: 'IE', party: v4, answers: v6 },
    callee: { letters: 'IE6', party: v6, answers: v4 },
  });
  await carriesMedia(outgoing, 'IPv4 calls IPv6');
  const incoming = await openCall(t, control, 'incoming', {
    caller: { letters: 'EI6', party: v6, answers: v4 },
    callee: { letters: 'EI', party: v4, answers: v6 },
  });
  await carriesMedia(incoming, 'IPv6 calls IPv4');
  const within = await openCall(t, control, 'within', {
    caller: { letters: '6', party: v6, answers: v6 },
    callee: { letters: '6', party: v6, answers: v6 },
  });
  await carriesMedia(within, 'IPv6 alone');
});

test('[KC-05 KC-18] the same port number may be in use on IPv4 and on IPv6', BOUND, async (t) => {
  const { control } = await openRelay(t, { args: ['-6', '/::1'], mediaPorts: 4 });
  const four = await Promise.all(['a', 'b'].map((name) => askPlace(control, `UII ${name} 127.0.0.1 4000 f`)));
  const six = await Promise.all(['c', 'd'].map((name) => askPlace(control, `UEE6 ${name} ::1 4000 f`, '::1')));
  deepEqual(four.map(({ port }) => port).sort(), six.map(({ port }) => port).sort(), 'both pairs, once in each family');
  for (const command of ['UII e 127.0.0.1 4000 f', 'UEE6 e ::1 4000 f']) equal(await control.ask(command), 'E72', command);
});

test('[CW-28 KC-18] labels choose addresses, and the advertised one is said while the real one is used', BOUND, async (t) => {
  const args = ['-l', 'lan@127.0.0.2=198.51.100.7', '-l', 'dmz@127.0.0.3'];
  const { control } = await openRelay(t, { address: '127.0.0.1=203.0.113.5', args });
  const labelled = await openCall(t, control, 'labelled', {
    caller: { letters: 'L{lan}', party: '127.0.0.1', answers: '127.0.0.2', said: '198.51.100.7' },
    callee: { letters: 'L{dmz}', party: '127.0.0.1', answers: '127.0.0.3' },
  });
  await carriesMedia(labelled, 'one label each');
  const unlabelled = await openCall(t, control, 'unlabelled', {
    caller: { party: '127.0.0.1', answers: '127.0.0.1', said: '203.0.113.5' },
    callee: { letters: 'L127.0.0.4', party: '127.0.0.1', answers: '127.0.0.4' },
  });
  await carriesMedia(unlabelled, 'the default, and an address by number');
});

test('[CW-28] advertised addresses of a bridge', BOUND, async (t) => {
  const { control } = await openRelay(t, { address: '127.0.0.1/127.0.0.2', args: ['-A', '198.51.100.1/198.51.100.2'] });
  const call = await openCall(t, control, 'call', {
    caller: { letters: 'IE', party: '127.0.0.1', answers: '127.0.0.2', said: '198.51.100.2' },
    callee: { letters: 'IE', party: '127.0.0.2', answers: '127.0.0.1', said: '198.51.100.1' },
  });
  await carriesMedia(call, 'what is said is not what is bound');
});

test('[PN-49] r gives the address from which the other side is reached', BOUND, async (t) => {
  const { control } = await openRelay(t, { address: '127.0.0.7' });
  const call = await openCall(t, control, 'call', {
    caller: { letters: 'R127.0.0.9', party: '127.0.0.7', answers: '127.0.0.1' },
    callee: { party: '127.0.0.1', answers: '127.0.0.1' },
  });
  await carriesMedia(call, 'not the one of -l');
});

test('[PN-53] n: media goes on over the new port, and the old one is closed', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const call = await openCall(t, control, 'call', {
    caller: { party: '127.0.0.1', answers: '127.0.0.1' },
    callee: { party: '127.0.0.1', answers: '127.0.0.1' },
  });
  await carriesMedia(call, 'before');
  const moved = await askPlace(control, `UN call 127.0.0.1 ${call.caller.rtp.port} f t`);
  notEqual(moved.port, call.facesCallee.port);
  await carriesMedia({ ...call, facesCallee: moved }, 'over the new port');
  for (const port of [call.facesCallee.port, call.facesCallee.port + 1])
    await (await DatagramPeer.open('127.0.0.1', port)).close();
  for (const port of [moved.port, moved.port + 1]) await rejects(DatagramPeer.open('127.0.0.1', port), { code: 'EADDRINUSE' });
});

test('[KC-18] -2: packets below 128 bytes are sent twice, others once', BOUND, async (t) => {
  const { control } = await openRelay(t, { args: ['-2'] });
  const call = await openCall(t, control, 'call', {
    caller: { party: '127.0.0.1', answers: '127.0.0.1' },
    callee: { party: '127.0.0.1', answers: '127.0.0.1' },
  });
  const sized = (bytes: number, sequence: number): Uint8Array =>
    buildRtp({ payloadType: 18, marker: false, sequence, timestamp: sequence * 80, ssrc: 5 }, new Uint8Array(bytes - 12));
  for (const [n, bytes] of [32, 127, 128, 172].entries()) await call.caller.rtp.send(sized(bytes, n), call.facesCaller.port);
  await delay(QUIET_MS);
  const arrived = call.callee.rtp.arrived.splice(0).map(({ bytes }) => bytes.length);
  deepEqual(arrived, [32, 32, 127, 127, 128, 172]);
  equal(await control.ask('Q call f t npkts_ina nrelayed'), '4 4', 'counted once');
});

for (const workers of [1, 2])
  test(
    `[KC-18] -b: ports are given out one after the other, with ${workers === 1 ? 'one thread' : 'two threads'}`,
    BOUND,
    async (t) => {
      const pairs = 10;
      const { relay, control } = await openRelay(t, { mediaPorts: pairs * 2, args: ['-b', '--workers', String(workers)] });
      const { min } = relay.media;
      const given: number[] = [];
      for (let n = 0; n < pairs; n++) given.push(await askPort(control, `U call-${n} 127.0.0.1 4000 f`));
      const steps = given.slice(1).map((port, n) => (port - given[n]! + pairs * 2) % (pairs * 2));
      deepEqual(steps, new Array(pairs - 1).fill(2), `two more each time, from the last to the first: ${given}`);
      deepEqual(
        [...given].sort(),
        given.map((_, n) => min + n * 2),
        'the whole range',
      );
      // What became free is not taken at once: the turn goes on.
      for (const n of [3, 4, 7]) equal(await control.ask(`D call-${n} f`), '0');
      const again = [];
      for (const name of ['x', 'y', 'z']) again.push(await askPort(control, `U ${name} 127.0.0.1 4000 f`));
      deepEqual(again, [given[3], given[4], given[7]]);
      equal(await control.ask('U more 127.0.0.1 4000 f'), 'E72');
    },
  );

test('[SY-26] without -b ports are not in order', BOUND, async (t) => {
  const { control } = await openRelay(t, { mediaPorts: 100 });
  const given: number[] = [];
  for (let n = 0; n < 40; n++) given.push(await askPort(control, `U call-${n} 127.0.0.1 4000 f`));
  const inOrder = given.slice(1).filter((port, n) => port === given[n]! + 2).length;
  ok(inOrder < 10, `${inOrder} of 39 ports are the next one of the port before`);
  equal(new Set(given).size, 40);
});

/** `IP_TOS` of a bound UDP socket, as the kernel reports it. */
function tosOf(port: number): number {
  const ss = findExecutable('ss')!;
  const said = execFileSync(ss, ['-H', '-n', '-u', '-a', '--tos', `sport = :${port}`], { encoding: 'utf8' });
  return Number(/\btos:(\S+)/.exec(said)?.[1] ?? 0);
}

test('[KC-18] packets are marked as -t and S tos say, RTP and RTCP', BOUND, async (t) => {
  if (!requirePeer(t, ['ss'], 'apt-get install --no-install-recommends iproute2')) return;
  const usual = await openRelay(t);
  const port = await askPort(usual.control, 'U usual 127.0.0.1 4000 f');
  deepEqual([tosOf(port), tosOf(port + 1)], [184, 184], 'expedited forwarding');

  const { control } = await openRelay(t, { args: ['-t', '96'] });
  const facesCallee = await askPort(control, 'U call 127.0.0.1 4000 f && Sr tos=32');
  const facesCaller = await askPort(control, 'L call 127.0.0.1 5000 f t');
  deepEqual([tosOf(facesCallee), tosOf(facesCallee + 1)], [32, 32], 'the other side of the one described, at once');
  deepEqual([tosOf(facesCaller), tosOf(facesCaller + 1)], [96, 96], 'as -t says');
  equal(await control.ask('U call 127.0.0.1 4000 f t && S tos=64').then((answer) => answer.split(' ')[0]), String(facesCallee));
  deepEqual([tosOf(facesCaller), tosOf(facesCallee)], [64, 32], 'the side described');
  const moved = await askPort(control, 'UN call 127.0.0.1 4000 f t');
  equal(tosOf(moved), 32, 'a new port is marked as the old one was');
});

test('[CW-05] the answer comes from the address that was asked, on a control socket for all addresses', BOUND, async (t) => {
  const relay = await startRelay({ control: ['udp:*:PORT'] });
  t.after(() => relay.stop());
  const place = controlPlace(relay.control[0]!);
  const port = 'port' in place ? place.port : 0;
  const client = await UdpControl.open('127.0.0.1', port);
  t.after(() => client.close());
  for (const [n, host] of ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.2'].entries()) {
    client.send(`asked_${n} V`, host);
    deepEqual(await client.receive(), { text: `asked_${n} 20040107\n`, from: { address: host, port } });
    client.send(`asked_${n} V`, host);
    deepEqual((await client.receive()).from, { address: host, port }, 'a repeated answer too');
  }
});
