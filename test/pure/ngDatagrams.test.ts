/** What a media thread does with NG datagrams, without sockets. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { NgDatagrams, type NgDatagramsWorld } from '../../src/relay/ng/ngDatagrams.js';
import { shardOf } from '../../src/relay/supervisor/dispatch.js';

const SHARDS = 3;
const [MINE, OTHERS] = [1, 2].map((shard) => {
  for (let n = 0; ; n++) if (shardOf(`call-${n}`, SHARDS) === shard) return `call-${n}`;
}) as [string, string];

/** Payloads are `CALL TEXT`; TEXT that begins with `main` needs the main thread. `To` is the client's name. */
function desk(given: Partial<NgDatagramsWorld<string>> = {}) {
  const told: string[] = [];
  const tickets: number[] = [];
  const datagrams = new NgDatagrams<string>({
    ...{ shard: 1, shards: SHARDS, now: () => 0, setAside: new Set<string>(), firstTicket: 100 },
    executor: {
      call: (payload) => (payload.startsWith('-') ? null : payload.split(' ')[0]!),
      needsMain: (payload) => payload.split(' ')[1]!.startsWith('main'),
      execute: (payload, { from }) => {
        told.push(`do ${payload} from ${from}`);
        return `did ${payload}`;
      },
    },
    senderOf: (to) => ({
      key: `socket ${to}`,
      origin: { host: null, local: null, transport: 'udp', client: to, identity: null, connection: null },
    }),
    admits: ({ origin }) => origin.client !== 'stranger',
    onRefused: ({ key }) => told.push(`refused ${key}`),
    pass: (shard, to, text) => told.push(`pass ${shard} ${to} ${text}`),
    forward: (ticket, payload) => {
      tickets.push(ticket);
      told.push(`forward ${payload}`);
    },
    send: (to, text) => told.push(`to ${to}: ${text}`),
    onDuplicate: () => told.push('duplicate'),
    onHand: (call) => told.push(`in hand ${call}`),
    ...given,
  });
  const after = (act: () => void): string[] => {
    act();
    return told.splice(0);
  };
  return { datagrams, after, tickets };
}

test('a request of our own is carried out, of another thread passed on as it came, of no call carried out here', () => {
  const { datagrams, after } = desk();
  deepEqual(
    after(() => datagrams.receive(`c ${MINE} x`, 'a', false)),
    [`in hand ${MINE}`, `do ${MINE} x from socket a c`, 'in hand null', `to a: c did ${MINE} x`],
  );
  deepEqual(
    after(() => datagrams.receive(`c ${OTHERS} x`, 'a', false)),
    [`pass 2 a c ${OTHERS} x`],
  );
  deepEqual(
    after(() => datagrams.receive('d - x', 'a', false)),
    ['in hand null', 'do - x from socket a d', 'in hand null', 'to a: d did - x'],
  );
  equal(
    after(() => datagrams.receive(`e ${OTHERS} x`, 'a', true))[1],
    `do ${OTHERS} x from socket a e`,
    'it is not passed on twice',
  );
  for (const text of ['', 'nothing', ' - x'])
    deepEqual(
      after(() => datagrams.receive(text, 'a', false)),
      [],
    );
  for (const text of ['c - x', `c ${OTHERS} x`, 'nothing', ''])
    deepEqual(
      after(() => datagrams.receive(text, 'stranger', false)),
      ['refused socket stranger'],
      'who may not ask is noted, whatever it sends',
    );
});

test('while a request of a call is with the main thread all others of the call go there, and repetitions wait', () => {
  const { datagrams, after, tickets } = desk();
  deepEqual(
    after(() => datagrams.receive(`1 ${MINE} main`, 'a', false)),
    [`forward ${MINE} main`],
  );
  deepEqual(
    after(() => datagrams.receive(`2 ${MINE} x`, 'b', false)),
    [`forward ${MINE} x`],
  );
  deepEqual(
    after(() => datagrams.receive(`2 ${MINE} x`, 'b', false)),
    ['duplicate'],
  );
  deepEqual(tickets, [100, 101]);
  deepEqual(
    after(() => datagrams.answer(100, 'one')),
    ['to a: 1 one'],
  );
  deepEqual(
    after(() => datagrams.receive(`3 ${MINE} x`, 'a', false)),
    [`forward ${MINE} x`],
    'one is still there',
  );
  for (const ticket of [101, 102]) datagrams.answer(ticket, 'more');
  after(() => {});
  deepEqual(
    after(() => datagrams.answer(101, 'again')),
    [],
    'an answer that nobody waits for',
  );
  equal(after(() => datagrams.receive(`4 ${MINE} x`, 'a', false))[1], `do ${MINE} x from socket a 4`);
  deepEqual(
    after(() => datagrams.receive(`1 ${MINE} main`, 'a', false)),
    ['duplicate', 'to a: 1 one'],
  );
});

test('what others have answered is answered again, and calls that are set aside are not carried out', () => {
  const { datagrams, after } = desk({ setAside: new Set([MINE]) });
  datagrams.restore('socket a c', 'before', 0);
  deepEqual(
    after(() => datagrams.receive(`c ${MINE} x`, 'a', false)),
    ['duplicate', 'to a: c before'],
  );
  deepEqual(
    after(() => datagrams.receive(`d ${MINE} x`, 'a', false)),
    [`forward ${MINE} x`],
  );
});

test('no more is forwarded than a bound, and what was not can be asked again', () => {
  const { datagrams, after, tickets } = desk();
  const forwards = after(() => {
    for (let n = 0; n < 5000; n++) datagrams.receive(`${n} - main`, 'a', false);
  });
  equal(forwards.length, 4096);
  datagrams.answer(tickets[0]!, 'x');
  after(() => {});
  deepEqual(
    after(() => datagrams.receive('4999 - main', 'a', false)),
    ['forward - main'],
  );
});

test('[NG-01 NG-02] what no datagram can carry is answered with why not; a cookie that is too long is none', () => {
  const { datagrams, after } = desk({
    executor: { call: () => MINE, needsMain: () => false, execute: () => `d1:x70000:${'x'.repeat(70_000)}e` },
  });
  const why = 'Reply too long for UDP (70013 bytes); ask over TCP, HTTP or WebSocket';
  const heard = (text: string): string[] => after(() => datagrams.receive(text, 'a', false)).filter((each) => /^to/.test(each));
  deepEqual(heard('c de'), [`to a: c d6:result5:error12:error-reason${why.length}:${why}e`]);
  deepEqual(heard('c de'), [`to a: c d6:result5:error12:error-reason${why.length}:${why}e`], 'again, when it is repeated');
  deepEqual(heard('j {}'), [`to a: j {"result":"error","error-reason":"${why}"}`]);
  deepEqual(heard(`${'c'.repeat(1025)} de`), []);
  equal(heard(`${'c'.repeat(1024)} de`).length, 1);
});
