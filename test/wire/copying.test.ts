/** C to another host, on each packet engine: who listens gets every packet of one side, the call notices nothing. */
import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { eventually, Party, setUpCall } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { startRelay } from '../rig/relay.js';

const BOUND = { timeout: 30_000 };
/** As long as a silence must be to count as one. */
const QUIET_MS = 120;

async function openCall(t: TestContext, args: readonly string[]) {
  const relay = await startRelay({ args, mediaPorts: 16 });
  t.after(() => relay.stop());
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  const [caller, callee, listener] = [await Party.open(t), await Party.open(t), await Party.open(t)];
  const { facesCallee, facesCaller } = await setUpCall(control, 'copied', caller, callee);
  return { control, caller, callee, listener, facesCallee, facesCaller };
}

/** Whether all pairs of the range but those of the call are free: as many calls can begin as there is room for. */
async function freePairs(control: UdpControl): Promise<number> {
  let free = 0;
  while (!(await control.ask(`U count-${free} 127.0.0.1 4000 f`)).startsWith('E')) free++;
  for (let n = 0; n < free; n++) equal(await control.ask(`D count-${n} f`), '0');
  return free;
}

for (const engine of ENGINE_NAMES) {
  test(
    `[PN-07 PN-45 SY-18 CW-34] ${engine}: each of two listeners gets a copy of all that a side sends, until N`,
    BOUND,
    async (t) => {
      const lack = await lackOf(engine);
      if (lack !== null) return t.skip(lack);
      const { control, caller, callee, listener, facesCallee, facesCaller } = await openCall(t, ['--engine', engine]);
      const second = await Party.open(t);
      const pairs = await freePairs(control);
      const answer = await control.ask(`Cp copied udp:127.0.0.1:${listener.rtp.port} from-copied to-copied`);
      match(answer, /^\d+ 127\.0\.0\.1$/);
      const from = { host: '127.0.0.1', port: Number.parseInt(answer, 10) };
      notEqual(from.port, facesCallee);
      equal(await control.ask(`C copied udp:127.0.0.1:${listener.rtp.port} from-copied to-copied`), '0', 'again is no error');
      equal(await freePairs(control), pairs - 1, 'and takes no ports');
      equal(await control.ask(`C copied udp:127.0.0.1:${second.rtp.port} from-copied to-copied`), '0');
      equal(await freePairs(control), pairs - 2, 'a second listener has a pair of its own');

      const packets = await caller.send(facesCaller, 20);
      equal((await callee.rtp.take(20)).length, 20);
      deepEqual(
        await listener.rtp.take(20),
        packets.map((bytes) => ({ bytes: Buffer.from(bytes), from })),
      );
      deepEqual(
        (await second.rtp.take(20)).map(({ bytes }) => bytes),
        packets.map((bytes) => Buffer.from(bytes)),
      );
      const report = caller.nextRtcp();
      await caller.rtcp.send(report, facesCaller + 1);
      deepEqual(await listener.rtcp.take(1), [{ bytes: Buffer.from(report), from: { ...from, port: from.port + 1 } }]);
      await callee.reaches(caller, facesCallee, facesCaller, 5);
      equal(listener.rtp.arrived.length, 0, 'what the other side sends is not copied');

      equal(await control.ask('N copied from-copied to-copied'), '0');
      equal(await control.ask('N copied from-copied to-copied'), 'E50');
      await caller.reaches(callee, facesCaller, facesCallee, 5);
      await delay(QUIET_MS);
      deepEqual([listener.rtp.arrived.length, second.rtp.arrived.length], [0, 0]);
      await eventually(async () => equal(await freePairs(control), pairs, 'its ports are free again'));
    },
  );
}

test(
  '[PN-07 CW-34] both sides may be copied to different places, without RTCP under -R, and the end of the call ends it',
  BOUND,
  async (t) => {
    const { control, caller, callee, listener, facesCallee, facesCaller } = await openCall(t, ['-R']);
    const other = await Party.open(t);
    const pairs = await freePairs(control);
    equal(await control.ask(`C copied udp:127.0.0.1:${listener.rtp.port} from-copied to-copied`), '0');
    equal(await control.ask(`C copied udp:127.0.0.1:${other.rtp.port} to-copied from-copied`), '0');
    const [said, answered] = [await caller.send(facesCaller, 3), await callee.send(facesCallee, 3)];
    const bytesOf = (arrived: readonly { readonly bytes: Uint8Array }[]) => arrived.map(({ bytes }) => Buffer.from(bytes));
    deepEqual(
      bytesOf(await listener.rtp.take(3)),
      said.map((bytes) => Buffer.from(bytes)),
    );
    deepEqual(
      bytesOf(await other.rtp.take(3)),
      answered.map((bytes) => Buffer.from(bytes)),
    );
    await caller.rtcp.send(caller.nextRtcp(), facesCaller + 1);
    equal((await callee.rtcp.take(1)).length, 1);
    await delay(QUIET_MS);
    equal(listener.rtcp.arrived.length, 0);
    equal(await control.ask('D copied from-copied'), '0');
    await eventually(async () => equal(await freePairs(control), pairs + 2));
    for (const target of ['udp:127.0.0.1', 'udp:127.0.0.1:0', 'udp:nowhere:4000', 'udp:127.0.0.1:70000', 'a-file']) {
      await setUpCall(control, 'odd', caller, callee);
      equal(await control.ask(`C odd ${target} from-odd to-odd`), 'E65', target);
    }
  },
);

for (const listen of ['127.0.0.1', '*']) {
  test(`with -l ${listen} a call is not copied into itself, where its packets would go round for ever`, BOUND, async (t) => {
    const relay = await startRelay({ address: listen });
    t.after(() => relay.stop());
    const control = await UdpControl.to(relay.control[0]!);
    t.after(() => control.close());
    const portOf = async (command: string): Promise<number> => Number.parseInt(await control.ask(command), 10);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const facesCallee = await portOf(`U round 127.0.0.1 ${caller.rtp.port} f`);
    const facesCaller = await portOf(`L round 127.0.0.1 ${callee.rtp.port} f t`);
    for (const port of [facesCallee, facesCaller]) {
      for (const target of [port, port + 1, port - 1]) {
        for (const tags of ['f t', 't f']) equal(await control.ask(`C round udp:127.0.0.1:${target} ${tags}`), 'E65');
      }
    }
    for (const host of ['0.0.0.0', '[::]', '::']) equal(await control.ask(`C round udp:${host}:4000 f t`), 'E65', 'no host');
    await caller.send(facesCaller, 3);
    equal((await callee.rtp.take(3)).length, 3);
    await delay(QUIET_MS);
    deepEqual([caller.rtp.arrived.length, callee.rtp.arrived.length], [0, 0]);
    const other = listen === '*' ? '127.0.0.2' : '127.0.0.9';
    const wanted = listen === '*' ? 'E65' : '0';
    equal(await control.ask(`C round udp:${other}:${facesCallee} f t`), wanted, 'only where we listen is ours');
  });
}
