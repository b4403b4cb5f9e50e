/** RTCP reports to a HOMER server: what goes over the wire, and what becomes of a server that is away. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { udpPort } from '../../model/kernel/index.js';
import { type HepReport, type HepSender, openHepSender } from '../../src/io/accounting/hepSender.js';
import { buildSenderReport } from '../../src/protocol/rtp/senderReport.js';
import { chunkOf, readHep3, splitHep3 } from '../rig/hepReader.js';
import { leasePorts } from '../rig/ports.js';

const BOUND = { timeout: 30_000 };

/** A label is too long for DNS: nobody is asked. */
const NO_NAME = `${'x'.repeat(64)}.invalid`;

const rtcpOf = (ssrc: number): Uint8Array =>
  buildSenderReport({ ssrc, atMs: 0, rtpTimestamp: 1, packets: 2, octets: 3, cname: 'c' });

const reportOf = (ssrc: number): HepReport => ({
  family: 'IPv4',
  source: { host: '127.0.0.2', port: udpPort(4001) },
  destination: { host: '127.0.0.1', port: udpPort(35_001) },
  atMs: 1_800_000_000_250,
  callId: 'call-1@host',
  payload: rtcpOf(ssrc),
});

/** Seventeen of them just fit in what may wait for a server. */
const LARGE: HepReport = { ...reportOf(1), callId: 'x'.repeat(61_000) };

const ssrcOf = (packet: Uint8Array): number => JSON.parse(chunkOf(readHep3(packet), 15).toString()).ssrc;

type Collector = { readonly port: number; readonly packets: Buffer[]; readonly close: () => Promise<void> };

async function collectUdp(host: string, port = 0): Promise<Collector> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const packets: Buffer[] = [];
  socket.on('message', (packet) => packets.push(packet));
  socket.bind(port, host);
  await once(socket, 'listening');
  const close = async (): Promise<void> => {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  };
  return { port: socket.address().port, packets, close };
}

async function collectTcp(port = 0): Promise<Collector> {
  const packets: Buffer[] = [];
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    let stream = Buffer.alloc(0);
    connection.on('error', () => connection.destroy());
    connection.on('data', (chunk) => {
      const split = splitHep3(Buffer.concat([stream, chunk]));
      packets.push(...split.packets);
      stream = Buffer.from(split.rest);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const connection of connections) connection.destroy();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, packets, close };
}

function senderTo(t: TestContext, transport: 'udp' | 'tcp', port: number, host = '127.0.0.1') {
  const errors: string[] = [];
  const sender = openHepSender({ host, port, transport, captureId: 7 }, (reason) => errors.push(reason));
  t.after(() => sender.close());
  return { sender, errors };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 5) {
    if (holds()) return;
    await delay(5);
  }
  throw new Error(`it did not come to this: ${what}`);
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`a report reaches the server over ${transport}, with all that HOMER needs`, BOUND, async (t) => {
    const collector = await (transport === 'udp' ? collectUdp('127.0.0.1') : collectTcp());
    t.after(collector.close);
    const { sender, errors } = senderTo(t, transport, collector.port);
    sender.send(reportOf(0xaabbccdd));
    await until('a packet came', () => collector.packets.length === 1);
    const chunks = readHep3(collector.packets[0]!);
    assert.equal(chunkOf(chunks, 3).toString('hex'), '7f000002');
    assert.equal(chunkOf(chunks, 4).toString('hex'), '7f000001');
    assert.equal(chunkOf(chunks, 7).readUInt16BE(), 4001);
    assert.equal(chunkOf(chunks, 8).readUInt16BE(), 35_001);
    assert.equal(chunkOf(chunks, 9).readUInt32BE(), 1_800_000_000);
    assert.equal(chunkOf(chunks, 10).readUInt32BE(), 250_000);
    assert.equal(chunkOf(chunks, 12).readUInt32BE(), 7);
    assert.equal(chunkOf(chunks, 17).toString(), 'call-1@host');
    assert.deepEqual(JSON.parse(chunkOf(chunks, 15).toString()), {
      ssrc: 0xaabbccdd,
      sender_information: { ntp_timestamp_sec: 2_208_988_800, ntp_timestamp_usec: 0, rtp_timestamp: 1, packets: 2, octets: 3 },
      type: 200,
      report_count: 0,
    });
    assert.deepEqual(errors, []);
  });

  test(
    `many reports come over ${transport} whole and in order, those given before the server was reached first`,
    BOUND,
    async (t) => {
      const collector = await (transport === 'udp' ? collectUdp('127.0.0.1') : collectTcp());
      t.after(collector.close);
      const { sender } = senderTo(t, transport, collector.port);
      for (let ssrc = 0; ssrc < 50; ssrc++) {
        sender.send(reportOf(ssrc));
        if (ssrc === 25) await until('the first came', () => collector.packets.length === 26);
      }
      await until('all came', () => collector.packets.length === 50);
      assert.deepEqual(
        collector.packets.map(ssrcOf),
        Array.from({ length: 50 }, (_, i) => i),
      );
    },
  );

  test(`what holds no report is not sent over ${transport}`, BOUND, async (t) => {
    const collector = await (transport === 'udp' ? collectUdp('127.0.0.1') : collectTcp());
    t.after(collector.close);
    const { sender, errors } = senderTo(t, transport, collector.port);
    const bye = Uint8Array.of(0x81, 203, 0, 1, 0, 0, 0, 7);
    for (const payload of [bye, new Uint8Array(), rtcpOf(1).subarray(0, 20), new Uint8Array(40).fill(0x80)]) {
      sender.send({ ...reportOf(1), payload });
    }
    sender.send({ ...reportOf(1), callId: 'x'.repeat(66_000) });
    sender.send({ ...reportOf(1), family: 'IPv6' });
    sender.send(reportOf(2));
    await until('the good one came', () => collector.packets.length > 0);
    assert.deepEqual([collector.packets.map(ssrcOf), errors], [[2], []]);
  });

  test(`closing sends what was given just before, over ${transport}`, BOUND, async (t) => {
    const collector = await (transport === 'udp' ? collectUdp('127.0.0.1') : collectTcp());
    t.after(collector.close);
    const { sender } = senderTo(t, transport, collector.port);
    sender.send(reportOf(5));
    await sender.close();
    sender.send(reportOf(6));
    await until('it came', () => collector.packets.length === 1);
    await sender.close();
    assert.deepEqual(collector.packets.map(ssrcOf), [5]);
  });

  test(`a server that is away over ${transport} is told once, and found again when it is back`, BOUND, async (t) => {
    const lease = await leasePorts();
    t.after(lease.release);
    const port = await lease.port();
    const { sender, errors } = senderTo(t, transport, port);
    await sendUntil(sender, () => errors.length > 0);
    const collector = await (transport === 'udp' ? collectUdp('127.0.0.1', port) : collectTcp(port));
    t.after(collector.close);
    await sendUntil(sender, () => collector.packets.length > 0);
    assert.equal(errors.length, 1);
    assert.match(errors[0]!, new RegExp(`^HEP server ${transport}:127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`));
  });
}

async function sendUntil(sender: HepSender, holds: () => boolean): Promise<void> {
  for (let ssrc = 1; !holds() && ssrc < 400; ssrc++) {
    sender.send(reportOf(ssrc));
    await delay(20);
  }
  assert.ok(holds());
}

test('a connection that the server closes is opened again', BOUND, async (t) => {
  const first = await collectTcp();
  const { sender, errors } = senderTo(t, 'tcp', first.port);
  sender.send(reportOf(1));
  await until('a packet came', () => first.packets.length === 1);
  await first.close();
  await until('it was noticed', () => errors.length === 1);
  const second = await collectTcp(first.port);
  t.after(second.close);
  await sendUntil(sender, () => second.packets.length > 0);
  assert.equal(errors.length, 1);
});

test('a server on IPv6 is reached', BOUND, async (t) => {
  const collector = await collectUdp('::1').catch(() => null);
  if (collector === null) return t.skip('this machine has no IPv6');
  t.after(collector.close);
  const { sender } = senderTo(t, 'udp', collector.port, '::1');
  const address = { host: '2001:db8::5', port: udpPort(9) };
  sender.send({ ...reportOf(3), family: 'IPv6', source: address, destination: address });
  await until('a packet came', () => collector.packets.length === 1);
  assert.equal(chunkOf(readHep3(collector.packets[0]!), 5).toString('hex'), '20010db8000000000000000000000005');
});

test('a server that accepts and never reads costs reports, not memory, and closing does not wait for it', BOUND, async (t) => {
  const server = createServer((connection) => connection.pause().on('error', () => connection.destroy()));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { sender, errors } = senderTo(t, 'tcp', (server.address() as AddressInfo).port);
  sender.send(LARGE);
  const connection = await accepted;
  t.after(() => connection.destroy());
  let sent = 0;
  for (; errors.length === 0 && sent < 2_000; sent++) {
    sender.send(LARGE);
    if (sent % 50 === 0) await delay(1);
  }
  for (let i = 0; i < 10; i++) sender.send(LARGE);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /bytes wait for it; reports are lost$/);
  const start = performance.now();
  await sender.close();
  assert.ok(performance.now() - start < 5_000);
  let received = 0;
  connection.on('data', (chunk) => {
    received += chunk.length;
  });
  await once(connection.resume(), 'close');
  assert.ok(received < (sent - 1) * LARGE.callId.length, 'what it had not taken by then is not sent any more');
});

test('reports that waited for the server do not count any more once they are sent', BOUND, async (t) => {
  const collector = await collectTcp();
  t.after(collector.close);
  const { sender, errors } = senderTo(t, 'tcp', collector.port);
  for (const count of [17, 34]) {
    for (let i = 0; i < 17; i++) sender.send(LARGE);
    await until('they came', () => collector.packets.length === count);
  }
  assert.deepEqual(errors, []);
});

test('a report too long for a datagram is passed over', BOUND, async (t) => {
  const collector = await collectUdp('127.0.0.1');
  t.after(collector.close);
  const { sender, errors } = senderTo(t, 'udp', collector.port);
  sender.send(reportOf(1));
  await until('a packet came', () => collector.packets.length === 1);
  const rest = 65_508 - collector.packets[0]!.length;
  for (const excess of [0, 27]) sender.send({ ...reportOf(1), callId: reportOf(1).callId + 'x'.repeat(rest + excess) });
  sender.send(reportOf(1));
  await until('another came', () => collector.packets.length === 2);
  assert.deepEqual([collector.packets.map(ssrcOf), errors], [[1, 1], []]);
});

test('reports for a server that cannot be found are lost, and told once', BOUND, async (t) => {
  const { sender, errors } = senderTo(t, 'udp', 9060, NO_NAME);
  sender.send(reportOf(1));
  await until('it was told', () => errors.length === 1);
  for (let i = 0; i < 3_000; i++) sender.send(reportOf(i));
  await sender.close();
  assert.equal(errors.length, 1);
});
