/** What Q and G say of traffic, against the packets that were really sent, dropped and doubled. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { type CallPorts, eventually, Party, setUpCall } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { instanceCounters, sessionCounters } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
const SAMPLES_20_MS = 160;
const ANALYSIS = ['rtpa_nsent', 'rtpa_nrcvd', 'rtpa_ndups', 'rtpa_nlost', 'rtpa_perrs'] as const;
const JITTER = ['longest_ipi', 'rtpa_jlast', 'rtpa_jmax', 'rtpa_javg'] as const;

let relay: RunningRelay;
let control: UdpControl;

before(async () => {
  relay = await startRelay();
  control = await UdpControl.to(relay.control[0]!);
});

after(async () => {
  await control.close();
  deepEqual(await relay.stop(), { code: 0, signal: null }, relay.stderr());
});

type Call = CallPorts & { readonly name: string; readonly caller: Party; readonly callee: Party };

async function openCall(t: TestContext, name: string): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  return { name, caller, callee, ...(await setUpCall(control, name, caller, callee)) };
}

const packet = (sequence: number, ssrc: number, timestamp = sequence * SAMPLES_20_MS): Uint8Array =>
  buildRtp({ payloadType: 0, marker: false, sequence, timestamp, ssrc }, new Uint8Array(SAMPLES_20_MS));

/** The caller sends packets with these numbers; settles when as many have been relayed to the callee. */
async function sends({ caller, callee, facesCaller }: Call, sequences: readonly number[], ssrc = caller.ssrc): Promise<void> {
  for (const sequence of sequences) await caller.rtp.send(packet(sequence, ssrc), facesCaller);
  await callee.rtp.take(sequences.length);
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);

/** What the analysis says of the caller's stream: sent, received, doubled, lost, unreadable. */
const analysisOf = async (call: Call, tags = `from-${call.name} to-${call.name}`): Promise<number[]> => {
  const found = await sessionCounters(control, call.name, tags, ...ANALYSIS);
  return ANALYSIS.map((name) => found[name]);
};

test('[PN-54 SY-19] lost and doubled packets are counted, on the side that sent them', BOUND, async (t) => {
  const call = await openCall(t, 'lossy');
  const sequences = [...range(100, 109), ...range(112, 120), 120, 120, ...range(121, 149)];
  await sends(call, sequences);
  await eventually(async () => deepEqual(await analysisOf(call), [50, 48, 2, 2, 0], 'sent, received, doubled, lost, unreadable'));
  deepEqual(await analysisOf(call, 'to-lossy from-lossy'), [0, 0, 0, 0, 0], 'the callee has sent nothing');
  // The doubles are relayed as they came.
  deepEqual((await control.ask('Q lossy from-lossy to-lossy')).split(' ').slice(1), ['50', '0', '50', '0']);
  const named = await control.ask('Qv lossy from-lossy to-lossy rtpa_nlost rtpa_ndups npkts_ina');
  equal(named, 'rtpa_nlost=2 rtpa_ndups=2 npkts_ina=50');
});

test('[PN-54] packets out of order are not lost, and the numbers may wrap', BOUND, async (t) => {
  const call = await openCall(t, 'wrapping');
  await sends(call, [65_530, 65_531, 65_533, 65_532, 65_534, 65_535, 0, 2, 1, 3, 5]);
  await eventually(async () => deepEqual(await analysisOf(call), [12, 11, 0, 1, 0]));
});

test('[PN-54] a new SSRC, or a jump, begins another count, and the sum of all is told', BOUND, async (t) => {
  const call = await openCall(t, 'changing');
  await sends(call, [...range(10, 19), ...range(21, 25)]);
  await sends(call, range(5000, 5009), call.caller.ssrc + 1000);
  await eventually(async () => deepEqual(await analysisOf(call), [26, 25, 0, 1, 0], 'after another SSRC'));
  await sends(call, range(20_000, 20_004), call.caller.ssrc + 1000);
  await eventually(async () => deepEqual(await analysisOf(call), [31, 30, 0, 1, 0], 'after a jump by more than 536'));
});

test('[PN-54 KC-04] what cannot be read as RTP is counted, and relayed all the same', BOUND, async (t) => {
  const call = await openCall(t, 'unreadable');
  await sends(call, range(1, 5));
  for (const bytes of ['x', 'this is no RTP, but long enough for it', '\x80\xc8 the second byte is of RTCP'])
    await call.caller.rtp.send(bytes, call.facesCaller);
  const arrived = await call.callee.rtp.take(3);
  equal(arrived[0]!.bytes.toString('latin1'), 'x');
  await eventually(async () => deepEqual(await analysisOf(call), [5, 5, 0, 0, 3]));
});

test(
  '[PN-54] the longest gap in seconds and the jitter have six decimals, and none of them is there before two packets',
  BOUND,
  async (t) => {
    const call = await openCall(t, 'gap');
    const read = async (): Promise<Record<(typeof JITTER)[number], number>> =>
      sessionCounters(control, 'gap', 'from-gap to-gap', ...JITTER);
    await sends(call, [1]);
    deepEqual(await read(), { longest_ipi: 0, rtpa_jlast: 0, rtpa_jmax: 0, rtpa_javg: 0 });
    await delay(300);
    await sends(call, [2]);
    await delay(50);
    await sends(call, [3]);
    await eventually(async () => {
      const { longest_ipi: gap, rtpa_jlast: last, rtpa_jmax: most, rtpa_javg: average } = await read();
      ok(gap >= 0.29 && gap < 2, `the gap of 300 ms is told as ${gap} s`);
      // 300 ms between packets that are 20 ms apart: 280 ms is 2240 units, a sixteenth of it 140.
      ok(most >= 120 && most < 1000, `the largest jitter is ${most}, expected about 140 timestamp units`);
      ok(last > 0 && last <= most && average > 0 && average <= most, `last ${last}, average ${average}, largest ${most}`);
    });
  },
);

test('[PN-52 SY-20] G counts sessions, those without media and with media one way only', BOUND, async (t) => {
  const names = [
    'nsess_created',
    'nsess_destroyed',
    'nsess_complete',
    'nsess_nortp',
    'nsess_owrtp',
    'nsess_nortcp',
    'nsess_owrtcp',
    'nsess_timeout',
  ] as const;
  const start = await instanceCounters(control, ...names);
  const since = async (): Promise<number[]> => {
    const now = await instanceCounters(control, ...names);
    return names.map((name) => now[name] - start[name]);
  };
  await openCall(t, 'silent');
  const [oneWay, both] = [await openCall(t, 'one-way'), await openCall(t, 'both')];
  await control.ask('U incomplete 127.0.0.1 4000 from-incomplete');
  await eventually(async () => deepEqual(await since(), [4, 0, 3, 0, 0, 0, 0, 0], `${names} while the sessions live`));
  await sends(oneWay, [1, 2]);
  await oneWay.caller.rtcp.send(oneWay.caller.nextRtcp(), oneWay.facesCaller + 1);
  await oneWay.callee.rtcp.take(1);
  await sends(both, [1, 2]);
  await both.callee.reaches(both.caller, both.facesCallee, both.facesCaller);
  for (const [who, entry, peer] of [
    [both.caller, both.facesCaller, both.callee],
    [both.callee, both.facesCallee, both.caller],
  ] as const) {
    await who.rtcp.send(who.nextRtcp(), entry + 1);
    await peer.rtcp.take(1);
  }
  for (const call of ['silent', 'one-way', 'both', 'incomplete']) equal(await control.ask(`D ${call} from-${call}`), '0');
  await eventually(async () => deepEqual(await since(), [4, 4, 3, 1, 1, 1, 1, 0], `${names} after their end`));
});

test(
  '[PN-52 SY-20] G counts packets: received, relayed, thrown away; and the analysis once a session is over',
  BOUND,
  async (t) => {
    const names = [
      'npkts_rcvd',
      'npkts_relayed',
      'npkts_discard',
      'rtpa_nsent',
      'rtpa_nrcvd',
      'rtpa_ndups',
      'rtpa_nlost',
    ] as const;
    const start = await instanceCounters(control, ...names);
    const since = async (): Promise<number[]> => {
      const now = await instanceCounters(control, ...names);
      return names.map((name) => now[name] - start[name]);
    };
    const [early, stranger] = [await Party.open(t), await Party.open(t)];
    const port = Number.parseInt(await control.ask('U early 127.0.0.1 4000 from-early'), 10);
    await early.send(port, 3);
    await eventually(async () =>
      deepEqual(await since(), [0, 0, 3, 0, 0, 0, 0], 'before both legs are open nothing is received'),
    );
    const call = await openCall(t, 'counted');
    await sends(call, [1, 2, 3, 5, 5]);
    await call.caller.rtcp.send(call.caller.nextRtcp(), call.facesCaller + 1);
    await call.callee.rtcp.take(1);
    await stranger.send(call.facesCaller, 2);
    await eventually(async () =>
      deepEqual(await since(), [8, 6, 5, 0, 0, 0, 0], `${names}: a stranger's two are received and thrown away`),
    );
    equal(await control.ask('D counted from-counted'), '0');
    await eventually(async () => deepEqual(await since(), [8, 6, 5, 5, 4, 1, 1], `${names} after the end of the session`));
    equal(await control.ask('D early from-early'), '0');
  },
);

test('[PN-52 SY-20] G counts commands: repeated datagrams apart, refusals and failed lookups as errors', BOUND, async () => {
  const names = ['ncmds_rcvd', 'ncmds_succd', 'ncmds_errs', 'ncmds_repld'] as const;
  const start = await instanceCounters(control, ...names);
  const commands = ['V', 'U cmds 127.0.0.1 4000 f', 'D cmds f', 'D cmds f', 'L nosuch 127.0.0.1 4000 f t', 'Foo'];
  for (const command of commands) await control.ask(command);
  const now = await instanceCounters(control, ...names);
  // A G is counted as received before it is answered, and as done afterwards: the first one shows as done now, the second as received.
  deepEqual(
    names.map((name) => now[name] - start[name]),
    [7, 4, 3, 7],
    `${names}`,
  );

  const repeated = ['ncmds_rcvd', 'ncmds_rcvd_ndups'] as const;
  const before = await instanceCounters(control, ...repeated);
  for (let turn = 0; turn < 3; turn++) equal(await control.ask('V', { cookie: 'said_again' }), '20040107');
  const after = await instanceCounters(control, ...repeated);
  deepEqual(
    repeated.map((name) => after[name] - before[name]),
    [2, 2],
    'one V and the G itself, and two that were repeated',
  );
});

test('[PN-52] G tells the lifetimes of all sessions, and the rate of packets', BOUND, async (t) => {
  const start = await instanceCounters(control, 'total_duration');
  const call = await openCall(t, 'lasting');
  let rate = 0;
  for (let turn = 0; turn < 30; turn++) {
    await sends(call, range(turn * 5, turn * 5 + 4));
    await delay(50);
    rate = Math.max(rate, (await instanceCounters(control, 'pps_in')).pps_in);
  }
  ok(rate > 20 && rate < 400, `about 100 packets a second are told as ${rate}`);
  equal(await control.ask('D lasting from-lasting'), '0');
  await eventually(async () => {
    const lasted = (await instanceCounters(control, 'total_duration')).total_duration - start.total_duration;
    ok(lasted >= 1.5 && lasted < 10, `a session of at least 1.5 s has added ${lasted} s`);
  });
});
