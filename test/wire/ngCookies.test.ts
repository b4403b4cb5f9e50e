/** How long a cookie may be is the same for whatever brings it: 1024 bytes. */
import { deepEqual, equal } from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { MAX_NG_COOKIE } from '../../src/protocol/ng/bounds.js';
import { UdpControl } from '../rig/control.js';
import { NgStreamClient, PING, PONG, post } from '../rig/ngScene.js';
import { leasePorts } from '../rig/ports.js';
import { startRelay } from '../rig/relay.js';

const BOUND = { timeout: 30_000 };
const LONGEST = 'x'.repeat(MAX_NG_COOKIE);
const TOO_LONG = `${LONGEST}x`;
const QUIET_MS = 200;

/** Sends a ping with a cookie and answers what came back; '' where nothing did. */
type Ask = (cookie: string) => Promise<string>;

const overUdp =
  (port: number): Ask =>
  async (cookie) => {
    const client = await UdpControl.open('127.0.0.1', port);
    try {
      client.send(`${cookie} ${PING}`);
      return await Promise.race([client.receive().then(({ text }) => text), delay(QUIET_MS, '')]);
    } finally {
      client.close();
    }
  };

const overTcp =
  (t: TestContext, port: number): Ask =>
  async (cookie) => {
    const client = await NgStreamClient.open(t, port);
    client.send(`${cookie} ${PING}`);
    if (cookie.length <= MAX_NG_COOKIE) return client.receive();
    await client.over();
    return client.text;
  };

const overHttp =
  (port: number): Ask =>
  async (cookie) => {
    const { status, text } = await post(port, '/ng', 'application/x-rtpengine-ng', `${cookie} ${PING}`);
    return status === 400 ? '' : text;
  };

const overWebSocket =
  (t: TestContext, port: number): Ask =>
  async (cookie) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, ['ng.rtpengine.com']);
    t.after(() => socket.terminate());
    await once(socket, 'open');
    const heard = once(socket, 'message').then(([data]) => String(data));
    socket.send(`${cookie} ${PING}`);
    return Promise.race([heard, delay(QUIET_MS, '')]);
  };

for (const [who, args] of [
  ['media threads', []],
  ['the main thread', ['--durability', 'fsync']],
] as const)
  test(
    `[NG-01] a cookie of 1024 bytes is taken by every transport, one of 1025 by none, where ${who} serve UDP`,
    BOUND,
    async (t) => {
      equal(MAX_NG_COOKIE, 1024);
      const lease = await leasePorts();
      t.after(() => lease.release());
      const [udp, tcp, http] = [await lease.port(), await lease.port(), await lease.port()];
      const names = [`udp:127.0.0.1:${udp}`, `tcp:127.0.0.1:${tcp}`, `http:127.0.0.1:${http}`];
      const relay = await startRelay({ args: [...names.flatMap((name) => ['--listen-ng', name]), '--workers', '2', ...args] });
      t.after(() => relay.stop());
      const asks = { udp: overUdp(udp), tcp: overTcp(t, tcp), http: overHttp(http), ws: overWebSocket(t, http) };
      const told: Record<string, string[]> = {};
      for (const [name, ask] of Object.entries(asks)) told[name] = [await ask(LONGEST), await ask(TOO_LONG)];
      const wanted = [`${LONGEST} ${PONG}`, ''];
      deepEqual(told, { udp: wanted, tcp: wanted, http: wanted, ws: wanted });
    },
  );
