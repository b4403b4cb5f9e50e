/** Hostile requests of the NG protocol on the sockets of a relay, while somebody talks. */
import { doesNotMatch, equal, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import { decodeNg } from '../../src/protocol/ng/readRequest.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { placesIn, sdpOf } from '../pure/ngGiven.js';
import { UdpControl } from '../rig/control.js';
import { leasePorts } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { SteadyPhones } from '../rig/steadyPhones.js';
import { isLogTrue, residentMb } from './afterwards.js';
import { FUZZ_BOUND, fuzzSeconds, search } from './budget.js';
import { makeNoise, type NgPlaces, noises } from './ngNoise.js';

const HOST = '127.0.0.1';
const INTERVAL_MS = 20;
const PING_LIMIT_MS = 100;
/** Of a hundred pings so many may be late: this process and its machine have their own pauses. */
const LATE_SHARE = 0.02;
const PING_TIMEOUT_MS = 5_000;
/** What the relay keeps for repetitions, of each thread, and what a busy process needs, megabytes. */
const GROWTH_LIMIT_MB = 250;

type Scene = { readonly relay: RunningRelay; readonly client: UdpControl; readonly places: NgPlaces };

async function start(t: TestContext): Promise<Scene> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const [ng, tcp, http] = [await lease.port(), await lease.port(), await lease.port()];
  const listening = [`udp:${HOST}:${ng}`, `tcp:${HOST}:${tcp}`, `http:${HOST}:${http}`];
  const relay = await startRelay({ mediaPorts: 80, args: listening.flatMap((name) => ['--listen-ng', name]) });
  t.after(() => relay.stop());
  const [client, udp] = [await UdpControl.open(HOST, ng), await UdpControl.open(HOST, ng)];
  t.after(() => Promise.all([client.close(), udp.close()]));
  return { relay, client, places: { udp, tcp, http } };
}

async function ask(client: UdpControl, request: NgDictionary): Promise<NgDictionary> {
  const reply = decodeNg(await client.ask(encodeBencode(request), { timeoutMs: PING_TIMEOUT_MS }));
  ok(reply.ok);
  return reply.value.dictionary;
}

/** Two phones talk through a call that no noise names. */
async function talk(t: TestContext, client: UdpControl): Promise<SteadyPhones> {
  const phones = await SteadyPhones.open(t, 2);
  const [caller = 0, callee = 0] = phones.ports;
  const call = { 'call-id': 'steady', 'from-tag': 'a' };
  const offered = await ask(client, { ...call, command: 'offer', sdp: sdpOf(HOST, caller) });
  const answered = await ask(client, { ...call, command: 'answer', 'to-tag': 'b', sdp: sdpOf(HOST, callee) });
  const [facesCallee, facesCaller] = [offered, answered].map(({ sdp }) => Number(placesIn(sdp)[0]?.split(':')[1]));
  phones.stream([facesCaller!, facesCallee!], INTERVAL_MS);
  return phones;
}

test(
  '[NG-02 NG-19] noise over UDP, TCP, HTTP and WebSocket costs no packet of a call, and keeps no ping waiting',
  FUZZ_BOUND,
  async (t) => {
    const { relay, client, places } = await start(t);
    const phones = await talk(t, client);
    const beforeMb = await residentMb(relay.pid);
    const pings: number[] = [];
    const ping = async (): Promise<void> => {
      const startMs = performance.now();
      equal((await ask(client, { command: 'ping' }))['result'], 'pong');
      pings.push(performance.now() - startMs);
      places.udp.drain();
    };
    await search(
      t,
      noises,
      async (list) => {
        const noise = makeNoise(list, places);
        await ping();
        await noise;
      },
      fuzzSeconds() * 2,
    );
    const heard = await phones.stop();
    const { statistics } = await ask(client, { command: 'statistics' });
    const counted = (statistics as Readonly<Record<string, Readonly<Record<string, number>>>>)['controlstatistics']!;
    ok(counted['totaloffercount']! > 1 && counted['totalerrorcount']! > 1, 'noise that was understood, and noise that was not');
    equal((await ask(client, { command: 'query', 'call-id': 'steady' }))['result'], 'ok');
    const late = pings.filter((ms) => ms > PING_LIMIT_MS);
    ok(
      late.length <= Math.max(1, pings.length * LATE_SHARE),
      `of ${pings.length} pings these were late: ${late.map(Math.round)} ms`,
    );
    for (const [n, { sent }] of heard.entries()) {
      const got = heard[1 - n]!.heard.length;
      ok(sent > 0);
      equal(got, sent, `phone ${1 - n} heard ${got} of ${sent} packets`);
    }
    const grownMb = (await residentMb(relay.pid)) - beforeMb;
    ok(grownMb < GROWTH_LIMIT_MB, `grown by ${grownMb} MB`);
    t.diagnostic(`${counted['totaloffercount']} offers, ${counted['totalerrorcount']} errors`);
    t.diagnostic(`${pings.length} pings, the slowest ${Math.max(...pings).toFixed(1)} ms; grown by ${grownMb.toFixed(0)} MB`);
    ok(relay.running());
    doesNotMatch(relay.stderr(), /defect|died|Error|stack/);
    await isLogTrue(relay);
  },
);
