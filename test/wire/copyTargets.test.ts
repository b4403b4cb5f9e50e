/** C in company: copies to hosts of both families, to several at a time, of both sides, into files, and beside a fork. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, Party } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import { completeFiles, packetsIn, recordingsOf, stereoIn } from '../rig/recordedFiles.js';
import { askPlace, openRelay } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
const QUIET_MS = 150;
const ARRIVAL_LIMIT_MS = 3_000;

type Call = {
  readonly name: string;
  readonly caller: Party;
  readonly callee: Party;
  readonly facesCallee: number;
  readonly facesCaller: number;
};

/** A call with the tags `f-NAME` and `t-NAME`; `letters` of its U and L. */
async function openCall(t: TestContext, control: UdpControl, name: string, letters = '', host = '127.0.0.1'): Promise<Call> {
  const [caller, callee] = [await Party.open(t, host), await Party.open(t, host)];
  const u = `U${letters} ${name} ${host} ${caller.rtp.port} f-${name}`;
  const { port: facesCallee } = await askPlace(control, u, host);
  const l = `L${letters} ${name} ${host} ${callee.rtp.port} f-${name} t-${name}`;
  const { port: facesCaller } = await askPlace(control, l, host);
  return { name, caller, callee, facesCallee, facesCaller };
}

const tagsOf = ({ name }: Call, side: 'caller' | 'callee'): string =>
  side === 'caller' ? `f-${name} t-${name}` : `t-${name} f-${name}`;

type Spoken = { readonly rtp: readonly Buffer[]; readonly rtcp: readonly Buffer[] };

/** A side sends packets and a report; the other side gets them all. */
async function speak(call: Call, side: 'caller' | 'callee', packets: number): Promise<Spoken> {
  const [own, other] = side === 'caller' ? [call.caller, call.callee] : [call.callee, call.caller];
  const entry = side === 'caller' ? call.facesCaller : call.facesCallee;
  const rtp = Array.from({ length: packets }, () => Buffer.from(own.nextRtp()));
  for (const packet of rtp) await own.rtp.send(packet, entry);
  const report = Buffer.from(own.nextRtcp());
  await own.rtcp.send(report, entry + 1);
  deepEqual(
    (await other.rtp.take(packets)).map(({ bytes }) => bytes),
    rtp,
  );
  equal((await other.rtcp.take(1)).length, 1);
  return { rtp, rtcp: [report] };
}

async function gets(listener: Party, { rtp, rtcp }: Spoken, what: string): Promise<void> {
  const bytesOf = (arrived: readonly { readonly bytes: Buffer }[]): Buffer[] => arrived.map(({ bytes }) => bytes);
  deepEqual(bytesOf(await listener.rtp.take(rtp.length, ARRIVAL_LIMIT_MS)), rtp, what);
  deepEqual(bytesOf(await listener.rtcp.take(rtcp.length, ARRIVAL_LIMIT_MS)), rtcp, what);
}

for (const [family, letters, host] of [
  ['IPv4', 'II', '127.0.0.1'],
  ['IPv6', '6', '::1'],
] as const) {
  const title = `[PN-07 SY-18 KC-05 CW-34] a call on ${family}: each side is copied to two hosts on IPv4 and two on IPv6 at a time, until N`;
  test(title, BOUND, async (t) => {
    const { control } = await openRelay(t, { args: ['-6', '/::1'] });
    const call = await openCall(t, control, 'wide', letters, host);
    const listeners = { caller: [] as Party[], callee: [] as Party[] };
    for (const side of ['caller', 'callee'] as const) {
      for (const at of ['127.0.0.1', '127.0.0.2', '[::1]', '::1']) {
        const listener = await Party.open(t, at.replace(/[[\]]/g, ''));
        equal(await control.ask(`C wide udp:${at}:${listener.rtp.port} ${tagsOf(call, side)}`), '0', at);
        listeners[side].push(listener);
      }
    }
    for (const side of ['caller', 'callee'] as const) {
      const spoken = await speak(call, side, 10);
      for (const [n, listener] of listeners[side].entries()) await gets(listener, spoken, `listener ${n} of the ${side}`);
    }
    equal(await control.ask(`N wide ${tagsOf(call, 'caller')}`), '0');
    const after = { caller: await speak(call, 'caller', 5), callee: await speak(call, 'callee', 5) };
    for (const listener of listeners.callee) await gets(listener, after.callee, 'N ends those of one side');
    equal(await control.ask(`Na wide ${tagsOf(call, 'caller')}`), '0');
    equal(await control.ask(`Na wide ${tagsOf(call, 'caller')}`), 'E50');
    await speak(call, 'callee', 5);
    await delay(QUIET_MS);
    const left = [...listeners.caller, ...listeners.callee].map(({ rtp, rtcp }) => rtp.arrived.length + rtcp.arrived.length);
    deepEqual(
      left.filter((packets) => packets > 0),
      [],
    );
  });
}

for (const form of ['ad-hoc', 'pcap'] as const) {
  test(`[SY-17 SY-18 CW-34] C into a file (${form}) of each side, under one name, beside a copy and an R`, BOUND, async (t) => {
    const { control, relay } = await openRelay(t, { args: ['-r', 'DIR/recordings', '--record-format', form] });
    const call = await openCall(t, control, 'filed');
    const listener = await Party.open(t);
    equal(await control.ask(`C filed named ${tagsOf(call, 'caller')}`), '0');
    equal(await control.ask(`C filed named ${tagsOf(call, 'callee')}`), '0');
    equal(await control.ask(`C filed udp:127.0.0.1:${listener.rtp.port} ${tagsOf(call, 'caller')}`), '0');
    equal(await control.ask(`R filed ${tagsOf(call, 'caller')}`), '0');
    const [ofCaller, ofCallee] = [await speak(call, 'caller', 20), await speak(call, 'callee', 10)];
    await gets(listener, ofCaller, 'the copy');
    equal(await control.ask(`N filed ${tagsOf(call, 'caller')}`), '0');
    const later = await speak(call, 'callee', 10);
    await speak(call, 'caller', 10);
    equal(await control.ask('D filed f-filed'), '0');
    const folder = recordingsOf(relay.dir);
    const sides = ['.a.rtcp', '.a.rtp', '.o.rtcp', '.o.rtp'].map((suffix) => `filed=f-filed${suffix}`);
    deepEqual(await completeFiles(folder, 8), [...sides, 'named-2.rtcp', 'named-2.rtp', 'named.rtcp', 'named.rtp'].sort());
    const all = { rtp: [...ofCallee.rtp, ...later.rtp], rtcp: [...ofCallee.rtcp, ...later.rtcp] };
    await eventually(async () => {
      for (const [base, { rtp, rtcp }] of [
        ['named', ofCaller],
        ['named-2', all],
        ['filed=f-filed.o', ofCaller],
        ['filed=f-filed.a', all],
      ] as const) {
        deepEqual(packetsIn(join(folder, `${base}.rtp`)), rtp, base);
        deepEqual(packetsIn(join(folder, `${base}.rtcp`)), rtcp, base);
      }
    }, ARRIVAL_LIMIT_MS);
  });
}

test('[SY-17 CW-34] C into a file names one WAV file of both sides', BOUND, async (t) => {
  const { control, relay } = await openRelay(t, { args: ['-r', 'DIR/recordings', '--record-format', 'wav'] });
  const call = await openCall(t, control, 'filed');
  equal(await control.ask(`C filed sound ${tagsOf(call, 'callee')}`), '0');
  // Packets that come all at once end when they come, and have begun before.
  await delay(2 * QUIET_MS);
  await speak(call, 'caller', 10);
  await speak(call, 'callee', 5);
  equal(await control.ask('D filed f-filed'), '0');
  const folder = recordingsOf(relay.dir);
  deepEqual(await completeFiles(folder, 1), ['sound.wav']);
  const { sides } = stereoIn(join(folder, 'sound.wav'));
  deepEqual(
    sides.map((samples) => samples.filter((sample) => sample !== 0).length >= 5 * 160),
    [true, true],
  );
});

test(
  '[KC-18 KC-09] what a fork brings into a call is recorded and copied there, on the side whose place it takes',
  BOUND,
  async (t) => {
    const { control, relay } = await openRelay(t, { args: ['-r', 'DIR/recordings'] });
    // So many that two threads cannot both carry no pair that is split between them.
    for (let pair = 0; pair < 6; pair++) {
      const [source, target] = [await openCall(t, control, `source-${pair}`), await openCall(t, control, `target-${pair}`)];
      equal(await control.ask(`R ${target.name} ${tagsOf(target, 'caller')}`), '0');
      const listener = await Party.open(t);
      const to = `udp:127.0.0.1:${listener.rtp.port}`;
      equal(await control.ask(`C ${target.name} ${to} ${tagsOf(target, 'callee')}`), '0');
      const own = await speak(target, 'callee', 3);
      await gets(listener, own, 'before the fork');
      const update = `U ${target.name} 127.0.0.1 ${target.caller.rtp.port} ${tagsOf(target, 'caller')}`;
      match(await control.ask(`${update} && C ${source.name} ${tagsOf(source, 'caller')}`), /^\d+ 127\.0\.0\.1$/);
      // The answer does not wait until the other thread sends.
      await delay(QUIET_MS);
      const [ofCaller, ofCallee] = [await speak(source, 'caller', 10), await speak(source, 'callee', 10)];
      await gets(target.caller, ofCallee, 'the caller hears the callee of the source');
      await gets(target.callee, ofCaller, 'the callee hears its caller');
      await gets(listener, ofCallee, 'so does who gets a copy of the callee');
      equal(await control.ask(`D ${target.name} f-${target.name}`), '0');
      await source.callee.reaches(source.caller, source.facesCallee, source.facesCaller, 3);
      equal(await control.ask(`D ${source.name} f-${source.name}`), '0');
      const base = join(recordingsOf(relay.dir), `${target.name}=f-${target.name}`);
      await eventually(async () => {
        deepEqual(packetsIn(`${base}.a.rtp`), [...own.rtp, ...ofCallee.rtp]);
        deepEqual(packetsIn(`${base}.o.rtp`), ofCaller.rtp);
        deepEqual(packetsIn(`${base}.a.rtcp`), [...own.rtcp, ...ofCallee.rtcp]);
        deepEqual(packetsIn(`${base}.o.rtcp`), ofCaller.rtcp);
      }, ARRIVAL_LIMIT_MS);
    }
    const strangers = readdirSync(recordingsOf(relay.dir)).filter((name) => !name.startsWith('target'));
    deepEqual(strangers, [], 'the source is not recorded');
  },
);
