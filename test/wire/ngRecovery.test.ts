/** What a relay that was killed takes up again of calls that were made by NG. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askCall } from '../../src/io/admin/client.js';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import type { SnapshotRecord } from '../../src/relay/events/record.js';
import { sdpOf } from '../pure/ngGiven.js';
import { pick } from '../pure/ngQueryGiven.js';
import { eventually } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { HookServer } from '../rig/hookServer.js';
import { NgCall } from '../rig/ngCalls.js';
import { type NgRelay, openNgRelay } from '../rig/ngClient.js';
import { PatientNg } from '../rig/patientNg.js';
import { leasePorts } from '../rig/ports.js';
import type { RelayOptions } from '../rig/relay.js';
import { writeSettings } from '../rig/settingsFile.js';

const BOUND = { timeout: 60_000 };
/** What was heard is written down every two seconds. */
const SAMPLED_MS = 2_300;
const HOLD = ['a=sendonly'];
const FROM = { 'from-tag': 'alice' };
const BOTH = { ...FROM, 'to-tag': 'bob' };

/** Two networks with ports of their own, and a receiver of events. */
async function openScene(t: TestContext, options: RelayOptions = {}) {
  const lease = await leasePorts(80);
  t.after(() => lease.release());
  const [own, other] = [lease.range(40), lease.range(40)];
  const hook = await HookServer.start(t);
  const settings = await writeSettings(
    t,
    `networks:
  a: { addresses: 127.0.0.2, ports: ${own.min}-${own.max} }
  b: { addresses: 127.0.0.3, ports: ${other.min}-${other.max} }
events: { ways: ["${hook.url}"] }
`,
  );
  const args = ['--settings', settings.path, ...(options.args ?? [])];
  return { ...(await openNgRelay(t, { ...options, args })), hook, own, other };
}

const stateOf = async ({ relay }: NgRelay, { call }: NgCall): Promise<readonly SnapshotRecord[]> => {
  const answer = await askCall(join(relay.dataDir, 'admin.sock'), call);
  ok(answer.ok, answer.ok ? '' : answer.error);
  return answer.value.live;
};

/** All that is known of calls, but how often they were taken up, and what only the clock changes. */
const knownOf = async (ng: NgRelay, calls: readonly NgCall[]) =>
  (await Promise.all(calls.map((call) => stateOf(ng, call)))).flat().map(({ call, session, phase, state }) => ({
    ...{ call, session, phase, state: { ...state, recoveries: 0 } },
  }));

/** What a client reads of a call, without counters. */
async function toldOf(call: NgCall): Promise<unknown> {
  const { tags = {}, created } = (await call.ask('query')) as { tags?: NgDictionary; created?: number };
  const shown = Object.entries(tags).map(([tag, value]) => {
    const medias = pick(value, 'medias') as readonly NgDictionary[];
    return [tag, pick(value, 'label') ?? null, medias.map((media) => [media['index'], media['type'], media['codec'] ?? null])];
  });
  return { created, shown };
}

async function killAndRestart({ relay }: NgRelay, sessions: number): Promise<void> {
  await relay.killAndRestart();
  const said = new RegExp(`${sessions} sessions? of a relay that died (is|are) taken up`);
  await eventually(async () => match(relay.stdout() + relay.stderr(), said));
}

for (const engine of ENGINE_NAMES) {
  test(
    `[NG-09] ${engine}: calls of every shape are what they were after a kill, twice, and their media goes on`,
    BOUND,
    async (t) => {
      const lack = await lackOf(engine);
      if (lack !== null) return t.skip(lack);
      const ng = await openScene(t, { args: ['--engine', engine, '--workers', '2'] });
      const { ask } = ng;
      const plain = await (await NgCall.open(t, ask, 'plain')).setUp({ label: 'A' }, { label: 'B', metadata: 'm=1' });
      const two = await (await NgCall.open(t, ask, 'two-lines', 2)).setUp();
      const bridged = await (await NgCall.open(t, ask, 'bridged')).setUp({ direction: ['a', 'b'], flags: ['symmetric'] });
      ok(
        [ng.own, ng.other].every(
          ({ min, max }, i) =>
            [bridged.entries.alice, bridged.entries.bob][i]![0]!.port >= min &&
            [bridged.entries.alice, bridged.entries.bob][i]![0]!.port <= max,
        ),
      );
      const owned = await (await NgCall.open(t, ask, 'owned')).setUp({ controller: 'proxy', notify: [ng.hook.url] });
      const blocked = await (await NgCall.open(t, ask, 'blocked')).setUp();
      equal((await blocked.ask('block media', { ...FROM, flags: ['directional'] }))['result'], 'ok');
      const held = await (await NgCall.open(t, ask, 'held')).setUp();
      await held.offer({ ...BOTH }, HOLD);
      await held.answer({}, ['a=recvonly']);
      // Two branches: the second answers behind the first, which is not heard any more.
      const early = await NgCall.open(t, ask, 'forked');
      const late = await NgCall.open(t, ask, 'forked');
      late.tags.bob = 'carol';
      await early.setUp({ 'via-branch': 'z1' }, { 'via-branch': 'z1' });
      await late.setUp({ 'via-branch': 'z2' }, { 'via-branch': 'z2' });
      const calls = [plain, two, bridged, owned, blocked, held, early];
      for (const call of [plain, two, bridged, owned, late]) await call.talks(5);
      await blocked.talks(2, 'alice');
      await early.talks(2, 'bob');
      await delay(SAMPLED_MS);
      const before = await knownOf(ng, calls);
      const told = await Promise.all(calls.map(toldOf));
      equal(before.length, 9);
      for (let kill = 1; kill <= 2; kill++) {
        await killAndRestart(ng, 9);
        deepEqual(await knownOf(ng, calls), before);
        deepEqual(await Promise.all(calls.map(toldOf)), told);
        for (const call of [plain, two, bridged, owned, late]) await call.talks();
        await blocked.talks(2, 'alice');
        await early.talks(2, 'bob');
        if (kill === 1) await delay(SAMPLED_MS);
      }
      equal(pick(await plain.ask('query'), 'tags', 'bob', 'label'), 'B');
      equal((await blocked.ask('unblock media', { ...FROM, flags: ['directional'] }))['result'], 'ok');
      await blocked.talks();
      // The branch that is heard ends, and the other one is heard again.
      equal((await late.ask('delete', { ...FROM, 'to-tag': 'carol', 'via-branch': 'z2' }))['result'], 'ok');
      await early.talks();
      for (const call of calls) {
        const reply = await call.ask('delete', BOTH);
        equal(reply['result'], 'ok');
        equal(reply['warning'], undefined, call.call);
      }
      const ends = () => ng.hook.events.filter((event) => event['event'] === 'call-end' && event['call-id'] === 'owned');
      await eventually(async () =>
        deepEqual(
          ends().map((event) => event['controller']),
          ['proxy'],
        ),
      );
    },
  );
}

test(
  '[NG-09] an offer within a call stands open over a kill: an answer makes it so, a rollback gives it up',
  BOUND,
  async (t) => {
    for (const way of ['answer', 'rollback', 'delete by a reply'] as const) {
      const ng = await openNgRelay(t);
      const call = await (await NgCall.open(t, ng.ask, 'open-offer')).setUp();
      await call.talks();
      const moved = await NgCall.open(t, ng.ask, 'open-offer');
      await moved.offer(BOTH);
      deepEqual(moved.entries.bob, call.entries.bob);
      await call.talks();
      const before = await knownOf(ng, [call]);
      ok(before[0]!.state.legs.caller.pending !== null, 'something is pending');
      await killAndRestart(ng, 1);
      deepEqual((await knownOf(ng, [call]))[0]!.state.legs.caller.pending, before[0]!.state.legs.caller.pending);
      await call.talks();
      if (way === 'answer') {
        await moved.answer();
        deepEqual(moved.entries.alice, call.entries.alice);
        await moved.talks();
      } else {
        const request = way === 'rollback' ? { command: way } : { command: 'delete', 'sip-message-type': 'sip-reply' };
        equal((await call.ask(request.command, { ...BOTH, ...request }))['result'], 'ok');
        equal((await knownOf(ng, [call]))[0]?.state.legs.caller.pending, null);
        await call.talks();
      }
      await killAndRestart(ng, 1);
      await (way === 'answer' ? moved : call).talks();
    }
  },
);

test('[NG-09] a call that nobody has answered when the relay is killed can be answered, or given up', BOUND, async (t) => {
  const ng = await openNgRelay(t);
  const [answered, given] = [await NgCall.open(t, ng.ask, 'half'), await NgCall.open(t, ng.ask, 'given-up')];
  await answered.offer();
  await given.offer();
  await killAndRestart(ng, 2);
  await answered.answer();
  await answered.talks();
  equal((await given.ask('rollback', FROM))['result'], 'ok');
  deepEqual(await stateOf(ng, given), []);
});

for (const args of [[], ['--durability', 'fsync'], ['--engine', 'dgram']]) {
  const title = `[NG-01] ${args.join(' ')}: a request that is sent again over a kill gets its answer from the log, and is not carried out again`;
  test(title, BOUND, async (t) => {
    const ng = await openNgRelay(t, { args: [...args, '--workers', '2'] });
    const client = await PatientNg.open(ng.port);
    t.after(() => client.close());
    const other = await PatientNg.open(ng.port);
    t.after(() => other.close());
    const sdp = (port: number): string => sdpOf('127.0.0.1', port);
    const requests: readonly NgDictionary[] = [0, 1, 2, 3].flatMap((n) => {
      const call = { 'call-id': `again-${n}`, ...FROM };
      const setUp = [
        { command: 'offer', ...call, sdp: sdp(4000 + n) },
        { command: 'answer', ...call, 'to-tag': 'bob', sdp: sdp(5000 + n) },
      ];
      return n < 2 ? setUp : [...setUp, { command: 'delete', ...call, 'to-tag': 'bob', 'delete-delay': 0 }];
    });
    const answers: (NgDictionary | null)[] = [];
    for (const [n, request] of requests.entries()) answers.push((await client.ask(request, `cookie-${n}`)).reply);
    for (let kill = 1; kill <= 2; kill++) {
      await killAndRestart(ng, 2);
      const control = await UdpControl.to(ng.relay.control[0]!);
      t.after(() => control.close());
      const created = /sessions created: (\d+)/.exec(await control.ask('I'))?.[1];
      for (const [n, request] of requests.entries())
        deepEqual((await client.ask(request, `cookie-${n}`)).reply, answers[n], `request ${n} after kill ${kill}`);
      const { calls } = (await client.ask({ command: 'list' }, `list-${kill}`)).reply as { calls: string[] };
      deepEqual(calls.sort(), ['again-0', 'again-1']);
      match(await control.ask('I'), new RegExp(`sessions created: ${created}\n`));
    }
    const last = requests.length - 1;
    match(
      String((await other.ask(requests[last]!, `cookie-${last}`)).reply!['warning']),
      /\w/,
      'of somebody else it is another request',
    );
  });
}

test('[NG-17] a call that is taken up tells its owner when it ends for want of media', BOUND, async (t) => {
  const ng = await openScene(t, { args: ['-T', '5'] });
  const call = await (await NgCall.open(t, ng.ask, 'silent')).setUp({
    controller: 'proxy',
    notify: [ng.hook.url],
    metadata: 'm=1',
  });
  await call.talks();
  await delay(SAMPLED_MS);
  await killAndRestart(ng, 1);
  await eventually(async () => ok(ng.hook.events.some((event) => event['event'] === 'media-timeout')), 15_000);
  const event = ng.hook.events.find((each) => each['event'] === 'media-timeout')!;
  deepEqual([event['controller'], event['call-id'], event['to-tag']], ['proxy', 'silent', 'bob']);
});
