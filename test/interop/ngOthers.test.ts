/** Other clients of the NG protocol than Kamailio, which are not in Debian: what they put on the wire, byte for byte, and media of that. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { shortCodec } from '../rig/ngCodec.js';
import { ConnectedClient } from '../rig/ngThreadScene.js';
import { areFreeForUdp, leasePorts } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { RtpPeer } from '../rig/rtpPeer.js';
import { conversation, type Place, placesOf } from './calls.js';

const BOUND = { timeout: 30_000 };
const ANSWER_LIMIT_MS = 5_000;
const [PRIVATE, PUBLIC] = ['127.0.0.2', '127.0.0.3'];

type Reply = Readonly<Record<string, unknown>>;

/** How a client asks: the whole message, cookie and all. Answers what was replied, read. */
type Ask = (message: string) => Promise<Reply>;

/** A message of a client in which `{SDP}` stands for a description as it is on the wire, with its length. */
const filled = (message: string, sdp: string): string => message.replace('{SDP}', `${sdp.length}:${sdp}`);

const describing = (port: number): string =>
  ['v=0', 'o=alice 2890844526 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 0 101`]
    .concat(['a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=sendrecv', ''])
    .join('\r\n');

type Scene = {
  readonly relay: RunningRelay;
  readonly udp: number;
  readonly ws: number;
  readonly peers: readonly [RtpPeer, RtpPeer, RtpPeer];
};

async function openScene(t: TestContext): Promise<Scene> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const [udp, ws] = [await lease.port(), await lease.port()];
  const listening = ['--listen-ng', `udp:127.0.0.1:${udp}`, '--listen-ng', `ws:127.0.0.1:${ws}`];
  const relay = await startRelay({ args: [...listening, '--network', `private=${PRIVATE}`, '--network', `public=${PUBLIC}`] });
  t.after(() => relay.stop());
  const peers = [await RtpPeer.open(1), await RtpPeer.open(2), await RtpPeer.open(3)] as const;
  t.after(() => Promise.all(peers.map((peer) => peer.close())));
  return { relay, udp, ws, peers };
}

async function overUdp(t: TestContext, port: number): Promise<Ask> {
  const client = await ConnectedClient.open(t, '127.0.0.1', port);
  return async (message) => {
    client.send(message);
    return readReply(message, `${cookieOf(message)} ${await client.hears(cookieOf(message))}`);
  };
}

async function overWebSocket(t: TestContext, port: number): Promise<Ask> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'ng.rtpengine.com');
  t.after(() => socket.terminate());
  await once(socket, 'open', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  return async (message) => {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    socket.send(message);
    const [bytes] = (await answered) as [Buffer];
    return readReply(message, bytes.toString('latin1'));
  };
}

const cookieOf = (message: string): string => message.slice(0, message.indexOf(' '));

/** A reply has the cookie of its request, and its encoding. */
function readReply(message: string, answer: string): Reply {
  const cookie = cookieOf(message);
  equal(answer.slice(0, cookie.length + 2), message.slice(0, cookie.length + 2));
  const read = shortCodec.decode(answer.slice(cookie.length + 1));
  ok(read !== null, answer);
  return read;
}

const placeIn = ({ result, sdp, ...more }: Reply): Place => {
  equal(result, 'ok', JSON.stringify(more));
  return placesOf(String(sdp).replaceAll('\r', ''))[0]!;
};

async function everythingIsFree({ relay: { media } }: Scene): Promise<void> {
  ok(await areFreeForUdp(media.min, media.max + 1 - media.min), 'all ports are free');
}

/** What OpenSIPS says of a branch: never `supports`, `command` last, `session-connection` among what is to be replaced. */
const OPENSIPS = {
  ping: '2210_1017_0 d7:command4:pinge',
  offer: (n: number, branch: string): string =>
    `2210_4711_${n} d3:sdp{SDP}5:flagsl13:trust-addresse7:replacel6:origin18:session-connectione7:call-id17:osips-1@127.0.0.110:via-branch${branch.length}:${branch}13:received-froml3:IP49:127.0.0.1e8:from-tag4:fa-17:command5:offere`,
  answer: (n: number, branch: string, tag: string): string =>
    `2211_0815_${n} d3:sdp{SDP}5:flagsl13:trust-addresse7:replacel6:origin18:session-connectione7:call-id17:osips-1@127.0.0.110:via-branch${branch.length}:${branch}13:received-froml3:IP49:127.0.0.1e8:from-tag4:fa-16:to-tag${tag.length}:${tag}7:command6:answere`,
  // Without any tag (OpenSIPS issue 4170).
  deleteBranch: (n: number, branch: string): string =>
    `2210_4242_${n} d7:call-id17:osips-1@127.0.0.110:via-branch${branch.length}:${branch}13:received-froml3:IP49:127.0.0.1e12:delete-delayi0e7:command6:deletee`,
  deleteCall: '2210_4243_9 d7:call-id17:osips-1@127.0.0.113:received-froml3:IP49:127.0.0.1e7:command6:deletee',
  query: '2210_4244_8 d7:call-id17:osips-1@127.0.0.113:received-froml3:IP49:127.0.0.1e8:from-tag4:fa-17:command5:querye',
} as const;

test(
  '[NG-03 NG-07] as OpenSIPS asks: a fork, the deletion of its losing branch without any tag, and of the call',
  BOUND,
  async (t) => {
    const scene = await openScene(t);
    const ask = await overUdp(t, scene.udp);
    const [caller, callee, other] = scene.peers;
    deepEqual(await ask(OPENSIPS.ping), { result: 'pong' });
    const [one, two] = ['z9hG4bK4f2e.1', 'z9hG4bK4f2e.2'] as const;
    const offered = filled(OPENSIPS.offer(1, one), describing(caller.port));
    const first = await ask(offered);
    deepEqual(await ask(offered), first, 'sent again, it is answered again and not done again');
    const toCallee = placeIn(first);
    placeIn(await ask(filled(OPENSIPS.offer(2, two), describing(caller.port))));
    placeIn(await ask(filled(OPENSIPS.answer(3, two, 'tb-2'), describing(other.port))));
    const toCaller = placeIn(await ask(filled(OPENSIPS.answer(4, one, 'tb-1'), describing(callee.port))));
    const talk = () => conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
    await talk();
    const ended = await ask(OPENSIPS.deleteBranch(5, two));
    deepEqual([ended['result'], ended['warning']], ['ok', undefined]);
    await talk();
    const again = await ask(OPENSIPS.deleteBranch(6, two));
    deepEqual([again['result'], again['warning']], ['ok', "Call-ID not found or tags didn't match"]);
    await talk();
    const told = (await ask(OPENSIPS.query)) as { tags: object; totals: { RTP: { packets: number } } };
    deepEqual(Object.keys(told.tags).sort(), ['fa-1', 'tb-1']);
    equal(told.totals.RTP.packets, 30);
    equal((await ask(OPENSIPS.deleteCall))['warning'], undefined);
    await everythingIsFree(scene);
  },
);

/** What the client for Node of drachtio says: keys in the order of the alphabet, a UUID for a cookie. */
const DRACHTIO = {
  offer:
    '6c0d8a5e-5f0b-4a3c-9d56-0d6f6a4f2b11 d3:ICE6:remove7:call-id10:drachtio-17:command5:offer9:directionl7:private6:publice5:flagsl13:trust-address14:media-handovere8:from-tag2:fd7:replacel6:origin18:session-connectione3:sdp{SDP}18:transport-protocol7:RTP/AVPe',
  answer:
    'b1f1c0de-1f3c-4d7a-8f0e-2d9c1b7a6e22 d3:ICE6:remove7:call-id10:drachtio-17:command6:answer5:flagsl13:trust-address14:media-handovere8:from-tag2:fd7:replacel6:origin18:session-connectione3:sdp{SDP}6:to-tag2:td18:transport-protocol7:RTP/AVPe',
  query: '0f0e0d0c-0b0a-4908-8706-050403020133 d7:call-id10:drachtio-17:command5:querye',
  remove: 'a0a1a2a3-a4a5-46a7-88a9-aaabacadae44 d7:call-id10:drachtio-17:command6:delete8:from-tag2:fde',
} as const;

for (const [over, open] of [
  ['UDP', (t: TestContext, { udp }: Scene) => overUdp(t, udp)],
  ['a WebSocket with the subprotocol ng.rtpengine.com', (t: TestContext, { ws }: Scene) => overWebSocket(t, ws)],
] as const) {
  test(
    `[NG-03 NG-25] as drachtio asks over ${over}: a call between two networks, its statistics and its end`,
    BOUND,
    async (t) => {
      const scene = await openScene(t);
      const ask = await open(t, scene);
      const [caller, callee] = scene.peers;
      const toCallee = placeIn(await ask(filled(DRACHTIO.offer, describing(caller.port))));
      const toCaller = placeIn(await ask(filled(DRACHTIO.answer, describing(callee.port))));
      deepEqual([toCaller.address, toCallee.address], [PRIVATE, PUBLIC]);
      await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
      const told = (await ask(DRACHTIO.query)) as { totals: { RTP: object } };
      deepEqual(told.totals.RTP, { packets: 10, bytes: 10 * 172, errors: 0 });
      const ended = (await ask(DRACHTIO.remove)) as typeof told;
      deepEqual(ended.totals, told.totals, 'the answer to a deletion has the last statistics');
      deepEqual(await ask(DRACHTIO.query.replace('33 ', '34 ')), { result: 'error', 'error-reason': 'Unknown call-id' });
      await everythingIsFree(scene);
    },
  );
}

test('[NG-01 NG-02 NG-03] as a program of one line asks: JSON over UDP, with keys that nobody knows', BOUND, async (t) => {
  const scene = await openScene(t);
  const ask = await overUdp(t, scene.udp);
  const [caller, callee] = scene.peers;
  const say = (cookie: string, more: object): Promise<Reply> =>
    ask(`${cookie} ${JSON.stringify({ 'call-id': 'json-1', 'from-tag': 'a', 'x-unheard-of': [1, { of: 'here' }], ...more })}`);
  const toCallee = placeIn(await say('1', { command: 'offer', sdp: describing(caller.port), flags: ['wishful thinking'] }));
  const toCaller = placeIn(await say('2', { command: 'answer', 'to-tag': 'b', sdp: describing(callee.port) }));
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  deepEqual(await say('3', { command: 'fly' }), { result: 'error', 'error-reason': 'Unrecognized command' });
  equal((await say('4', { command: 'delete' }))['result'], 'ok');
  equal((await say('5', { command: 'delete', flags: ['fatal'] }))['result'], 'error');
  await everythingIsFree(scene);
});
