/** When sessions end by themselves, through the real process, on each packet engine. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { askPort, Party, setUpCall, totals } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const BOUND = { timeout: 30_000 };
const HOST = '127.0.0.1';

type Scene = { readonly t: TestContext; readonly relay: RunningRelay; readonly control: UdpControl };

describe('the end of silent sessions', { concurrency: ENGINE_NAMES.length }, () => {
  for (const name of ENGINE_NAMES) {
    test(`[PN-08 SY-30] ${name}: a session ends after its time to live without packets, and only then`, BOUND, async (t) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      const relay = await startRelay({ args: ['--engine', name, '-T', '2'] });
      t.after(() => relay.stop());
      const control = await UdpControl.to(relay.control[0]!);
      t.after(() => control.close());
      await watchSilence({ t, relay, control });
    });
    test(
      `${name}: a session that is not answered ends after the time of -W, an answered one after that of -T`,
      BOUND,
      async (t) => {
        const reason = await lackOf(name);
        if (reason !== null) return t.skip(reason);
        const relay = await startRelay({ args: ['--engine', name, '-T', '30', '-W', '1'] });
        t.after(() => relay.stop());
        const control = await UdpControl.to(relay.control[0]!);
        t.after(() => control.close());
        await watchSetup({ t, relay, control });
      },
    );
  }
});

/** `ttl` of a session in seconds, or null when it is gone. */
async function ttlOf(control: UdpControl, call: string): Promise<number | null> {
  const answer = await control.ask(`Q ${call} from-${call} to-${call} ttl`);
  return answer === 'E50' ? null : Number(answer);
}

/** Polls until the session is gone; answers how long that took, and every `ttl` that was seen. */
async function awaitEnd(
  control: UdpControl,
  call: string,
): Promise<{ readonly afterMs: number; readonly seen: readonly number[] }> {
  const start = performance.now();
  const seen: number[] = [];
  for (;;) {
    const ttl = await ttlOf(control, call);
    if (ttl === null) return { afterMs: performance.now() - start, seen };
    seen.push(ttl);
    ok(performance.now() - start < 10_000, 'the session does not end');
    await delay(50);
  }
}

async function watchSilence({ t, relay, control }: Scene): Promise<void> {
  const [silent, talking, rtcpOnly, stranger] = [
    await Party.open(t),
    await Party.open(t),
    await Party.open(t),
    await Party.open(t),
  ];
  const other = await Party.open(t);
  const quietCall = await setUpCall(control, 'quiet', silent, other);
  await silent.reaches(other, quietCall.facesCaller, quietCall.facesCallee);
  const livelyCall = await setUpCall(control, 'lively', talking, other);
  const rtcpCall = await setUpCall(control, 'rtcp', rtcpOnly, other);
  const quietEnds = awaitEnd(control, 'quiet');
  for (let turn = 0; turn < 8; turn++) {
    await talking.send(livelyCall.facesCaller);
    await rtcpOnly.rtcp.send(rtcpOnly.nextRtcp(), rtcpCall.facesCaller + 1);
    // Packets of somebody else do not keep a session alive.
    await stranger.send(quietCall.facesCaller);
    await delay(20);
    equal(await ttlOf(control, 'lively'), 2, 'back to the maximum with each packet');
    await delay(480);
  }
  const { afterMs, seen } = await quietEnds;
  ok(afterMs > 1_850 && afterMs < 3_000, `the quiet call ended after ${afterMs} ms`);
  deepEqual(
    [...new Set(seen)].filter((ttl) => ttl > 0),
    [2, 1],
    'the time to live counts down',
  );
  equal(await ttlOf(control, 'rtcp'), 2, 'RTCP keeps a session alive too');
  const livelyEnds = await awaitEnd(control, 'lively');
  ok(livelyEnds.afterMs > 1_300 && livelyEnds.afterMs < 2_800, `the other ended ${livelyEnds.afterMs} ms after its last packet`);
  await awaitEnd(control, 'rtcp');
  equal((await totals(control)).active, 0);
  for (const call of [quietCall, livelyCall, rtcpCall]) {
    for (const port of Object.values(call)) await (await DatagramPeer.open(HOST, port)).close();
  }
  ok(relay.running());
}

async function watchSetup({ t, control }: Scene): Promise<void> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  await askPort(control, `U waiting 127.0.0.1 ${caller.rtp.port} from-waiting`);
  await setUpCall(control, 'answered', caller, callee);
  const { afterMs, seen } = await awaitEnd(control, 'waiting');
  ok(afterMs > 900 && afterMs < 2_000, `ended after ${afterMs} ms`);
  deepEqual(
    [...new Set(seen)].filter((ttl) => ttl > 0),
    [1],
  );
  const ttl = await ttlOf(control, 'answered');
  ok(ttl !== null && ttl > 25 && ttl <= 30, `ttl ${ttl}`);
  // Asking for it again, as a retransmitted INVITE does, starts the time anew.
  await askPort(control, `U again 127.0.0.1 ${caller.rtp.port} from-again`);
  for (let turn = 0; turn < 4; turn++) {
    await delay(400);
    await askPort(control, `U again 127.0.0.1 ${caller.rtp.port} from-again`);
  }
  equal(await ttlOf(control, 'again'), 1);
}
