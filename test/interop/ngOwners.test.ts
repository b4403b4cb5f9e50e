import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HookServer } from '../rig/hookServer.js';
import { shortCodec } from '../rig/ngCodec.js';
import { NgStreamClient } from '../rig/ngScene.js';
import { until } from '../rig/notifyListener.js';
import { leasePorts } from '../rig/ports.js';
import { startRelay } from '../rig/relay.js';
import { RtpPeer } from '../rig/rtpPeer.js';
import { type Call, openPeers, type Place, placeCall, placesOf } from './calls.js';
import { audioOf, kamcmd, type NgExchange, openNgExchange, relayed, requireModule, startNgKamailio } from './ngExchange.js';
import { endedByProxy, expect, receive, respond, send } from './scenario.js';
import { sipAnswers } from './scene.js';
import { Talk } from './talk.js';

const BOUND = { timeout: 60_000 };
/** After so long without packets a session ends; while it is set up it may take longer. */
const TTL = ['-T', '2', '-W', '30'];
const NOTICE_LIMIT_MS = 8_000;

test(
  '[NG-17 NG-18 NG-19 NG-28 NG-29] of two Kamailios only the one that owns a silent call is told, and it ends both legs',
  BOUND,
  async (t) => {
    if (!requireModule(t, 'xmlrpc.so', 'kamailio-xml-modules')) return;
    const [hookOne, hookTwo] = [await HookServer.start(t), await HookServer.start(t)];
    const rpc = await rpcPlace(t);
    const settings = await settingsFile(t, `events: { ways: ["${hookOne.url}", "${hookTwo.url}", "xmlrpc:${rpc.url}"] }\n`);
    const one = await openNgExchange(t, {
      relays: [{ args: [...TTL, '--settings', settings] }],
      kamailio: { more: ['-A', 'KEEPS_DIALOGS=1', '-A', 'XMLRPC=1', '-l', `tcp:127.0.0.1:${rpc.port}`] },
    });
    if (one === null) return;
    const two = await secondKamailio(one);
    // Each has a program beside it that ends what it is told of; the first one is also told itself.
    for (const [hook, exchange] of [[hookOne, one] as const, [hookTwo, two] as const]) {
      hook.answer = () => {
        const told = hook.events.at(-1)!;
        if (told['event'] === 'media-timeout') void endCall(exchange, told);
        return 204;
      };
    }
    const byRpc = await owned(one, 'by-rpc', `controller=one notify=xmlrpc:${rpc.url}`);
    const ofOne = await owned(one, 'of-one', `controller=one notify=${hookOne.url}`);
    const ofTwo = await owned(two, 'of-two', `controller=two notify=${hookTwo.url}`);
    const told = (): number[] => [hookOne, hookTwo].map((hook) => timeouts(hook).length);
    await byRpc.talk.wasUnbroken();
    await byRpc.call.ended();
    deepEqual(told(), [0, 0]);
    await ofTwo.talk.wasUnbroken();
    await ofTwo.call.ended();
    deepEqual(told(), [0, 1]);
    isTold(timeouts(hookTwo)[0]!, 'two', ofTwo);
    await ofOne.talk.wasUnbroken();
    await ofOne.call.ended();
    deepEqual(told(), [1, 1]);
    isTold(timeouts(hookOne)[0]!, 'one', ofOne);
  },
);

/** A call that an exchange owns, in which both talk. */
type Owned = { readonly call: Call; readonly talk: Talk };

/** Nobody of its ends hangs up: each waits for a BYE. */
async function owned(exchange: NgExchange, key: string, flags: string): Promise<Owned> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    ...{ key, headers: relayed(`${flags} replace=origin`, 'replace=origin') },
    caller: [send('INVITE', audioOf(caller)), expect(200), send('ACK'), ...endedByProxy],
    callee: [receive('INVITE'), respond(200, audioOf(callee)), receive('ACK'), receive('BYE'), respond(200)],
  });
  const { toCaller, toCallee } = await call.answered();
  const talk = new Talk({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  exchange.closings.push(() => talk.stop());
  await until('they talk', () => talk.sent >= 10);
  return { call, talk };
}

type Told = Readonly<Record<string, unknown>>;

const timeouts = (hook: HookServer): Told[] => hook.events.filter(({ event }) => event === 'media-timeout');

/** What an owner needs to find its dialog, and what was counted. */
function isTold(told: Told, controller: string, { call, talk }: Owned): void {
  const { counters } = told as { counters: Record<'from' | 'to', Record<string, number>> };
  const named = ['controller', 'call-id', 'from-tag', 'to-tag', 'reason'].map((key) => told[key]);
  deepEqual(named, [controller, call.id, `${call.id}-F`, `${call.id}-T`, 'timeout']);
  for (const side of ['from', 'to'] as const) {
    equal(counters[side]['packets'], talk.sent, `what ${side} said`);
    ok(counters[side]['silent-ms']! >= 2_000, `${side} was silent for ${counters[side]['silent-ms']} ms`);
  }
}

/** What a program beside a SIP server does with an event. */
async function endCall({ dir }: NgExchange, told: Told): Promise<void> {
  await kamcmd(dir, 'dlg.terminate_dlg', ...['call-id', 'from-tag', 'to-tag'].map((key) => String(told[key])));
}

async function secondKamailio(exchange: NgExchange): Promise<NgExchange> {
  const dir = join(exchange.dir, 'second');
  await mkdir(dir);
  const sipPort = await exchange.ports.port();
  const sets = exchange.taps.map(({ name }) => [name]);
  const kamailio = await startNgKamailio({ dir, sipPort, sets, more: ['-A', 'KEEPS_DIALOGS=1'] });
  exchange.closings.push(() => kamailio.stop());
  await sipAnswers(kamailio, sipPort);
  return { ...exchange, kamailio, sipPort, dir };
}

/** A port of TCP for the XML-RPC of a Kamailio, leased for the test. */
async function rpcPlace(t: TestContext): Promise<{ readonly port: number; readonly url: string }> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  return { port, url: `http://127.0.0.1:${port}/RPC2` };
}

async function settingsFile(t: TestContext, text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-owners-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'settings.yaml');
  await writeFile(file, text);
  return file;
}

test(
  '[NG-17 NG-19 NG-28 NG-29] of two clients over TCP only the one whose call falls silent is told, on its connection',
  BOUND,
  async (t) => {
    const lease = await leasePorts();
    t.after(() => lease.release());
    const port = await lease.port();
    const relay = await startRelay({ args: [...TTL, '--listen-ng', `tcp:127.0.0.1:${port}`] });
    t.after(() => relay.stop());
    const [one, two] = [await NgStreamClient.open(t, port), await NgStreamClient.open(t, port)];
    const silent = await setUp(t, one, 'silent');
    const talking = await setUp(t, two, 'talking');
    await silent.stop();
    const events = (): Told[] => pushed(one);
    await until('its owner is told', () => events().some(({ event }) => event === 'call-end'), NOTICE_LIMIT_MS);
    deepEqual(
      events().map(({ event, reason }) => [event, reason]),
      [
        ['media-start', undefined],
        ['media-start', undefined],
        ['media-timeout', 'timeout'],
        ['call-end', 'timeout'],
      ],
    );
    const [, , timeout] = events();
    deepEqual(
      ['call-id', 'from-tag', 'to-tag'].map((key) => timeout![key]),
      ['silent', 'a', 'b'],
    );
    await delay(200);
    deepEqual(new Set(pushed(two).map((told) => `${told['event']} ${told['call-id']}`)), new Set(['media-start talking']));
    await talking.wasUnbroken();
  },
);

/** What came on a connection that nobody had asked for. */
function pushed({ text }: NgStreamClient): Told[] {
  return text.split(/(?=event-\d+ \{)/).flatMap((part) => {
    const json = /^event-\d+ (\{.*\})/s.exec(part)?.[1];
    return json === undefined ? [] : [(JSON.parse(json) as { data: Told }).data];
  });
}

/** Cookies are unique. */
let asked = 0;

async function setUp(t: TestContext, client: NgStreamClient, callId: string): Promise<Talk> {
  const [caller, callee] = [await RtpPeer.open(1), await RtpPeer.open(2)];
  t.after(() => Promise.all([caller.close(), callee.close()]));
  const ask = async (request: Told): Promise<Place> => {
    const answer = await client.ask(`${++asked} ${JSON.stringify({ 'call-id': callId, 'from-tag': 'a', ...request })}`);
    const read = shortCodec.decode(answer.slice(answer.indexOf(' ') + 1));
    equal(read?.['result'], 'ok', answer);
    return placesOf(String(read!['sdp']).replaceAll('\r', ''))[0]!;
  };
  const toCallee = await ask({ command: 'offer', sdp: lines(audioOf(caller)), controller: callId, notify: ['connection'] });
  const toCaller = await ask({ command: 'answer', 'to-tag': 'b', sdp: lines(audioOf(callee)) });
  const talk = new Talk({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  t.after(() => talk.stop());
  await until('they talk', () => talk.sent >= 10);
  return talk;
}

const lines = (sdp: string): string => `${sdp.replaceAll('\n', '\r\n')}\r\n`;
