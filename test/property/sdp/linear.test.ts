/** Four times the text takes about four times the work. */
import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { parseSdp } from '../../../src/protocol/sdp/parse.js';
import { rewriteSdp } from '../../../src/protocol/sdp/rewrite.js';
import type { SdpPlan } from '../../../src/protocol/sdp/sdp.js';
import { parsed, planFor, relay } from '../../pure/sdp/sdpGiven.js';

const HEAD = 'v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n';
const MEDIA = 'm=audio 4000 RTP/AVP 0 8 96 97\r\n';
const CHANGES: Partial<SdpPlan> = {
  ice: 'remove',
  rtcpMux: ['require'],
  rtcpAttribute: 'full',
  codec: { strip: ['all'], offer: ['PCMA', 'rtx'], except: ['opus'], mask: [] },
  ptimeMs: 20,
  transportProtocol: 'RTP/AVPF',
  stripExtmap: true,
  generateMid: true,
  attributes: { audio: { add: ['x:1'], remove: ['y', 'fmtp:1'], substitute: [{ from: 'z', to: 'zz' }] } },
  loopMark: 'id',
};

/** What is repeated, and what stands before and behind it. */
const SHAPES: readonly (readonly [string, string, string])[] = [
  [HEAD + MEDIA, 'a=x\r\n', ''],
  [HEAD + MEDIA, 'a=fmtp:96 apt=97\r\n', ''],
  [HEAD + MEDIA, 'a=rtcp:1\r\n', ''],
  [HEAD + MEDIA, 'c=IN IP4 192.0.2.1\r\n', ''],
  [`${HEAD}${MEDIA}a=rtpmap:98 red/8000\r\na=fmtp:98 `, '0/', ''],
  [`${HEAD}${MEDIA}a=rtpmap:97 rtx/8000\r\na=fmtp:97 `, 'apt=; ', ''],
  [`${HEAD}${MEDIA}a=rtpmap:96 `, 'a/', ''],
  [`${HEAD}${MEDIA}a=`, ' ', 'x'],
  [`${HEAD}${MEDIA}a=`, ': ', 'x'],
  [`${HEAD}m=audio 4000 RTP/AVP`, ' ', '0\r\n'],
  [`${HEAD}m=audio 4`, '0', ' RTP/AVP 0\r\n'],
  [`${HEAD}m=audio 4000 RTP/`, 'S', ' 0\r\n'],
  [`${HEAD}a=group:BUNDLE`, ' x', `\r\n${MEDIA}a=mid:x\r\n`],
  [HEAD, 'a=group:BUNDLE x\r\n', `${MEDIA}a=mid:x\r\n`],
  ['v=0\r\nc=IN IP4 ', '0', `\r\n${MEDIA.repeat(50)}`],
  ['v=0\r\nc=IN IP4 1', '/1', `\r\n${MEDIA.repeat(50)}`],
  ['v=0\r\no=', 'a ', `\r\n${MEDIA}`],
  [HEAD + MEDIA, '\r\n', ''],
  [HEAD + MEDIA, '\r', ''],
  [HEAD + MEDIA, '\r', '\na=x'],
  [HEAD, '=', `\r\n${MEDIA}`],
];

/** The least processor time of some runs, milliseconds, so that what else the machine does counts little. */
function cost(text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 7; i++) {
    const start = process.cpuUsage();
    const result = parseSdp(text);
    if (result.ok) {
      const media = result.value.media.map((_, at) => relay(at));
      rewriteSdp(result.value, planFor(result.value, { ...CHANGES, media }));
    }
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** What a quadratic search in the larger text would take by far more than, and noise by far less. */
const SLACK_MS = 10;

test('[NG-04] the time for hostile descriptions grows no faster than they do', () => {
  parsed(HEAD + MEDIA);
  for (const [before, unit, behind] of SHAPES) {
    const of = (size: number): string => before + unit.repeat((size - before.length - behind.length) / unit.length) + behind;
    const [small, large] = [cost(of(16_000)), cost(of(64_000))];
    ok(large < small * 8 + SLACK_MS, `${JSON.stringify(unit)}: ${small.toFixed(2)} ms and ${large.toFixed(2)} ms`);
  }
});

test('[NG-04] a hundred sections, each with all it may have, cost what their lines cost', () => {
  const lines = ['m=audio 4000 RTP/AVP 0 8 96', ...Array.from({ length: 20 }, (_, i) => `a=fmtp:${90 + i} x`)].join('\n');
  const of = (count: number): string => `v=0\n${`${lines}\n`.repeat(count)}`;
  ok(cost(of(100)) < cost(of(25)) * 8 + SLACK_MS);
});
