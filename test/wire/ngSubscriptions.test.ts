/** Copies of a call for somebody else, from a running relay: packets as they come to sockets. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { type NgAsk, NgCall } from '../rig/ngCalls.js';
import { type NgDoors, openNgDoors } from '../rig/ngDoors.js';
import { NgSubscriber } from '../rig/ngSubscriber.js';
import { instanceCounters } from '../rig/relayScene.js';
import { callOn, SHARDS } from '../rig/threadScene.js';

const BOUND = { timeout: 60_000 };
const OF_ALICE = { 'from-tag': 'alice' };
const OK = { result: 'ok' };

/** How many packets came to the relay, and how many of them went nowhere. */
async function counted(t: TestContext, { relay }: NgDoors): Promise<() => Promise<{ came: number; lost: number }>> {
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  return async () => {
    const { npkts_rcvd: came, npkts_discard: lost } = await instanceCounters(control, 'npkts_rcvd', 'npkts_discard');
    return { came, lost };
  };
}

/** One party is copied from the answer on until the subscription ends; what the subscriber sends is heard by nobody. */
async function copiesOne(t: TestContext, doors: NgDoors, ask: NgAsk, name: string): Promise<void> {
  const call = await (await NgCall.open(t, ask, name)).setUp();
  const carol = await NgSubscriber.request(t, ask, name, OF_ALICE);
  deepEqual([carol.offer['from-tag'], carol.places.length], ['alice', 1]);
  await call.says('alice');
  await carol.heardNothing();
  await carol.answer();
  await call.says('bob');
  await carol.heardNothing();
  await carol.heard(await call.says('alice', 20));
  const [{ rtp, rtcp }] = carol.lines as [NgSubscriber['lines'][0]];
  const report = call.alice[0]!.nextRtcp();
  await call.alice[0]!.rtcp.send(report, call.entries.alice[0]!.port + 1);
  const copies = [...(await rtcp.take(1)), ...(await call.bob[0]!.rtcp.take(1))];
  deepEqual(
    copies.map(({ bytes, from }) => [bytes, from.port]),
    [carol.places[0]!, call.entries.bob[0]!].map(({ port }) => [Buffer.from(report), port + 1]),
  );
  const counts = await counted(t, doors);
  const before = await counts();
  for (let n = 0; n < 5; n++) await rtp.send(carol.lines[0]!.nextRtp(), carol.places[0]!.port);
  await eventually(async () => deepEqual(await counts(), { came: before.came + 5, lost: before.lost + 5 }));
  for (const party of [call.alice[0]!, call.bob[0]!, carol.lines[0]!]) deepEqual(await party.rtp.takeAll(), []);
  await carol.heard(await call.says('alice'));
  deepEqual(await carol.unsubscribe(), OK);
  await call.says('alice');
  await carol.heardNothing();
  equal((await carol.unsubscribe())['error-reason'], 'To-tag not found');
  deepEqual(Object.keys((await call.ask('query'))['tags'] ?? {}).sort(), ['alice', 'bob']);
}

/** Two who hear different parties; one leaves, and the other stays. */
async function copiesTwice(t: TestContext, ask: NgAsk, name: string): Promise<void> {
  const call = await (await NgCall.open(t, ask, name)).setUp({ label: 'A' }, { label: 'B' });
  const carol = await NgSubscriber.open(t, ask, name, OF_ALICE);
  const dave = await NgSubscriber.open(t, ask, name, { 'from-tags': ['alice', 'bob'], 'to-tag': 'dave' });
  const erin = await NgSubscriber.open(t, ask, name, { label: 'B' });
  equal(dave.tag, 'dave');
  const [said, answered] = [await call.says('alice'), await call.says('bob')];
  await carol.heard(said);
  await dave.heard(said, 0);
  await dave.heard(answered, 1);
  await erin.heard(answered);
  deepEqual(await carol.unsubscribe(), OK);
  await dave.heard(await call.says('alice'));
  await carol.heardNothing();
  await erin.heardNothing();
}

/** Both parties and both of their media, until the call ends. */
async function copiesAll(t: TestContext, ask: NgAsk, name: string): Promise<void> {
  const call = await (await NgCall.open(t, ask, name, 2)).setUp();
  const carol = await NgSubscriber.open(t, ask, name, { all: 'all' });
  deepEqual(String(carol.offer['sdp']).match(/^m=\w+/gm), ['m=audio', 'm=video', 'm=audio', 'm=video']);
  equal(new Set(carol.places.map(({ port }) => port)).size, 4);
  for (const [n, side] of (['alice', 'bob'] as const).entries()) {
    for (const line of [0, 1]) {
      await carol.heard(await call.says(side, 5, line), 2 * n + line);
      await carol.heardNothing();
    }
  }
  equal((await call.ask('delete', { ...OF_ALICE, 'to-tag': 'bob' }))['result'], 'ok');
  equal((await carol.unsubscribe())['error-reason'], 'Unknown call-ID');
  await call.alice[0]!.send(call.entries.alice[0]!.port, 3);
  await carol.heardNothing();
}

/** They go on over a kill of the relay, of whichever media thread. */
async function copiesOn(t: TestContext, { relay, udp, tcp }: NgDoors): Promise<void> {
  const opened = [];
  for (const shard of [0, 1]) {
    const name = callOn(shard, 'killed');
    const call = await (await NgCall.open(t, udp, name)).setUp();
    const [carol, dave] = [
      await NgSubscriber.open(t, udp, name, OF_ALICE),
      await NgSubscriber.open(t, tcp, name, { all: 'all' }),
    ];
    const half = await NgSubscriber.request(t, udp, name, { 'from-tag': 'bob' });
    opened.push({ call, carol, dave, half });
  }
  for (let kill = 1; kill <= 2; kill++) {
    await relay.killAndRestart();
    await eventually(async () => match(relay.stdout() + relay.stderr(), /\d\d sessions of a relay that died are taken up/));
    for (const { call, carol, dave } of opened) {
      const [said, answered] = [await call.says('alice'), await call.says('bob')];
      await carol.heard(said);
      await dave.heard(said, 0);
      await dave.heard(answered, 1);
    }
  }
  for (const { call, carol, dave, half } of opened) {
    await half.heardNothing();
    await half.answer();
    deepEqual(await carol.unsubscribe(), OK);
    await half.heard(await call.says('bob'));
    await dave.heard(await call.says('alice'));
    await carol.heardNothing();
    equal((await call.ask('delete', OF_ALICE))['result'], 'ok');
    equal((await dave.unsubscribe())['error-reason'], 'Unknown call-ID');
  }
}

for (const engine of ['io_uring', 'epoll'] as const) {
  test(`[NG-03] ${engine}: subscriptions to calls of either media thread`, BOUND, async (t) => {
    const lack = await lackOf(engine);
    if (lack !== null) return t.skip(lack);
    const doors = await openNgDoors(t, { args: ['--engine', engine, '--workers', `${SHARDS}`] });
    for (const shard of [0, 1]) {
      const on = (name: string): string => callOn(shard, name);
      const where = `of thread ${shard}`;
      const cases: readonly (readonly [string, (t: TestContext) => Promise<void>])[] = [
        [`a party ${where} is copied, by UDP in bencode`, (t) => copiesOne(t, doors, doors.udp, on('by-udp'))],
        [`a party ${where} is copied, by TCP in JSON`, (t) => copiesOne(t, doors, doors.tcp, on('by-tcp'))],
        [`several subscribers to a call ${where}`, (t) => copiesTwice(t, doors.udp, on('several'))],
        [`all parties and media ${where}, and the end of the call`, (t) => copiesAll(t, doors.tcp, on('all'))],
      ];
      for (const [title, run] of cases) await t.test(title, BOUND, run);
    }
    await t.test('[NG-09] over a kill, of whichever media thread', BOUND, (t) => copiesOn(t, doors));
  });
}

test('[NG-03] a subscription takes a port pair for each line, and gives it back', BOUND, async (t) => {
  // Room for a call and one line more.
  const { udp: ask, relay } = await openNgDoors(t, { mediaPorts: 6 });
  await (await NgCall.open(t, ask, 'call')).setUp();
  const isFull = async (): Promise<void> => {
    const refused = await ask({ command: 'subscribe request', 'call-id': 'call', ...OF_ALICE });
    equal(refused['error-reason'], 'Ran out of ports');
  };
  const both = await ask({ command: 'subscribe request', 'call-id': 'call' });
  equal(both['error-reason'], 'Ran out of ports', 'two lines do not fit, and none of them is left open');
  for (let turn = 0; turn < 3; turn++) {
    const carol = await NgSubscriber.open(t, ask, 'call', OF_ALICE);
    const [{ port }] = carol.places as [NgSubscriber['places'][0]];
    equal(port >= relay.media.min && port <= relay.media.max, true);
    await isFull();
    if (turn < 2) deepEqual(await carol.unsubscribe(), OK);
  }
  equal((await ask({ command: 'delete', 'call-id': 'call', ...OF_ALICE }))['result'], 'ok');
  const next = await (await NgCall.open(t, ask, 'next')).setUp();
  await NgSubscriber.open(t, ask, 'next', OF_ALICE);
  await next.talks();
});
