/** Who is told when a session ends for want of media: where, in which words, over which connections, and when nobody is. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askPort, eventually } from '../rig/calls.js';
import { controlPlace, UdpControl, unixCommand } from '../rig/control.js';
import { NotificationListener } from '../rig/notificationListener.js';
import { leasePorts } from '../rig/ports.js';
import { instanceCounters, openRelay, type RelayScene } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
/** `-T 1 -W 1`: a session ends after one second, the notification comes at most so late. */
const SHORT_TTL = ['-T', '1', '-W', '1'];
const LIMIT_MS = 6_000;
/** When every session must have ended and been told of. */
const ALL_OVER_MS = 3_500;

type Scene = RelayScene & { readonly listener: NotificationListener; readonly socket: string };

/** A relay that may tell one TCP listener. */
async function openScene(t: TestContext): Promise<Scene> {
  const listener = await NotificationListener.open(t, { port: 0, host: '127.0.0.1' });
  const socket = `tcp:127.0.0.1:${listener.port}`;
  return { ...(await openRelay(t, { args: [...SHORT_TTL, '-n', socket] })), listener, socket };
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rtpbridge-notify-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A port that nobody listens to yet. */
async function freePort(t: TestContext): Promise<number> {
  const lease = await leasePorts(2);
  t.after(() => lease.release());
  return lease.port();
}

/** A session that nobody sends to. `behind`: To tag if any, notification socket and tag. */
const begin = ({ control }: Pick<RelayScene, 'control'>, call: string, behind = ''): Promise<number> =>
  askPort(control, `U ${call} 127.0.0.1 4000 f ${behind}`.trimEnd());

/** Side by side, because they mostly wait. */
const TESTS: readonly (readonly [title: string, body: (t: TestContext) => Promise<void>])[] = [
  [
    '[CW-35 CW-36 PN-48] over TCP, with seven words and with eight, once each and not too early',
    async (t) => {
      const scene = await openScene(t);
      const { control, listener, socket } = scene;
      const start = performance.now();
      await begin(scene, 'seven', `${socket} T8f3.5a2`);
      await begin(scene, 'eight', `t ${socket} T8f3.5a3`);
      await begin(scene, 'answered', `${socket} Tanswered`);
      await askPort(control, 'L answered 127.0.0.1 5000 f t');
      const lines = await listener.awaitLines(3, LIMIT_MS);
      ok(performance.now() - start > 900, 'not before the second is over');
      deepEqual([...lines].sort(), ['T8f3.5a2', 'T8f3.5a3', 'Tanswered']);
      for (const call of ['seven', 'eight', 'answered'])
        await eventually(async () => equal(await control.ask(`Q ${call} f`), 'E50', `${call} is gone`));
      await delay(300);
      equal(listener.lines.length, 3, 'nobody is told twice');
      equal(listener.connections.length, 1, 'one connection for all');
      deepEqual(await instanceCounters(control, 'nsess_timeout', 'nsess_destroyed'), { nsess_timeout: 3, nsess_destroyed: 3 });
    },
  ],

  [
    '[CW-36] the tag is told decoded, with a line end and nothing else',
    async (t) => {
      const scene = await openScene(t);
      const tags = { 'r%201': 'r 1', 'r%201%202': 'r 1 2', 'a+b': 'a b', '%C3%A9%25': '\xc3\xa9%', '%2b%2B': '++', 'T;1': 'T;1' };
      for (const tag of Object.keys(tags)) await begin(scene, `call-${tag}`, `${scene.socket} ${tag}`);
      const lines = await scene.listener.awaitLines(6, LIMIT_MS);
      deepEqual([...lines].sort(), Object.values(tags).sort());
      equal(
        scene.listener.connections.map(({ text }) => text.length).reduce((sum, n) => sum + n),
        lines.join('\n').length + 1,
      );
    },
  ],

  [
    '[CW-35] over a unix socket, named with its prefix or as a bare path',
    async (t) => {
      const folder = await temporaryFolder(t);
      const [named, bare] = [join(folder, 'named.sock'), join(folder, 'bare.sock')];
      const scene = await openRelay(t, { args: [...SHORT_TTL, '-n', `unix:${named}`, '-n', bare] });
      const toNamed = await NotificationListener.open(t, { path: named });
      const toBare = await NotificationListener.open(t, { path: bare });
      await begin(scene, 'both-named', `unix:${named} one`);
      await begin(scene, 'asked-bare', `${named} two`);
      await begin(scene, 'both-bare', `${bare} r%201`);
      await begin(scene, 'asked-named', `t unix:${bare} r%202`);
      deepEqual([...(await toNamed.awaitLines(2, LIMIT_MS))].sort(), ['one', 'two']);
      deepEqual([...(await toBare.awaitLines(2, LIMIT_MS))].sort(), ['r 1', 'r 2']);
      equal(toNamed.connections.length + toBare.connections.length, 2, 'a connection each');
    },
  ],

  [
    '[CW-35 PN-55] %%CC_SELF%% is whoever sent the command, reached from where he asked',
    async (t) => {
      const first = await NotificationListener.open(t, { port: 0, host: '127.0.0.1' });
      const second = await NotificationListener.open(t, { port: first.port, host: '127.0.0.2' });
      const socket = `tcp:%%CC_SELF%%:${first.port}`;
      const options = { control: ['udp:127.0.0.1:PORT', 'unix:DIR/one.sock'], args: [...SHORT_TTL, '-n', socket] };
      const scene = await openRelay(t, options);
      const place = controlPlace(scene.relay.control[0]!);
      const other = await UdpControl.open('127.0.0.1', 'port' in place ? place.port : 0, '127.0.0.2');
      t.after(() => other.close());
      await begin(scene, 'mine', `${socket} first`);
      await begin({ control: other }, 'other', `${socket} second`);
      const path = controlPlace(scene.relay.control[1]!);
      await unixCommand('path' in path ? path.path : '', `U local 127.0.0.1 4000 f ${socket} third`);
      deepEqual([...(await first.awaitLines(2, LIMIT_MS))].sort(), ['first', 'third']);
      deepEqual(await second.awaitLines(1, LIMIT_MS), ['second']);
      equal(second.connections[0]!.from, '127.0.0.1', 'the address that was asked');
    },
  ],

  [
    '[CW-35 KC-18] only timeouts are told, only to permitted sockets, and only while the last U asks for it',
    async (t) => {
      const scene = await openScene(t);
      const { control, listener, socket } = scene;
      const refused = await NotificationListener.open(t, { port: 0, host: '127.0.0.1' });
      await begin(scene, 'deleted', `${socket} deleted`);
      equal(await control.ask('D deleted f'), '0');
      await begin(scene, 'ended', `${socket} ended && D`);
      await begin(scene, 'elsewhere', `tcp:127.0.0.1:${refused.port} elsewhere`);
      await begin(scene, 'taken-back', `${socket} taken-back`);
      await begin(scene, 'taken-back');
      await begin(scene, 'replaced', `${socket} one`);
      await begin(scene, 'replaced', `t ${socket} two`);
      await begin(scene, 'looked-up', `${socket} looked-up`);
      await askPort(control, 'L looked-up 127.0.0.1 5000 f t');
      await begin(scene, 'no-tag-before', 't');
      await begin(scene, 'no-tag-before', `${socket} late`);
      await delay(ALL_OVER_MS);
      deepEqual([...listener.lines].sort(), ['late', 'looked-up', 'two']);
      equal(refused.connections.length, 0, 'a socket that was not permitted is left alone');
    },
  ],

  [
    '[CW-37] the forms of Kamailio do not fail the call; a socket with its tag glued on is told where it is permitted',
    async (t) => {
      const scene = await openScene(t);
      await begin(scene, 'old-kamailio', `t ${scene.socket}`);
      await begin(scene, 'glued', `${scene.socket};glued`);
      await begin(scene, 'cut', `127.0.0.1:${scene.listener.port} cut`);
      await begin(scene, 'sentinel', `${scene.socket} sentinel`);
      await scene.listener.awaitLines(2, LIMIT_MS);
      for (const call of ['old-kamailio', 'glued', 'cut'])
        await eventually(async () => equal(await scene.control.ask(`Q ${call} f`), 'E50'), 3_000);
      for (const tag of ['sentinel', 'glued'])
        await eventually(async () => ok(scene.listener.lines.includes(tag), `no ${tag} among ${scene.listener.lines}`), LIMIT_MS);
    },
  ],

  [
    '[CW-36] a connection that was closed is opened again, and nothing is lost',
    async (t) => {
      const scene = await openScene(t);
      await begin(scene, 'before', `${scene.socket} before`);
      await scene.listener.awaitLines(1, LIMIT_MS);
      scene.listener.disconnect();
      await begin(scene, 'after', `${scene.socket} after`);
      deepEqual(await scene.listener.awaitLines(2, LIMIT_MS), ['before', 'after']);
      equal(scene.listener.connections.length, 2);
    },
  ],

  [
    '[CW-36] whoever does not listen yet is told of what comes later',
    async (t) => {
      const port = await freePort(t);
      const socket = `tcp:127.0.0.1:${port}`;
      const scene = await openRelay(t, { args: [...SHORT_TTL, '-n', socket] });
      await begin(scene, 'early', `${socket} early`);
      await eventually(async () => equal(await scene.control.ask('Q early f'), 'E50'), 4_000);
      await delay(500);
      const listener = await NotificationListener.open(t, { port, host: '127.0.0.1' });
      await begin(scene, 'late', `${socket} late`);
      // The first one may still be on its way: it is tried again for a second or so.
      await eventually(async () => ok(listener.lines.includes('late'), `${listener.lines}`), LIMIT_MS);
      equal(await scene.control.ask('V'), '20040107');
    },
  ],

  [
    '[CW-36] a listener that answers, and never stops, is drained and told all the same',
    async (t) => {
      const scene = await openScene(t);
      await begin(scene, 'first', `${scene.socket} first`);
      await scene.listener.awaitLines(1, LIMIT_MS);
      for (let turn = 0; turn < 200; turn++) scene.listener.say('OK\n'.repeat(50_000));
      await begin(scene, 'second', `${scene.socket} second`);
      deepEqual(await scene.listener.awaitLines(2, LIMIT_MS), ['first', 'second']);
      equal(scene.listener.connections.length, 1, 'over the same connection');
      await eventually(async () => equal(scene.listener.unread, 0, 'bytes that the relay has not taken'), LIMIT_MS);
    },
  ],

  [
    '[CW-36] many sessions that end at once are all told, in whole lines',
    async (t) => {
      const scene = await openScene(t);
      const tags = Array.from({ length: 40 }, (_, n) => `T${n}.${'x'.repeat(n)}`);
      for (const tag of tags) await begin(scene, `call-${tag}`, `${scene.socket} ${tag}`);
      deepEqual([...(await scene.listener.awaitLines(tags.length, LIMIT_MS))].sort(), [...tags].sort());
      equal(scene.listener.connections.length, 1);
    },
  ],
];

describe('notifications of timeouts', { concurrency: 4 }, () => {
  for (const [title, body] of TESTS) test(title, BOUND, body);
});
