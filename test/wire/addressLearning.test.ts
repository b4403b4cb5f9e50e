/**
 * Whom the relay sends to: what it learns from packets, what signalling may change afterwards, and who may take a stream over.
 * What the property tests show of the rules is shown here of the real process, for the cases that operators meet.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { askPort, type CallPorts, eventually, Party, setUpCall } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const BOUND = { timeout: 30_000 };
/** As long as a silence must be to count as one. */
const QUIET_MS = 120;
/** After signalling touched a known address, for so long any source may take a stream over. */
const WINDOW_MS = 10_000;
/** So far ahead a sequence number may be for a stream to be recognised. */
const FARTHEST = 536;

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

/** The caller's side is described again, as by a re-INVITE. */
const describes = (call: Call, host: string, port: number, letters = ''): Promise<number> =>
  askPort(control, `U${letters} ${call.name} ${host} ${port} from-${call.name} to-${call.name}`);

const packet = (ssrc: number, sequence: number): Uint8Array =>
  buildRtp({ payloadType: 0, marker: false, sequence, timestamp: sequence * 160, ssrc }, new Uint8Array(160));

/** `who` sends a packet into the caller's port: it is relayed to the callee. */
async function isTaken(call: Call, who: Party, ssrc: number, sequence: number, why: string): Promise<void> {
  await who.rtp.send(packet(ssrc, sequence), call.facesCaller);
  const arrived = await call.callee.rtp.take(1).catch(() => []);
  equal(arrived.length, 1, `taken: ${why}`);
}

/** The same: it is thrown away. */
async function isIgnored(call: Call, who: Party, ssrc: number, sequence: number, why: string): Promise<void> {
  await who.rtp.send(packet(ssrc, sequence), call.facesCaller);
  await delay(QUIET_MS);
  equal(call.callee.rtp.arrived.length, 0, `ignored: ${why}`);
}

/** What the callee sends comes to this party, and to none of the others. */
async function hears({ callee, facesCallee }: Call, who: Party, others: readonly Party[], why: string): Promise<void> {
  await callee.send(facesCallee);
  const heard = await who.rtp.take(1).catch(() => []);
  equal(heard.length, 1, `hears: ${why}`);
  for (const other of others) equal(other.rtp.arrived.length, 0, `somebody else hears: ${why}`);
}

test('[KC-18] before the first packet anybody may take the signalled address over; from then on nobody', BOUND, async (t) => {
  const call = await openCall(t, 'open');
  const [first, second] = [await Party.open(t), await Party.open(t)];
  await isTaken(call, first, 7, 100, 'nobody had sent');
  await hears(call, first, [call.caller], 'media goes where the packet came from');
  await isIgnored(call, call.caller, 8, 100, 'the caller himself comes too late, with another SSRC');
  await isIgnored(call, second, 9, 100, 'and so does everybody else');
});

test('[PN-01 KC-18] who always sent from the signalled address moves at once with a re-INVITE', BOUND, async (t) => {
  const call = await openCall(t, 'moved');
  const other = await Party.open(t);
  await isTaken(call, call.caller, 7, 100, 'from where it was signalled');
  equal(await describes(call, '127.0.0.1', other.rtp.port), call.facesCallee, 'the same port');
  await hears(call, other, [call.caller], 'the new address, before it has sent anything');
  await call.callee.rtcp.send(call.callee.nextRtcp(), call.facesCallee + 1);
  await other.rtcp.take(1);
  equal(call.caller.rtcp.arrived.length, 0, 'RTCP moves too');
});

test(
  '[PN-01 KC-18] who was learned elsewhere is not moved by a re-INVITE, but his RTCP is, and the new place may speak up',
  BOUND,
  async (t) => {
    const call = await openCall(t, 'learned');
    const [mapped, other] = [await Party.open(t), await Party.open(t)];
    await isTaken(call, mapped, 7, 100, 'from another port than signalled, as behind a NAT');
    await hears(call, mapped, [call.caller], 'the mapped port');
    await isIgnored(call, other, 8, 500, 'no window is open yet');
    await describes(call, '127.0.0.1', other.rtp.port);
    await hears(call, mapped, [call.caller, other], 'signalling does not move what was learned');
    await call.callee.rtcp.send(call.callee.nextRtcp(), call.facesCallee + 1);
    await other.rtcp.take(1);
    equal(mapped.rtcp.arrived.length + call.caller.rtcp.arrived.length, 0, 'RTCP follows signalling');
    await isTaken(call, other, 8, 500, 'for ten seconds any source may take over, with any SSRC');
    await hears(call, other, [call.caller, mapped], 'the new place');
  },
);

test('[KC-18] the window after a re-INVITE is shut after ten seconds, and then only the old SSRC may move', BOUND, async (t) => {
  const call = await openCall(t, 'shut');
  const [other, third] = [await Party.open(t), await Party.open(t)];
  await isTaken(call, call.caller, 7, 100, 'from where it was signalled');
  await describes(call, '127.0.0.1', call.caller.rtp.port + 200);
  await isTaken(call, other, 8, 1000, 'within the window');
  await delay(WINDOW_MS + 200);
  await isIgnored(call, third, 9, 1001, 'any other SSRC');
  await isIgnored(call, third, 8, 1001, 'the SSRC that took over in the window is not the one that is remembered');
  await isTaken(call, third, 7, 1002, 'the SSRC from before goes on');
  await hears(call, third, [call.caller, other], 'it is where it was heard last');
});

test('[KC-18] the same address again within ten seconds is the same offer, and opens nothing', BOUND, async (t) => {
  const call = await openCall(t, 'repeated');
  const stranger = await Party.open(t);
  await isTaken(call, call.caller, 7, 100, 'from where it was signalled');
  await describes(call, '127.0.0.1', call.caller.rtp.port);
  await isIgnored(call, stranger, 8, 101, 'a retransmitted INVITE moves nobody');
  await describes(call, '127.0.0.1', call.caller.rtp.port + 200);
  await isTaken(call, stranger, 8, 101, 'another address does open the window');
});

test(
  '[PN-01 KC-18] a stream may go on from elsewhere with its SSRC and a sequence number not too far ahead',
  BOUND,
  async (t) => {
    const call = await openCall(t, 'remapped');
    const other = await Party.open(t);
    await isTaken(call, call.caller, 7, 65_000, 'from where it was signalled');
    await isIgnored(call, other, 7, (65_000 + FARTHEST + 1) % 65_536, 'one too far ahead');
    await isIgnored(call, other, 7, 64_999, 'behind');
    await isIgnored(call, other, 8, 65_001, 'another SSRC');
    await isTaken(call, other, 7, (65_000 + FARTHEST) % 65_536, 'as far ahead as may be, past the wrap of the numbers');
    await hears(call, other, [call.caller], 'the new mapping');
  },
);

test('[KC-18] SSRC 0 does not bind a stream to its source', BOUND, async (t) => {
  const call = await openCall(t, 'zero');
  const other = await Party.open(t);
  await isTaken(call, call.caller, 0, 100, 'it is relayed');
  await isTaken(call, other, 9, 500, 'but another may still take over');
  await hears(call, other, [call.caller], 'the one who has taken over');
});

test('[KC-18 KC-04] what is no RTP binds a stream to its source for good', BOUND, async (t) => {
  const call = await openCall(t, 'no-rtp');
  const other = await Party.open(t);
  await call.caller.rtp.send('any payload', call.facesCaller);
  equal((await call.callee.rtp.take(1))[0]!.bytes.toString(), 'any payload');
  await other.rtp.send('any other payload', call.facesCaller);
  await isIgnored(call, other, 9, 500, 'there is no SSRC by which it could be recognised');
  await hears(call, call.caller, [other], 'who came first');
});

test('[PN-22 KC-18] a side of which nothing was signalled is known by its place, until its SSRC changes', BOUND, async (t) => {
  const [caller, callee, moved] = [await Party.open(t), await Party.open(t), await Party.open(t)];
  const facesCallee = await askPort(control, 'U blank - 0 from-blank');
  const facesCaller = await askPort(control, `L blank 127.0.0.1 ${callee.rtp.port} from-blank to-blank`);
  const call: Call = { name: 'blank', caller, callee, facesCallee, facesCaller };
  await isTaken(call, caller, 7, 100, 'the first packet says where the caller is');
  await isIgnored(call, moved, 7, 101, 'no SSRC was noted with it');
  await isTaken(call, caller, 8, 200, 'another SSRC from there');
  await isTaken(call, moved, 8, 201, 'is one by which the stream is recognised');
  await hears(call, moved, [caller], 'the new place');
});

test('[PN-01 KC-18] RTCP is learned for itself, once', BOUND, async (t) => {
  const call = await openCall(t, 'rtcp');
  const [mapped, stranger] = [await Party.open(t), await Party.open(t)];
  await mapped.rtcp.send(mapped.nextRtcp(), call.facesCaller + 1);
  await call.callee.rtcp.take(1);
  await stranger.rtcp.send(stranger.nextRtcp(), call.facesCaller + 1);
  await delay(QUIET_MS);
  equal(call.callee.rtcp.arrived.length, 0, 'nobody may take RTCP over');
  await call.callee.rtcp.send(call.callee.nextRtcp(), call.facesCallee + 1);
  await mapped.rtcp.take(1);
  await hears(call, call.caller, [mapped, stranger], 'RTP still goes where it was signalled');
});

test(
  '[KM-41 KC-18] an asymmetric side is heard from its host, whatever the port, and sent to where it was signalled',
  BOUND,
  async (t) => {
    const call = await openCall(t, 'asymmetric');
    const [sender, elsewhere] = [await Party.open(t), await Party.open(t, '127.0.0.2')];
    await describes(call, '127.0.0.1', call.caller.rtp.port, 'a');
    await isTaken(call, sender, 7, 100, 'another port of the same host');
    await hears(call, call.caller, [sender], 'the signalled port');
    await elsewhere.rtp.send(packet(7, 101), call.facesCaller, '127.0.0.1');
    await delay(QUIET_MS);
    equal(call.callee.rtp.arrived.length, 0, 'another host is not heard');
    await hears(call, call.caller, [sender, elsewhere], 'still the signalled port');
  },
);

test('[KC-18] packets that are ignored keep no session alive and are no dropped ones', BOUND, async (t) => {
  const call = await openCall(t, 'ignored');
  const stranger = await Party.open(t);
  await isTaken(call, call.caller, 7, 100, 'from where it was signalled');
  await delay(1_200);
  await stranger.send(call.facesCaller, 5);
  await delay(QUIET_MS);
  const [ttl, ...counters] = (await control.ask('Q ignored from-ignored to-ignored')).split(' ');
  deepEqual([Number(ttl) < 60, ...counters], [true, '1', '0', '1', '0'], `ttl ${ttl}, then received, received, relayed, dropped`);
  await isTaken(call, call.caller, 7, 101, 'the caller himself');
  await eventually(async () => equal(await control.ask('Q ignored from-ignored to-ignored ttl'), '60'));
});
