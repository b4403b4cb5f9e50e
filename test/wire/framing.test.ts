import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ANSWER_TIMEOUT_MS, askOnce, controlPlace, LineClient, UdpControl, unixCommand } from '../rig/control.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
/** What a client may send to probe, to work and by mistake, each with the form of its answer. */
const COMMANDS: readonly (readonly [string, RegExp])[] = [
  ['V', /^20040107$/],
  ['VF 20050322', /^1$/],
  ['VF 19990101', /^0$/],
  ['Uc0,8,101 every-1 127.0.0.1 30000 from;1', /^\d+ 127\.0\.0\.1$/],
  ['Lc0 every-1 127.0.0.1 31000 from;1 to;1', /^\d+ 127\.0\.0\.1$/],
  ['L never-made 127.0.0.1 31000 from;1 to;1', /^0$/],
  ['Q every-1 from;1 to', /^\d+ 0 0 0 0$/],
  ['Q never-made from;1 to', /^E50$/],
  ['D every-1 from to', /^0$/],
  ['D never-made from to', /^E50$/],
  ['I', /^sessions created: \d+\nactive sessions: \d+\nactive streams: \d+\npackets received: \d+\npackets transmitted: \d+$/],
  ['W what', /^E0$/],
  ['U too few', /^E1$/],
  ['X1', /^E2$/],
  ['Uy x 127.0.0.1 30000 from', /^E35$/],
  ['U x 127.0.0.1 port from', /^E37$/],
];

let relay: RunningRelay;
let [udp, udp6, unix, cunix, tcp, tcp6]: string[] = [];

before(async () => {
  const datagrams = ['udp:127.0.0.1:PORT', 'udp6:::1:PORT'];
  const streams = ['unix:DIR/one.sock', 'cunix:DIR/many.sock', 'tcp:127.0.0.1:PORT', 'tcp6:::1:PORT'];
  relay = await startRelay({ control: [...datagrams, ...streams] });
  [udp, udp6, unix, cunix, tcp, tcp6] = [...relay.control];
});

after(async () => {
  deepEqual(await relay.stop(), { code: 0, signal: null }, relay.stderr());
});

test(
  '[CW-01] a datagram may end in nothing, a line end or blanks, and is answered with its cookie and a line end',
  BOUND,
  async (t) => {
    for (const name of [udp!, udp6!]) {
      const client = await UdpControl.to(name);
      t.after(() => client.close());
      for (const [n, form] of ['C V', 'C V\n', 'C V\r\n', 'C  \t V  ', '  C V', '\nC V \n\n'].entries()) {
        client.send(form.replace('C', `form_${n}`));
        equal((await client.receive()).text, `form_${n} ${VERSION}\n`);
      }
    }
  },
);

test('[CW-01] a datagram without a command is answered with E5', BOUND, async (t) => {
  const client = await UdpControl.to(udp!);
  t.after(() => client.close());
  client.send('only_a_cookie');
  equal((await client.receive()).text, 'only_a_cookie E5\n');
  for (const nothing of ['', ' ', '\n', ' \r\n\t ']) {
    client.send(nothing);
    equal((await client.receive()).text, 'E5\n', 'there is no cookie to answer with');
  }
});

test('a datagram is one command: a line end in it is a blank', BOUND, async (t) => {
  const client = await UdpControl.to(udp!);
  t.after(() => client.close());
  client.send('batch_1 V\nbatch_2 V\n');
  equal((await client.receive()).text, 'batch_1 E1\n');
  client.send('batch_3 VF\n20050322');
  equal((await client.receive()).text, 'batch_3 1\n');
});

test('[CW-02] a cookie comes back as it was sent', BOUND, async (t) => {
  const client = await UdpControl.to(udp!);
  t.after(() => client.close());
  for (const cookie of ['123_0', '123_4567_8', '0123456789abcdef0123456789abcdef', 'x'.repeat(33), 'E1', '&&', '"<>%00']) {
    client.send(`${cookie} V`);
    equal((await client.receive()).text, `${cookie} ${VERSION}\n`);
  }
});

test('[CW-03] a datagram that is sent again is answered again, and its command carried out once', BOUND, async (t) => {
  const client = await UdpControl.to(udp!);
  t.after(() => client.close());
  const create = 'U again-1 127.0.0.1 30000 from';
  const created = await client.ask(create, { cookie: 'again_1' });
  match(created, /^\d+ 127\.0\.0\.1$/);
  const remove = 'D again-1 from';
  equal(await client.ask(remove, { cookie: 'again_2' }), '0');
  equal(await client.ask(remove, { cookie: 'again_2' }), '0');
  equal(await client.ask(remove, { cookie: 'again_3' }), 'E50', 'a new cookie is a new command');

  const counters = await client.ask('I');
  await delay(1_100);
  equal(await client.ask(create, { cookie: 'again_1' }), created, 'word for word, also after a second');
  equal(await client.ask('I'), counters, 'the session is not made again');
  equal(await client.ask(remove), 'E50');
});

test('[CW-04] a cookie used for another command, or by another client, is no repetition', BOUND, async (t) => {
  const place = controlPlace(udp!);
  const port = 'port' in place ? place.port : 0;
  const client = await UdpControl.open('127.0.0.1', port);
  const otherPort = await UdpControl.open('127.0.0.1', port);
  const otherAddress = await UdpControl.open('127.0.0.1', port, '127.0.0.2');
  t.after(() => Promise.all([client.close(), otherPort.close(), otherAddress.close()]));

  equal(await client.ask('V', { cookie: 'same_1' }), VERSION);
  equal(await client.ask('VF 20050322', { cookie: 'same_1' }), '1');
  await client.ask('U same-1 127.0.0.1 30000 from');
  equal(await client.ask('D same-1 from', { cookie: 'same_2' }), '0');
  equal(await otherPort.ask('D same-1 from', { cookie: 'same_2' }), 'E50');
  equal(await otherAddress.ask('D same-1 from', { cookie: 'same_2' }), 'E50');
  equal(await client.ask('D same-1 from', { cookie: 'same_2' }), '0', 'its own repetition is still known');
});

test('[CW-06] a unix socket takes what comes first as the command, answers and closes', BOUND, async () => {
  const place = controlPlace(unix!);
  const path = 'path' in place ? place.path : '';
  equal(await unixCommand(path, 'V'), `${VERSION}\n`);
  equal(await unixCommand(path, 'V\n'), `${VERSION}\n`);
  equal(await unixCommand(path, 'VF 20050322'), '1\n');
  match(await unixCommand(path, 'U one-1 127.0.0.1 30000 from'), /^\d+ 127\.0\.0\.1\n$/);
  equal(await unixCommand(path, 'D one-1 from'), '0\n');
  const together = await Promise.all(Array.from({ length: 20 }, () => unixCommand(path, 'V')));
  deepEqual(new Set(together), new Set([`${VERSION}\n`]));
});

test('[CW-06] two lines to a unix socket are one command, and an empty one is answered too', BOUND, async () => {
  const place = controlPlace(unix!);
  const path = 'path' in place ? place.path : '';
  equal(await unixCommand(path, 'V\nV\n'), 'E1\n');
  equal(await unixCommand(path, '\n'), 'E5\n');
});

test('[SY-07 SY-08 SY-09 SY-10 SY-11 SY-12] a call made by one control socket is there for the others', BOUND, async () => {
  const all = [udp!, udp6!, unix!, cunix!, tcp!, tcp6!];
  for (const [n, name] of all.entries()) {
    const port = await askOnce(name, `U shared-${n} 127.0.0.1 30000 from`);
    match(port, /^\d+ 127\.0\.0\.1$/);
    for (const other of all) equal(await askOnce(other, `U shared-${n} 127.0.0.1 30000 from`), port, `${name} and ${other}`);
    equal(await askOnce(all[(n + 1) % all.length]!, `D shared-${n} from`), '0');
    equal(await askOnce(name, `D shared-${n} from`), 'E50');
  }
});

test('[KC-06] clients at other addresses control it, by UDP and by TCP', BOUND, async (t) => {
  const place = controlPlace(udp!);
  const far = await UdpControl.open('127.0.0.1', 'port' in place ? place.port : 0, '127.0.0.77');
  t.after(() => far.close());
  const line = await LineClient.open(tcp!, '127.0.0.78');
  t.after(() => line.close());
  const port = await far.ask('U far-1 127.0.0.1 30000 from');
  match(port, /^\d+ 127\.0\.0\.1$/);
  equal(await line.ask('U far-1 127.0.0.1 30000 from'), port);
  equal(await line.ask('D far-1 from'), '0');
});

for (const kind of ['cunix', 'tcp', 'tcp6'] as const) {
  test(`${kind}: an empty line is a command without words`, BOUND, async (t) => {
    const client = await LineClient.open({ cunix, tcp, tcp6 }[kind]!);
    t.after(() => client.close());
    client.send('\n\r\n \t\nV\n');
    deepEqual(await client.lines(4), ['E5', 'E5', 'E5', VERSION]);
  });

  test(
    `[CW-07] a ${kind} connection carries many commands, cut anywhere, and answers each in order by one write`,
    BOUND,
    async (t) => {
      const client = await LineClient.open({ cunix, tcp, tcp6 }[kind]!);
      t.after(() => client.close());
      for (let turn = 0; turn < 50; turn++) equal(await client.ask('V'), VERSION);
      equal(client.chunks.length, 50, 'each answer came in one piece');

      client.send('VF 2005');
      await delay(50);
      client.send('0322\nV');
      deepEqual(await client.lines(1), ['1']);
      client.send('\n');
      deepEqual(await client.lines(1), [VERSION]);

      client.send('V\nVF 20050322\r\nVF 19990101\nD never-made from\n');
      deepEqual(await client.lines(4), [VERSION, '1', '0', 'E50']);

      const before = client.chunks.length;
      client.send('I\n');
      await client.lines(5);
      equal(client.chunks.length, before + 1, 'an answer of five lines came in one piece');
    },
  );
}

test('[CW-09] the probes of five clients at once are all answered within a second', BOUND, async (t) => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => UdpControl.to(udp!)));
  t.after(() => Promise.all(clients.map((client) => client.close())));
  const probes = ['V', 'VF 20050322', 'VF 20071116', 'VF 20081102'];
  const answers = await Promise.all(clients.flatMap((client) => probes.map((probe) => client.ask(probe, { timeoutMs: 1_000 }))));
  equal(answers.length, 20);
  for (let client = 0; client < 5; client++) deepEqual(answers.slice(client * 4, client * 4 + 2), [VERSION, '1']);
  ok(answers.every((answer) => /^(20040107|0|1)$/.test(answer)));
});

test('[CW-10] no answer is empty, and every one is ASCII', BOUND, async (t) => {
  const client = await UdpControl.to(udp!);
  t.after(() => client.close());
  const odd = [
    'V V',
    'VF',
    'VF é',
    'U',
    '&&',
    'V &&',
    'I zzz',
    'Uc\xff x 127.0.0.1 1 f',
    'D \xe9\xe8 f',
    'Q',
    'L a b',
    'X',
    'G x',
  ];
  for (const [n, command] of [...COMMANDS.map(([text]) => text), ...odd].entries()) {
    client.send(`ascii_${n} ${command}`);
    const { text } = await client.receive();
    ok(/^ascii_\d+ [\x20-\x7e][\x20-\x7e\n]*\n$/.test(text), `${command} got ${JSON.stringify(text)}`);
  }
});

test('[CW-28] the answer names port and address, and the port alone when we listen on every address', BOUND, async (t) => {
  const { min, max } = relay.media;
  for (const command of ['U form-1 127.0.0.1 30000 from', 'L form-1 127.0.0.1 31000 from to']) {
    const [, port] = /^(\d+) 127\.0\.0\.1$/.exec(await askOnce(udp!, command)) ?? [];
    ok(Number(port) >= min && Number(port) < max && Number(port) % 2 === 0, `port ${port}`);
  }
  await askOnce(udp!, 'D form-1 from to');

  const everywhere = await startRelay({ address: '0.0.0.0' });
  t.after(() => everywhere.stop());
  match(await askOnce(everywhere.control[0]!, 'U form-1 127.0.0.1 30000 from'), /^\d+$/);
});

test('[CW-30] every answer ends in one line end, over every kind of socket', BOUND, async () => {
  for (const name of relay.control) {
    for (const [command, form] of COMMANDS) {
      const answer = await rawAnswer(name, command);
      ok(answer.endsWith('\n') && !answer.endsWith('\n\n'), `${command} over ${name}: ${JSON.stringify(answer)}`);
      match(answer.slice(0, -1), form, `${command} over ${name}`);
    }
  }
});

/** The answer as it is on the wire, but without the cookie. */
async function rawAnswer(name: string, command: string): Promise<string> {
  const place = controlPlace(name);
  if (place.kind === 'unix') return unixCommand(place.path, command);
  if (place.kind === 'udp' || place.kind === 'udp6') {
    const client = await UdpControl.to(name);
    client.send(`raw_1 ${command}`);
    return client
      .receive(ANSWER_TIMEOUT_MS)
      .then(({ text }) => text.replace(/^raw_1 /, ''))
      .finally(() => client.close());
  }
  const client = await LineClient.open(name);
  client.send(`${command}\n`);
  const lines = await client.lines(command === 'I' ? 5 : 1);
  client.close();
  return lines.map((line) => `${line}\n`).join('');
}
