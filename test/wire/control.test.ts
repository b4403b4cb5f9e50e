/** Control clients that do what they should not: too much, too long, too slowly, too many, and without listening. */
import { equal, match, ok } from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_COMMAND_BYTES } from '../../src/protocol/rtpproxy/tokens.js';
import { eventually, totals } from '../rig/calls.js';
import { controlPlace, LineClient, UdpControl } from '../rig/control.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
const MAX_CONNECTIONS = 100;
const KINDS = ['tcp', 'cunix'] as const;

let relay: RunningRelay;
let names: Readonly<Record<'udp' | 'tcp' | 'unix' | 'cunix', string>>;

before(async () => {
  const control = ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT', 'unix:DIR/one.sock', 'cunix:DIR/many.sock'];
  relay = await startRelay({ control });
  const [udp, tcp, unix, cunix] = relay.control as [string, string, string, string];
  names = { udp, tcp, unix, cunix };
});

after(async () => {
  equal((await relay.stop()).code, 0, relay.stderr());
  equal(relay.stderr(), '');
});

/** A bare connection; everything that comes is in `text`. */
async function dial(name: string): Promise<{ readonly socket: Socket; text: string; isOver: boolean }> {
  const place = controlPlace(name);
  const target = 'path' in place ? { path: place.path } : { host: place.host, port: place.port };
  const socket = connect({ ...target, allowHalfOpen: true });
  const line = { socket, text: '', isOver: false };
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    line.text += chunk;
  });
  const finish = (): void => {
    line.isOver = true;
  };
  socket.on('end', finish).on('close', finish).on('error', finish);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return line;
}

async function isAlive(): Promise<void> {
  const client = await UdpControl.to(names.udp);
  try {
    equal(await client.ask('V', { timeoutMs: 5_000 }), VERSION);
  } finally {
    await client.close();
  }
}

for (const kind of KINDS) {
  test(
    `${kind}: the longest command is answered, and a line that does not end is cut off with its connection`,
    BOUND,
    async (t) => {
      const client = await LineClient.open(names[kind]);
      t.after(() => client.close());
      equal(await client.ask(`V ${'x'.repeat(MAX_COMMAND_BYTES - 2)}`, 5_000), 'E1');
      equal(await client.ask('V'), VERSION, 'and the connection stays');
      const endless = await dial(names[kind]);
      t.after(() => endless.socket.destroy());
      endless.socket.write('x'.repeat(64_000));
      await eventually(async () => ok(endless.isOver), 5_000);
      equal(endless.text, '', 'without an answer');
      await isAlive();
    },
  );

  test(`${kind}: a client that closes its side after its commands still gets every answer`, BOUND, async (t) => {
    const line = await dial(names[kind]);
    t.after(() => line.socket.destroy());
    line.socket.end(`V\nVF 20050322\n${'D never-made from\n'.repeat(50)}V\nthis line is never ended`);
    await eventually(async () => ok(line.isOver), 5_000);
    equal(line.text, `${VERSION}\n1\n${'E50\n'.repeat(50)}${VERSION}\n`);
  });

  test(`${kind}: a command that comes letter by letter is one command`, BOUND, async (t) => {
    const line = await dial(names[kind]);
    t.after(() => line.socket.destroy());
    line.socket.setNoDelay(true);
    for (const letter of 'VF 20050322\n') {
      line.socket.write(letter);
      await delay(5);
    }
    await eventually(async () => equal(line.text, '1\n'));
  });

  test(
    `${kind}: a hundred clients are served, the next is sent away, and takes the place of one that leaves`,
    BOUND,
    async (t) => {
      const clients: LineClient[] = [];
      t.after(() => {
        for (const client of clients) client.close();
      });
      for (let n = 0; n < MAX_CONNECTIONS; n++) {
        clients.push(await LineClient.open(names[kind]));
        // Answered means accepted: the queue of those that wait for it is short.
        equal(await clients[n]!.ask('V'), VERSION);
      }
      const tooMany = await dial(names[kind]).catch(() => null);
      if (tooMany !== null) {
        t.after(() => tooMany.socket.destroy());
        await eventually(async () => ok(tooMany.isOver), 5_000);
      }
      equal(await clients[0]!.ask('V'), VERSION, 'the others notice nothing');
      clients[50]!.close();
      await eventually(async () => {
        const next = await LineClient.open(names[kind]);
        t.after(() => next.close());
        equal(await next.ask('V'), VERSION);
      }, 5_000);
      await isAlive();
    },
  );

  test(`${kind}: a client that sends and never reads is held back, and harms nobody`, BOUND, async (t) => {
    const line = await dial(names[kind]);
    t.after(() => line.socket.destroy());
    line.socket.pause();
    const before = residentMb();
    let taken = 0;
    const flood = 'I\n'.repeat(5_000);
    // What the kernel does not take any more stays with the client.
    while (taken < 200 && line.socket.write(flood)) taken++;
    const started = performance.now();
    for (; taken < 200 && performance.now() - started < 3_000; taken++) {
      const isDrained = await Promise.race([
        new Promise((resolve) => line.socket.once('drain', () => resolve(true))),
        delay(500, false),
      ]);
      if (isDrained) line.socket.write(flood);
      else break;
    }
    await isAlive();
    ok(residentMb() - before < 100, `${residentMb() - before} MB more`);
    line.socket.destroy();
    await isAlive();
  });
}

const residentMb = (): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${relay.pid}/status`, 'utf8'))?.[1]) / 1024;

test(
  'unix: a connection that brings nothing is closed when its client is done, and so is one that brings nonsense',
  BOUND,
  async (t) => {
    const silent = await dial(names.unix);
    t.after(() => silent.socket.destroy());
    silent.socket.end();
    await eventually(async () => ok(silent.isOver));
    equal(silent.text, '');
    const nonsense = await dial(names.unix);
    t.after(() => nonsense.socket.destroy());
    nonsense.socket.write('\n');
    await eventually(async () => ok(nonsense.isOver));
    equal(nonsense.text, 'E5\n');
  },
);

test('the unix sockets are for their user and group alone', BOUND, () => {
  for (const name of [names.unix, names.cunix]) {
    const place = controlPlace(name);
    ok('path' in place);
    equal(statSync(place.path).mode & 0o777, 0o660);
  }
});

test('a datagram of any size is answered: what is beyond 8191 bytes is cut off', BOUND, async (t) => {
  const client = await UdpControl.to(names.udp);
  t.after(() => client.close());
  equal(await client.ask(`D never-made from ${' '.repeat(8_000)}`), 'E50');
  equal(await client.ask(`U big 127.0.0.1 4000 ${'x'.repeat(60_000)}`).then((answer) => /^\d+ 127\.0\.0\.1$/.test(answer)), true);
  equal(await client.ask(`Q big ${'x'.repeat(MAX_COMMAND_BYTES)}`), 'E50', 'a tag that was cut elsewhere is another tag');
  equal(await client.ask('X'), '0');
});

test('commands of many clients at once do not get mixed up, whatever they came by', BOUND, async (t) => {
  const udp = await Promise.all(Array.from({ length: 8 }, () => UdpControl.to(names.udp)));
  const lines = await Promise.all(Array.from({ length: 8 }, (_, n) => LineClient.open(names[KINDS[n % 2]!])));
  t.after(() => Promise.all([...udp.map((client) => client.close()), ...lines.map(async (client) => client.close())]));
  const asks = [...udp, ...lines].map((client, n) => ({ ask: (command: string) => client.ask(command), n }));
  await Promise.all(
    asks.map(async ({ ask, n }) => {
      for (let turn = 0; turn < 30; turn++) {
        const port = await ask(`U mixed-${n} 127.0.0.1 4000 from`);
        match(port, /^\d+ 127\.0\.0\.1$/);
        equal(await ask(`U mixed-${n} 127.0.0.1 4000 from`), port, 'its own port again');
        equal(await ask(`Qv mixed-${n} from to npkts_ina`), 'npkts_ina=0');
        equal(await ask(`D mixed-${n} from`), '0');
      }
    }),
  );
  equal((await totals(udp[0]!)).active, 0);
});
