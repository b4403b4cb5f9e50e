/** Bad input to the built-in modules: configuration files, RTCP and telephone events of strangers, arguments, Call-IDs. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { udpPort } from '../../model/kernel/index.js';
import { DtmfDetector } from '../../src/media/stages/dtmf.js';
import { decodeUrlText } from '../../src/protocol/bytes/urlText.js';
import { buildHep3 } from '../../src/protocol/hep/hep3.js';
import { parseRtcpReports } from '../../src/protocol/rtcp/report.js';
import { formatReports } from '../../src/protocol/rtcp/reportJson.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { buildSenderReport } from '../../src/protocol/rtp/senderReport.js';
import { formatDtmfLine, parseDtmfArguments } from '../../src/protocol/rtpproxy/dtmfArguments.js';
import { combineModules } from '../../src/relay/modules/config.js';
import { chunkOf, readHep3 } from '../rig/hepReader.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';
import { latin1 } from './commands.js';

const LIMIT_MS = 5;

const CONFIG = `# modules
other "a b" { list = [ 1, { x y } ]; text = <<EOD
 }
EOD
}
modules {
  rtpp_acct_rtcp_hep { load = ../rtpp_acct_rtcp_hep.so; capt_host = "10.0.0.1"
    capt_port = 9060 /* udp /* or tcp */ */
    capt_ptype: udp, capt_id 101 }
  acct_csv { }
  'catch_dtmf' { load = rtpp_catch_dtmf.so }
}
`;

test('any configuration file is understood or refused in one line that names a line of it', FUZZ_BOUND, async (t) => {
  ok(combineModules([], CONFIG).ok);
  const nearly = damages().map((list) => latin1(damaged(Buffer.from(CONFIG), list)));
  const words = ['modules', 'catch_dtmf', 'acct_rtcp_hep', 'load', 'capt_port', '<<EOD\n', '\nEOD', '/*', '*/', '\r\n', '\\u00'];
  const pieces = fc
    .array(fc.constantFrom(...words, ...'{}[]"\'=:;,#/*\n \\x9'), { maxLength: 60 })
    .map((parts) => parts.join(''));
  await search(t, fc.tuple(fc.oneof(nearly, pieces, fc.string()), fc.array(fc.string(), { maxLength: 2 })), ([text, dso]) => {
    isQuick(LIMIT_MS, () => combineModules(dso, text));
    const result = combineModules([], text);
    if (!result.ok) {
      const [, line] = /^line (\d+): [^\n]+$/.exec(result.error) ?? [];
      ok(Number(line) >= 1 && Number(line) <= text.split('\n').length, result.error);
      return;
    }
    const { catchDtmf, acctRtcpHep } = result.value;
    ok(Number.isInteger(catchDtmf) && catchDtmf >= 0);
    if (acctRtcpHep === null) return;
    match(acctRtcpHep.host, /^\S+$/);
    ok(Number.isInteger(acctRtcpHep.port) && acctRtcpHep.port >= 1 && acctRtcpHep.port <= 65_535);
    ok(Number.isInteger(acctRtcpHep.captureId) && acctRtcpHep.captureId >= 0 && acctRtcpHep.captureId < 2 ** 32);
  });
});

test('a configuration file of 200,000 characters is read in no time, whatever it repeats', () => {
  const openings = ['x = "', "x = '", 'x = ', '# ', '/*', 'x [ ', 'x { ', 'x ', '', 'x = <<A\n'];
  for (const opening of openings) {
    for (const unit of ['a', ' ', '\n', '{', '[', '\\', '/*', '/* */', 'a;', 'a{}', 'a\n', '"', '<<A\n']) {
      const text = opening + unit.repeat(200_000 / unit.length);
      isQuick(500, () => combineModules([], text));
    }
  }
});

/** Two reports and an SDES. */
const RTCP = Buffer.concat([
  buildSenderReport({ ssrc: 1, atMs: 5, rtpTimestamp: 2, packets: 3, octets: 4, cname: 'a@b' }),
  Buffer.from(`81c90007${'00000005'.repeat(7)}`, 'hex'),
]);

test('any bytes are read as RTCP or as none, within their bounds', FUZZ_BOUND, async (t) => {
  equal(parseRtcpReports(RTCP)?.length, 2);
  const types = fc.tuple(fc.constantFrom(0x80, 0x81, 0xa1, 0x9f), fc.constantFrom(200, 201, 202), fc.nat(3), fc.uint8Array());
  const headed = types.map(([first, type, words, rest]) => Uint8Array.of(first, type, 0, words * 3, ...rest));
  const nearly = damages(2).map((list) => damaged(RTCP, list));
  await search(t, fc.oneof(nearly, headed, fc.uint8Array({ maxLength: 200 })), (bytes) => {
    const reports = parseRtcpReports(bytes);
    const surrounded = new Uint8Array(bytes.length + 100).fill(0x81);
    surrounded.set(bytes, 40);
    deepEqual(parseRtcpReports(surrounded.subarray(40, 40 + bytes.length)), reports, 'what lies around it does not matter');
    if (reports === null) return;
    const size = reports.reduce((sum, { sender, blocks }) => sum + 8 + (sender === null ? 0 : 20) + blocks.length * 24, 0);
    ok(size <= bytes.length);
    JSON.parse(`[${formatReports(reports).replaceAll('\n}\n{', '\n},{')}]`);
  });
});

test('any Call-ID and any payload come out of HEP as they went in, or are refused for their length', FUZZ_BOUND, async (t) => {
  const text = fc.uint8Array({ maxLength: 300, size: 'max' }).map(latin1);
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc.integer({ min: 65_000, max: 66_000 }).map((n) => new Uint8Array(n)),
  );
  await search(
    t,
    fc.tuple(text, payload, fc.ipV4(), fc.double({ min: 0, max: 4e12, noNaN: true })),
    ([id, content, host, atMs]) => {
      const address = { host, port: udpPort(1) };
      const packet = buildHep3({
        ...{ family: 'IPv4', source: address, destination: address, atMs, captureId: 1 },
        ...{ correlationId: id, payload: content },
      });
      if (packet === null) {
        ok(id.length + content.length > 65_000);
        return;
      }
      const chunks = readHep3(packet);
      equal(chunkOf(chunks, 17).toString('latin1'), id);
      deepEqual(Uint8Array.from(chunkOf(chunks, 15)), content);
      const at = chunkOf(chunks, 9).readUInt32BE() * 1000 + chunkOf(chunks, 10).readUInt32BE() / 1000;
      ok(Math.abs(at - atMs) < 0.002 && chunkOf(chunks, 10).readUInt32BE() < 1_000_000, `${at} for ${atMs}`);
    },
  );
});

test('any packets are taken for telephone events or for none, and every event takes two of them', FUZZ_BOUND, async (t) => {
  const event = fc
    .tuple(fc.nat(20), fc.nat(255), fc.nat(0xffff), fc.nat(6), fc.boolean())
    .map(([code, second, duration, timestamp, padding]) =>
      buildRtp(
        { payloadType: 101, marker: false, sequence: 1, timestamp, ssrc: 1, padding },
        Uint8Array.of(code, second, duration >> 8, duration),
      ),
    );
  const nearly = fc.tuple(event, damages(2)).map(([bytes, list]) => damaged(bytes, list));
  const packets = fc.array(fc.oneof({ weight: 5, arbitrary: event }, nearly, fc.uint8Array({ maxLength: 40 })), {
    maxLength: 40,
  });
  await search(t, packets, (list) => {
    const detector = new DtmfDetector(101);
    let reports = 0;
    let long = 0;
    for (const bytes of list) {
      if (bytes.length >= 16) long++;
      const found = detector.take(bytes, 0, bytes.length);
      if (found === null) continue;
      reports++;
      match(found.digit, /^[0-9*#ABCD ]$/);
      ok(found.volume >= 0 && found.volume <= 63 && found.duration >= 0 && found.duration <= 0xffff);
    }
    ok(reports * 2 <= long, `${reports} events of ${long} packets`);
  });
});

test('any arguments of M3 are refused, or make a line that is one', FUZZ_BOUND, async (t) => {
  const word = fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map(latin1),
    fc.string({ unit: fc.constantFrom(...'%0aADd1+-hH '), maxLength: 10 }),
    fc.integer({ min: -5, max: 200 }).map(String),
  );
  await search(t, fc.array(word, { maxLength: 4 }), (args) => {
    const read = parseDtmfArguments(args);
    equal(read === null && args[0] !== undefined && decodeUrlText(args[0]) !== null && args.length === 1, forges(args));
    if (read === null) return;
    ok(Number.isInteger(read.payloadType) && read.payloadType >= 0 && read.payloadType <= 127);
    match(formatDtmfLine(read.tag, { digit: '1', volume: 0, duration: 0 }, 0), /^[^\r\n\0]*$/);
  });
});

/** A tag alone is refused for what it would break, and for nothing else. */
function forges(args: readonly string[]): boolean {
  return args.length === 1 && /[\r\n\0]/.test(decodeUrlText(args[0]!) ?? '');
}
