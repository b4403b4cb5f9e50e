/** Single rules of rewriting, where a pair of whole descriptions would say too much. */
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { hasLoopMark } from '../../../src/protocol/sdp/attributes.js';
import { composeSdp } from '../../../src/protocol/sdp/compose.js';
import type { SdpPlan } from '../../../src/protocol/sdp/sdp.js';
import { CODEC, description, parsed, place, relay, rewritten } from './sdpGiven.js';

/** The `m=` line and the attributes of the first section, once a plan was followed. */
const sectionOf = (lines: readonly string[], changes: Partial<SdpPlan>): string[] =>
  rewritten(description(lines), changes).split('\r\n').slice(5, -1);

test('[NG-04] codecs are named by name, rate, channels or payload type, in any case', () => {
  const lines = ['m=audio 4000 RTP/AVP 96 10 11 0 101', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:101 telephone-event/8000'];
  const formats = (...strip: string[]): string => {
    const [first] = sectionOf(lines, { codec: { ...CODEC, strip } });
    return first!.slice('m=audio 30000 RTP/AVP '.length);
  };
  equal(formats('OPUS'), '10 11 0 101');
  equal(formats('opus/48000'), '10 11 0 101');
  equal(formats('opus/48000/2'), '10 11 0 101');
  equal(formats('opus/48000/1'), '96 10 11 0 101');
  equal(formats('opus/16000'), '96 10 11 0 101');
  equal(formats('L16/44100/1'), '96 10 0 101');
  equal(formats('L16'), '96 0 101');
  equal(formats('101', '0'), '96 10 11');
  equal(formats('unknown'), '96 10 11 0 101');
  equal(formats('all'), '96 10 11 0 101', 'they would all be gone');
});

test('[NG-04] formats without a name are known by their payload type, and those that are none stay', () => {
  const lines = ['m=audio 4000 RTP/AVP 120 0 x', 'a=fmtp:120 a'];
  deepEqual(sectionOf(lines, { codec: { ...CODEC, strip: ['120'] } }), ['m=audio 30000 RTP/AVP 0 x']);
  deepEqual(sectionOf(lines, { codec: { ...CODEC, strip: ['full'], except: ['pcmu'] } }), ['m=audio 30000 RTP/AVP 0 x']);
});

test('[NG-04] what is for another codec goes with it, or by its own name', () => {
  const lines = [
    ...['m=video 4000 RTP/AVP 96 97 98 99 100', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'],
    ...['a=rtpmap:98 red/90000', 'a=fmtp:98 96/99', 'a=rtpmap:99 H264/90000', 'a=rtpmap:100 rtx/90000', 'a=fmtp:100 apt=98'],
  ];
  const formats = (codec: Partial<SdpPlan['codec']>): string => sectionOf(lines, { codec: { ...CODEC, ...codec } })[0]!.slice(22);
  equal(formats({ strip: ['VP8'] }), '99', 'redundancy of it, and what repeats that');
  equal(formats({ strip: ['rtx'] }), '96 98 99');
  equal(formats({ strip: ['all'], except: ['VP8', 'H264'] }), '96 97 98 99 100');
  equal(formats({ strip: ['all'], except: ['VP8'] }), '96 97');
});

test('[NG-04] one codec: with the telephone events of its rate, or with what there are', () => {
  const both = ['m=audio 4000 RTP/AVP 96 0 101 102', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:101 telephone-event/8000'];
  const lines = [...both, 'a=rtpmap:102 telephone-event/48000'];
  equal(sectionOf(lines, { singleCodec: true })[0], 'm=audio 30000 RTP/AVP 96 102');
  equal(sectionOf(lines, { singleCodec: true, codec: { ...CODEC, offer: ['PCMU'] } })[0], 'm=audio 30000 RTP/AVP 0 101');
  equal(sectionOf(both, { singleCodec: true })[0], 'm=audio 30000 RTP/AVP 96 101');
  const video = ['m=video 4000 RTP/AVP 96 97 98', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'];
  equal(sectionOf(video, { singleCodec: true })[0], 'm=video 30000 RTP/AVP 96 97');
  equal(sectionOf(['m=audio 4000 RTP/AVP 101', both[2]!], { singleCodec: true })[0], 'm=audio 30000 RTP/AVP 101');
});

test('[NG-04] a section that is bundled only is not held by the address of a session that others go by', () => {
  const held = ['m=audio 4000 RTP/AVP 0', 'c=IN IP4 0.0.0.0'];
  const bundled = ['m=audio 0 RTP/AVP 0', 'a=rtcp:5001 IN IP4 192.0.2.1', 'a=bundle-only'];
  const plan = { media: [relay(0), relay(1)] };
  const once = rewritten(description([...held, ...bundled]), plan);
  match(once, /\r\nc=IN IP4 0\.0\.0\.0\r\nt=.*\r\na=rtcp:30003 IN IP4 203\.0\.113\.5\r\n/s);
  equal(rewritten(once, plan), once);
});

test('[NG-04] the sections of a bundled answer share the place of one that stays', () => {
  const bundled = ['a=group:BUNDLE 0 1', 'm=audio 4000 RTP/AVP 96', 'a=mid:0', 'a=rtpmap:96 opus/48000/2'];
  const video = ['m=video 4000 RTP/AVP 97', 'a=mid:1', 'a=rtpmap:97 VP8/90000'];
  const [first, second] = [relay(0), relay(1)];
  const after = (changes: Partial<SdpPlan>): string[] =>
    rewritten(description([...bundled, ...video]), { media: [first, second], ...changes })
      .split('\r\n')
      .filter((line) => /^(?:m=|a=group)/.test(line));
  deepEqual(after({}), ['a=group:BUNDLE 0 1', 'm=audio 30000 RTP/AVP 96', 'm=video 30000 RTP/AVP 97']);
  const alone = ['a=group:BUNDLE 1', 'm=audio 0 RTP/AVP 96', 'm=video 30002 RTP/AVP 97'];
  deepEqual(after({ allowNoCodecMedia: true, codec: { ...CODEC, strip: ['opus'] } }), alone);
  deepEqual(after({ removeKinds: ['audio'] }), alone);
});

test('[NG-04] a mid stays in its group while a section that stays has it', () => {
  const lines = ['a=group:BUNDLE 0', 'm=audio 4000 RTP/AVP 0', 'a=mid:0', 'm=video 4002 RTP/AVP 97', 'a=mid:0'];
  const after = rewritten(description(lines), { media: [relay(0), relay(1)], removeKinds: ['video'] });
  match(after, /\r\na=group:BUNDLE 0\r\nm=audio 30000 .*\r\nm=video 0 /s);
});

test('[NG-04] the words about mux: what adds it counts more than what takes it away', () => {
  const withMux = ['m=audio 4000 RTP/AVP 0', 'a=rtcp-mux'];
  const without = ['m=audio 4000 RTP/AVP 0'];
  const attributes = (lines: string[], ...rtcpMux: SdpPlan['rtcpMux']): string[] => sectionOf(lines, { rtcpMux }).slice(1);
  deepEqual(attributes(withMux), ['a=rtcp-mux']);
  deepEqual(attributes(withMux, 'offer'), ['a=rtcp-mux']);
  deepEqual(attributes(without, 'demux', 'offer'), ['a=rtcp-mux']);
  deepEqual(attributes(without, 'require'), ['a=rtcp-mux', 'a=rtcp-mux-only']);
  deepEqual(attributes(withMux, 'accept', 'reject'), ['a=rtcp:30001']);
  deepEqual(attributes(without, 'demux'), []);
  deepEqual(sectionOf(withMux, { rtcpMux: ['reject'], rtcpAttribute: 'never' }).slice(1), []);
  deepEqual(sectionOf(['m=image 4000 udptl t38'], { rtcpMux: ['require'], rtcpAttribute: 'full' }).slice(1), []);
});

test('[NG-04] RTCP of a section with mux is on the port of RTP, wherever the relay has it otherwise', () => {
  const media = [relay(30000, '203.0.113.5', 40000)];
  const lines = ['m=audio 4000 RTP/AVP 0', 'a=rtcp:4001', 'a=rtcp:4002', 'a=rtcp-mux'];
  deepEqual(sectionOf(lines, { media }).slice(1), ['a=rtcp:30000', 'a=rtcp-mux']);
  deepEqual(sectionOf(['m=audio 4000 RTP/AVP 0', 'a=rtcp-mux'], { media }).slice(1), ['a=rtcp-mux']);
  const full = sectionOf(['m=audio 4000 RTP/AVP 0', 'a=rtcp-mux'], { media, rtcpAttribute: 'full' });
  deepEqual(full.slice(1), ['a=rtcp-mux', 'a=rtcp:30000 IN IP4 203.0.113.5']);
});

test('[NG-04] a bundle whose sections have places of their own keeps them', () => {
  const text = 'v=0\r\na=group:BUNDLE b a\r\nm=audio 10 RTP/AVP 0\r\na=mid:a\r\nm=audio 12 RTP/AVP 0\r\na=mid:b\r\n';
  const at = 'c=IN IP4 192.0.2.1\r\n';
  match(rewritten(`v=0\r\n${at}${text.slice(5)}`), /m=audio 30000 [\s\S]*m=audio 30002 /);
  const one = `v=0\r\n${at}${text.slice(5).replace('audio 10', 'audio 12')}`;
  match(rewritten(one), /m=audio 30002 [\s\S]*m=audio 30002 /, 'one place: that of the first in the group, which is b');
  match(rewritten(one, { bundle: ['strict', 'accept'] }), /group:BUNDLE b a[\s\S]*m=audio 30002 [\s\S]*m=audio 30002 /);
  match(rewritten(one, { bundle: ['reject'] }), /m=audio 30000 [\s\S]*m=audio 30002 /);
  match(rewritten(one.replace('BUNDLE b a', 'BUNDLE b')), /m=audio 30000 [\s\S]*m=audio 30002 /, 'they are in no common group');
});

test('[NG-04] what comes from a controller cannot put in lines of its own', () => {
  const lines = ['m=audio 4000 RTP/AVP 0', 'a=x:1', 'a=y'];
  const attributes = {
    audio: { add: ['ok', 'evil\r\nm=audio 1 RTP/AVP 0'], remove: [], substitute: [{ from: 'x', to: 'z\na=b' }] },
  };
  deepEqual(sectionOf(lines, { attributes }).slice(1), ['a=x:1', 'a=y', 'a=ok']);
  const origin = { address: { family: 'IP4', host: '203.0.113.5' } as const, username: 'a b\r\n', sessionName: '' };
  const text = rewritten(description(lines), { origin, replace: new Set(['origin-full', 'session-name']), loopMark: 'a\r\nb' });
  match(text, /^v=0\r\no=- 1 1 IN IP4 203\.0\.113\.5\r\ns=-\r\nc=/);
  doesNotMatch(text, /rtpbridge/);
});

test('[NG-04] attributes are named whole, up to the first colon, or up to the first blank', () => {
  const lines = ['m=audio 4000 RTP/AVP 0', 'a=fmtp:101 0-15', 'a=fmtp:102 0-15', 'a=fmtpx', 'a=label'];
  const without = (...remove: string[]): string[] =>
    sectionOf(lines, { attributes: { Audio: { add: [], remove, substitute: [] } } }).slice(1);
  deepEqual(without('fmtp'), ['a=fmtpx', 'a=label']);
  deepEqual(without('fmtp:101'), ['a=fmtp:102 0-15', 'a=fmtpx', 'a=label']);
  deepEqual(without('fmtp:102 0-15', 'label'), ['a=fmtp:101 0-15', 'a=fmtpx']);
  deepEqual(without('fmt', 'fmtp:10'), lines.slice(1));
  const substitute = [
    { from: 'fmtp:101', to: 'fmtp:111' },
    { from: 'label', to: 'label:9' },
  ];
  const substituted = sectionOf(lines, { attributes: { audio: { add: [], remove: [], substitute } } });
  deepEqual(substituted.slice(1), ['a=fmtp:111 0-15', 'a=fmtp:102 0-15', 'a=fmtpx', 'a=label:9']);
});

test('[NG-04] the mark against loops is found by its own relay only', () => {
  const marked = parsed(rewritten(description(['m=audio 4000 RTP/AVP 0']), { loopMark: 'one' }));
  deepEqual([hasLoopMark(marked, 'one'), hasLoopMark(marked, 'on'), hasLoopMark(marked, 'two')], [true, false, false]);
});

test('[NG-04] an address of the session is not copied into sections beyond measure', () => {
  const blanks = ' '.repeat(60_000);
  const messages = 'm=message 2855 TCP/MSRP *\r\n'.repeat(99);
  const text = `v=0\r\nc=IN IP4 192.0.2.1${blanks}\r\nm=audio 4000 RTP/AVP 0\r\n${messages}`;
  const after = rewritten(text);
  equal(after.split('c=IN IP4 192.0.2.1\r\n').length - 1, 99);
  ok(after.length < 10_000);
});

test('a description is composed with as little as there must be', () => {
  const origin = { id: '77', version: '1', address: { family: 'IP4', host: '203.0.113.5' } } as const;
  const PCMU = { payloadType: 0, name: 'PCMU/8000', fmtp: null };
  const events = { payloadType: 101, name: 'telephone-event/8000', fmtp: '0-15' };
  const text = composeSdp({
    origin,
    sessionName: 'copy',
    attributes: ['tool:relay'],
    media: [
      {
        kind: 'audio',
        place: place(0),
        protocol: 'RTP/AVP',
        formats: [PCMU, events],
        direction: 'sendonly',
        label: '1',
        ptimeMs: 20,
      },
      { kind: 'audio', place: place(1, '2001:db8::5', 40000), protocol: 'RTP/AVP', formats: [PCMU], direction: 'sendonly' },
      {
        kind: 'video',
        place: null,
        protocol: 'RTP/AVP',
        formats: [{ payloadType: 99, name: '', fmtp: null }],
        direction: 'inactive',
      },
      { kind: 'image', place: place(3), protocol: 'udptl', formats: [], direction: 'sendonly' },
      {
        kind: 'audio',
        place: place(4, '203.0.113.5', 5),
        protocol: 'RTP/AVP',
        formats: [PCMU],
        direction: 'sendrecv',
        rtcpMux: true,
      },
    ],
  });
  deepEqual(text.split('\r\n'), [
    ...['v=0', 'o=- 77 1 IN IP4 203.0.113.5', 's=copy', 'c=IN IP4 203.0.113.5', 't=0 0', 'a=tool:relay'],
    ...['m=audio 30000 RTP/AVP 0 101', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'],
    ...['a=ptime:20', 'a=sendonly', 'a=label:1'],
    ...['m=audio 30002 RTP/AVP 0', 'c=IN IP6 2001:db8::5', 'a=rtpmap:0 PCMU/8000', 'a=rtcp:40000', 'a=sendonly'],
    ...['m=video 0 RTP/AVP 99', 'm=image 30006 udptl t38', 'a=sendonly'],
    ...['m=audio 30008 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=rtcp-mux', 'a=sendrecv', ''],
  ]);
  deepEqual(
    parsed(text).media.map(({ port, isRejected }) => [port, isRejected]),
    [
      [30_000, false],
      [30_002, false],
      [0, true],
      [30_006, false],
      [30_008, false],
    ],
  );
});
