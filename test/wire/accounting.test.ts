/** What the accounting modules write: a line of acct_csv for every session, a HEP packet for every RTCP report. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildSenderReport } from '../../src/protocol/rtp/senderReport.js';
import { askPort, eventually, Party, setUpCall } from '../rig/calls.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { openRelay } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
const FILE = 'rtpproxy_acct.csv';

const OF_STREAM = ['nsent', 'nrcvd', 'ndups', 'nlost', 'perrs', 'ssrcLast', 'ssrcCount', 'ptLast'];
const ADDRESSES = ['ipO', 'ptO', 'ipA', 'ptA'];
/** The fields in their order, `Ino` and `O` of the callee's stream, `Ina` and `A` of the caller's. */
const FIELDS = [
  ...['recVer', 'node', 'pid', 'session', 'call', 'fromTag', 'setup', 'teardown'],
  ...['firstIno', 'lastIno', 'firstIna', 'lastIna'],
  ...['rtpIna', 'rtpIno', 'rtpRelayed', 'rtpDropped', 'rtcpIna', 'rtcpIno', 'rtcpRelayed', 'rtcpDropped'],
  ...OF_STREAM.map((name) => `${name}Ino`),
  ...OF_STREAM.map((name) => `${name}Ina`),
  ...['jitterLastIno', 'jitterMaxIno', 'jitterAvgIno', 'jitterLastIna', 'jitterMaxIna', 'jitterAvgIna'],
  ...ADDRESSES.map((name) => `rtp-${name}`),
  ...ADDRESSES.map((name) => `rtcp-${name}`),
  ...['holdO', 'holdA', 'holdCountO', 'holdCountA'],
];
const COLUMNS = 54;

type Row = Readonly<Record<string, string>>;

/** The lines of the file behind its header, once there are `count`. */
async function rowsOf(path: string, count: number): Promise<Row[]> {
  return eventually(async () => {
    ok(existsSync(path), `${path} is not there`);
    const text = await readFile(path, 'utf8');
    match(text, /\n$/, 'whole lines only');
    const [header, ...lines] = text
      .slice(0, -1)
      .split('\n')
      .map((line) => line.split(','));
    equal(header!.length, COLUMNS, `the header: ${header}`);
    deepEqual(header!.slice(0, 6), ['rec_ver', 'rtpp_node_id', 'rtpp_pid', 'sess_uid', 'call_id', 'from_tag']);
    equal(lines.length, count, `sessions in ${FILE}`);
    return lines.map((line) => {
      equal(line.length, COLUMNS, `columns of ${line}`);
      return Object.fromEntries(line.map((value, n) => [FIELDS[n]!, value]));
    });
  }, 5_000);
}

const pick = (row: Row, names: readonly string[]): Row => Object.fromEntries(names.map((name) => [name, row[name]!]));

test('[KC-18] acct_csv: a line for each session that ends, with its packets, addresses and times', BOUND, async (t) => {
  equal(FIELDS.length, COLUMNS);
  const { relay, control } = await openRelay(t, { args: ['--dso', 'acct_csv'] });
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const { facesCaller, facesCallee } = await setUpCall(control, 'call', caller, callee);
  const began = Date.now() / 1000;
  await caller.reaches(callee, facesCaller, facesCallee, 3);
  caller.sequence += 2;
  await caller.reaches(callee, facesCaller, facesCallee, 5);
  await callee.reaches(caller, facesCallee, facesCaller, 4);
  await caller.rtcp.send(caller.nextRtcp(), facesCaller + 1);
  await callee.rtcp.take(1);
  await askPort(control, `U call 0.0.0.0 ${caller.rtp.port} from-call to-call`);
  equal(await control.ask('D call from-call to-call'), '0');
  const [row] = await rowsOf(join(relay.dir, FILE), 1);
  deepEqual(pick(row!, ['recVer', 'node', 'pid', 'call', 'fromTag']), {
    ...{ recVer: '1.2', node: hostname(), pid: String(relay.pid), call: 'call', fromTag: 'from-call' },
  });
  const counts = ['rtpIna', 'rtpIno', 'rtpRelayed', 'rtpDropped', 'rtcpIna', 'rtcpIno', 'rtcpRelayed', 'rtcpDropped'];
  deepEqual(Object.values(pick(row!, counts)), ['8', '4', '12', '0', '1', '0', '1', '0'], `${counts}`);
  const ssrc = (party: Party): string => `0x${party.ssrc.toString(16).toUpperCase().padStart(8, '0')}`;
  const stream = (side: string): string[] => OF_STREAM.map((name) => row![`${name}${side}`]!);
  deepEqual(stream('Ina'), ['10', '8', '0', '2', '0', ssrc(caller), '1', '0'], 'the caller: sent, received, doubled, lost, …');
  deepEqual(stream('Ino'), ['4', '4', '0', '0', '0', ssrc(callee), '1', '0'], 'the callee');
  for (const [component, from, to] of [
    ['rtp', caller.rtp, callee.rtp],
    ['rtcp', caller.rtcp, callee.rtcp],
  ] as const) {
    const places = ADDRESSES.map((name) => row![`${component}-${name}`]);
    deepEqual(places, ['127.0.0.1', String(to.port), '127.0.0.1', String(from.port)], `${component}: callee, then caller`);
  }
  deepEqual(
    Object.values(pick(row!, ['holdO', 'holdA', 'holdCountO', 'holdCountA'])),
    ['f', 't', '0', '1'],
    'the caller is on hold',
  );
  for (const name of ['setup', 'teardown', 'firstIno', 'lastIno', 'firstIna', 'lastIna']) {
    match(row![name]!, /^\d{10}\.\d{6}$/, name);
    ok(Math.abs(Number(row![name]) - began) < 20, `${name} ${row![name]} is about ${began}`);
  }
  ok(Number(row!['setup']) <= Number(row!['firstIna']) && Number(row!['firstIna']) <= Number(row!['lastIna']), 'in their order');
  ok(Number(row!['lastIna']) <= Number(row!['teardown']), 'the end is last');
});

test(
  '[KC-18] acct_csv: what a session did not have is empty, and lines are added to the file that is there',
  BOUND,
  async (t) => {
    const { relay, control } = await openRelay(t, { args: ['--dso', 'acct_csv', '-W', '1', '-T', '1'] });
    const path = join(relay.dir, FILE);
    await askPort(control, 'U silent - 0 from-silent');
    equal(await control.ask('D silent from-silent'), '0');
    const [silent] = await rowsOf(path, 1);
    deepEqual(
      pick(silent!, ['rtpIna', 'nsentIna', 'ssrcLastIna', 'ssrcCountIna', 'ptLastIna', 'firstIna', 'rtp-ipA', 'rtp-ptA']),
      {
        ...{ rtpIna: '0', nsentIna: '0', ssrcLastIna: '', ssrcCountIna: '0', ptLastIna: '-1', firstIna: '0.000000' },
        ...{ 'rtp-ipA': '', 'rtp-ptA': '' },
      },
    );
    await askPort(control, 'U timed-out 127.0.0.1 4000 from-timed-out');
    await eventually(async () => equal(await control.ask('Q timed-out from-timed-out'), 'E50'), 5_000);
    for (let n = 0; n < 20; n++) await askPort(control, `U many-${n} 127.0.0.1 4000 from-many`);
    equal(await control.ask('X'), '0');
    const rows = await rowsOf(path, 22);
    equal(rows[1]!['call'], 'timed-out');
    equal(new Set(rows.map((row) => row['session'])).size, 22, 'each has a number of its own');
  },
);

test('[KC-18] acct_csv: a file that is taken away is begun again, with its header', BOUND, async (t) => {
  const { relay, control } = await openRelay(t, { args: ['--dso', 'acct_csv'] });
  const path = join(relay.dir, FILE);
  const end = async (call: string): Promise<void> => {
    await askPort(control, `U ${call} 127.0.0.1 4000 f`);
    equal(await control.ask(`D ${call} f`), '0');
  };
  await end('first');
  await rowsOf(path, 1);
  await rename(path, `${path}.1`);
  await end('second');
  equal((await rowsOf(path, 1))[0]!['call'], 'second');
  equal((await rowsOf(`${path}.1`, 1))[0]!['call'], 'first');
});

/** The chunks of a HEPv3 packet in their order: type and content. */
function chunksOf(packet: Buffer): [type: number, content: Buffer][] {
  equal(packet.toString('latin1', 0, 4), 'HEP3');
  equal(packet.readUInt16BE(4), packet.length, 'the length that the packet says');
  const chunks: [number, Buffer][] = [];
  for (let at = 6; at < packet.length; at += packet.readUInt16BE(at + 4)) {
    equal(packet.readUInt16BE(at), 0, 'vendor');
    ok(packet.readUInt16BE(at + 4) >= 6, 'a chunk has a header');
    chunks.push([packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + packet.readUInt16BE(at + 4))]);
  }
  return chunks;
}

async function openCapture(t: TestContext) {
  const capture = await DatagramPeer.open('127.0.0.1');
  t.after(() => capture.close());
  const folder = await mkdtemp(join(tmpdir(), 'rtpbridge-hep-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, 'modules.conf');
  const keys = `capt_host = 127.0.0.1;\n capt_port = ${capture.port};\n capt_ptype = udp;\n capt_id = 101;`;
  await writeFile(config, `# accounting\nmodules {\n acct_rtcp_hep {\n ${keys}\n }\n}\n`);
  return { capture, ...(await openRelay(t, { args: ['--config', config] })) };
}

test(
  '[KC-18] acct_rtcp_hep: a report is captured as HEPv3, with its addresses, the Call-ID and the report as JSON',
  BOUND,
  async (t) => {
    const { capture, control } = await openCapture(t);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const { facesCaller } = await setUpCall(control, 'captured', caller, callee);
    const sent = { ssrc: 0x01020304, atMs: Date.now(), rtpTimestamp: 8000, packets: 50, octets: 8000, cname: 'caller' };
    await caller.rtcp.send(buildSenderReport(sent), facesCaller + 1);
    await callee.rtcp.take(1);
    const chunks = chunksOf((await capture.take(1))[0]!.bytes);
    deepEqual(
      chunks.map(([type]) => type),
      [1, 2, 7, 8, 9, 10, 11, 12, 17, 3, 4, 15],
      'the types of the chunks',
    );
    const content = new Map(chunks);
    deepEqual([...content.get(1)!, ...content.get(2)!, ...content.get(11)!], [2, 17, 5], 'IPv4, UDP, RTCP as JSON');
    equal(content.get(7)!.readUInt16BE(), caller.rtcp.port, 'source port');
    equal(content.get(8)!.readUInt16BE(), facesCaller + 1, 'destination port');
    ok(Math.abs(content.get(9)!.readUInt32BE() - sent.atMs / 1000) < 20, 'seconds');
    ok(content.get(10)!.readUInt32BE() < 1_000_000, 'microseconds');
    equal(content.get(12)!.length, 4, 'capture id');
    equal(content.get(17)!.toString(), 'captured', 'correlation');
    deepEqual(
      [[...content.get(3)!], [...content.get(4)!]],
      [
        [127, 0, 0, 1],
        [127, 0, 0, 1],
      ],
    );
    const report = JSON.parse(content.get(15)!.toString()) as Record<string, unknown>;
    const { ssrc, type, report_count: count, report_blocks: blocks = [], sender_information: sender } = report;
    deepEqual({ ssrc, type, count, blocks }, { ssrc: sent.ssrc, type: 200, count: 0, blocks: [] });
    const { rtp_timestamp: timestamp, packets, octets } = sender as Record<string, unknown>;
    deepEqual({ timestamp, packets, octets }, { timestamp: 8000, packets: 50, octets: 8000 });
  },
);

test('[KC-18] acct_rtcp_hep: both sides are captured, RTP is not, and nothing before the answer', BOUND, async (t) => {
  const { capture, control } = await openCapture(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = await askPort(control, `U both 127.0.0.1 ${caller.rtp.port} f`);
  await callee.rtcp.send(callee.nextRtcp(), facesCallee + 1);
  await delay(150);
  const facesCaller = await askPort(control, `L both 127.0.0.1 ${callee.rtp.port} f t`);
  await caller.reaches(callee, facesCaller, facesCallee, 2);
  await callee.rtcp.send(callee.nextRtcp(), facesCallee + 1);
  await caller.rtcp.take(1);
  await caller.rtcp.send(caller.nextRtcp(), facesCaller + 1);
  await callee.rtcp.take(1);
  const ports = (await capture.take(2)).map(({ bytes }) => new Map(chunksOf(bytes)).get(8)!.readUInt16BE());
  deepEqual(ports, [facesCallee + 1, facesCaller + 1], 'where the reports came in');
  await delay(150);
  equal(capture.arrived.length, 0, 'nothing else');
});
