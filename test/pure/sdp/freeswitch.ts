/** FreeSWITCH. Shapes as they are documented, values made up. */
import { CODEC, type Pair } from './sdpGiven.js';

export const FREESWITCH: readonly Pair[] = [
  {
    title: 'FreeSWITCH, an offer with a=rtcp in its full form',
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000001 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 24680 RTP/AVP 0 8 9 101 13
+ m=audio 30000 RTP/AVP 0 8 9 101 13
  a=rtpmap:0 PCMU/8000
  a=rtpmap:8 PCMA/8000
  a=rtpmap:9 G722/8000
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-16
  a=rtpmap:13 CN/8000
- a=rtcp:24681 IN IP4 198.51.100.7
+ a=rtcp:30001 IN IP4 203.0.113.5
  a=ptime:20
`,
  },
  {
    title: 'FreeSWITCH, several profiles of one media: an m= line of RTP/SAVP and one of RTP/AVP',
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000002 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 24680 RTP/SAVP 8 101
+ m=audio 30000 RTP/SAVP 8 101
  a=rtpmap:8 PCMA/8000
  a=crypto:1 AEAD_AES_256_GCM_8 inline:abcd
- m=audio 24680 RTP/AVP 8 101
+ m=audio 30002 RTP/AVP 8 101
  a=rtpmap:8 PCMA/8000
`,
  },
  {
    title: 'FreeSWITCH, hold by sendonly: the direction is not touched',
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000003 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
  a=sendonly
- m=audio 24680 RTP/AVP 8
+ m=audio 30000 RTP/AVP 8
  a=ptime:20
`,
  },
  {
    title: 'FreeSWITCH, a loop is marked once, and attributes are added, removed and substituted',
    plan: {
      loopMark: 'r1',
      attributes: {
        none: { add: ['tool:relay', 'x-none:1'], remove: ['tool'], substitute: [] },
        audio: {
          add: ['label:1', 'ptime:20'],
          remove: ['silenceSupp', 'fmtp:101 0-16'],
          substitute: [
            { from: 'sendrecv', to: 'sendonly' },
            { from: 'x-old', to: 'x-new' },
          ],
        },
        video: { add: ['label:2'], remove: ['ptime'], substitute: [] },
      },
    },
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000004 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
- a=tool:sofia
+ a=tool:relay
+ a=x-none:1
+ a=rtpbridge:r1
- m=audio 24680 RTP/AVP 8 101
+ m=audio 30000 RTP/AVP 8 101
- a=fmtp:101 0-16
- a=silenceSupp:off - - - -
- a=x-old:7
- a=sendrecv
+ a=x-new:7
+ a=sendonly
  a=ptime:20
+ a=label:1
`,
  },
  {
    title: 'FreeSWITCH, codecs masked by name with rate, and retransmission goes with its codec',
    plan: { codec: { ...CODEC, strip: ['opus/48000', 'VP8', 'L16/16000'], mask: ['g722/8000/1'] } },
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000005 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 24680 RTP/AVP 102 9 8 11
- a=rtpmap:102 opus/48000/2
- a=fmtp:102 useinbandfec=1
+ m=audio 30000 RTP/AVP 8 11
  a=rtpmap:8 PCMA/8000
- m=video 24682 RTP/AVPF 96 97 98 99
- a=rtpmap:96 VP8/90000
- a=rtcp-fb:96 nack
- a=rtpmap:97 rtx/90000
- a=fmtp:97 apt=96;rtx-time=200
+ m=video 30002 RTP/AVPF 98 99
  a=rtpmap:98 H264/90000
  a=rtpmap:99 rtx/90000
  a=fmtp:99 rtx-time=200; apt=98
`,
  },
  {
    title: 'FreeSWITCH, a media that would lose its last codec keeps all of them',
    plan: { codec: { ...CODEC, strip: ['PCMA', 'PCMU'] } },
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000006 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 24680 RTP/AVP 8 0 101
+ m=audio 30000 RTP/AVP 8 0 101
  a=rtpmap:101 telephone-event/8000
`,
  },
  {
    title: 'FreeSWITCH, or is rejected, if that is allowed',
    plan: { codec: { ...CODEC, strip: ['PCMA', 'PCMU'] }, allowNoCodecMedia: true },
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000006 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 24680 RTP/AVP 8 0 101
+ m=audio 0 RTP/AVP 8 0 101
  a=rtpmap:101 telephone-event/8000
- m=audio 24690 RTP/AVP 18
+ m=audio 30002 RTP/AVP 18
`,
  },
  {
    title: 'FreeSWITCH, codecs offered in another order',
    plan: { codec: { ...CODEC, offer: ['G722', 'pcma'] } },
    text: `
  v=0
  o=FreeSWITCH 1700000000 1700000007 IN IP4 198.51.100.7
  s=FreeSWITCH
- c=IN IP4 198.51.100.7
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 24680 RTP/AVP 0 8 9 101
+ m=audio 30000 RTP/AVP 9 8 0 101
  a=rtpmap:0 PCMU/8000
  a=rtpmap:8 PCMA/8000
  a=rtpmap:9 G722/8000
  a=rtpmap:101 telephone-event/8000
`,
  },
];
