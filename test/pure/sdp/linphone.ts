/** Linphone, and holds between the families. Shapes as they are documented, values made up. */
import { type Pair, relay } from './sdpGiven.js';

export const LINPHONE: readonly Pair[] = [
  {
    title: 'Linphone, several video codecs, XR, and AVPF made AVP: its feedback lines go with it',
    plan: { transportProtocol: 'RTP/AVP' },
    text: `
  v=0
  o=alice 2890 2890 IN IP4 192.168.1.44
  s=Talk
- c=IN IP4 192.168.1.44
+ c=IN IP4 203.0.113.5
  t=0 0
  a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
- m=audio 7078 RTP/AVPF 96 97 98 0 8 101
+ m=audio 30000 RTP/AVP 96 97 98 0 8 101
  a=rtpmap:96 opus/48000/2
  a=fmtp:96 useinbandfec=1
  a=rtpmap:97 speex/16000
  a=fmtp:97 vbr=on
  a=rtpmap:98 speex/8000
  a=rtpmap:101 telephone-event/48000
- a=rtcp-fb:* trr-int 1000
- a=rtcp-fb:* ccm tmmbr
- m=video 9078 RTP/AVPF 96
+ m=video 30002 RTP/AVP 96
  a=rtpmap:96 VP8/90000
- a=rtcp-fb:96 nack pli
`,
  },
  {
    title: 'Linphone, AVP made AVPF, and keys are not touched by that',
    plan: { transportProtocol: 'rtp/avpf' },
    text: `
  v=0
  o=alice 2890 2891 IN IP4 192.168.1.44
  s=Talk
- c=IN IP4 192.168.1.44
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 7078 RTP/AVP 0
+ m=audio 30000 RTP/AVPF 0
- m=audio 7082 RTP/SAVP 0
+ m=audio 30002 RTP/SAVP 0
`,
  },
  {
    title: 'Linphone over IPv6',
    plan: { media: [relay(0, '2001:db8:1::5')] },
    text: `
  v=0
  o=alice 2890 2892 IN IP6 2001:db8::44
  s=Talk
- c=IN IP6 2001:db8::44
+ c=IN IP6 2001:db8:1::5
  t=0 0
- m=audio 7078 RTP/AVP 0
- a=rtcp:7080 IN IP6 2001:db8::44
+ m=audio 30000 RTP/AVP 0
+ a=rtcp:30001 IN IP6 2001:db8:1::5
`,
  },
  {
    title: 'Linphone from IPv6 to IPv4, the origin as well',
    plan: { replace: new Set(['origin']) },
    text: `
  v=0
- o=alice 2890 2893 IN IP6 2001:db8::44
+ o=alice 2890 2893 IN IP4 203.0.113.5
  s=Talk
- c=IN IP6 2001:db8::44
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 7078 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
`,
  },
  {
    title: 'hold from IPv4 to IPv6: zeros of the other family',
    plan: { media: [relay(0, '2001:db8:1::5')] },
    text: `
  v=0
  o=alice 2890 2894 IN IP4 192.168.1.44
  s=Talk
- c=IN IP4 0.0.0.0
+ c=IN IP6 ::
  t=0 0
- m=audio 7078 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
`,
  },
  {
    title: 'hold from IPv6 to IPv4: zeros of the other family',
    text: `
  v=0
  o=alice 2890 2894 IN IP6 2001:db8::44
  s=Talk
- c=IN IP6 0:0:0:0:0:0:0:0
+ c=IN IP4 0.0.0.0
  t=0 0
- m=audio 7078 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
`,
  },
  {
    title: 'hold by a name that is no host, and by zeros in the form they came in',
    plan: { media: [relay(0), relay(1, '2001:db8:1::5'), relay(2, '2001:db8:1::5')] },
    text: `
  v=0
  o=alice 2890 2895 IN IP4 192.168.1.44
  s=Talk
  t=0 0
- m=audio 7078 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
  c=IN IP4 hold.invalid
- m=audio 7080 RTP/AVP 0
+ m=audio 30002 RTP/AVP 0
  c=IN IP6 0:0:0:0:0:0:0:0
- m=audio 7082 RTP/AVP 0
- c=IN IP4 Hold.Invalid
+ m=audio 30004 RTP/AVP 0
+ c=IN IP6 Hold.Invalid
`,
  },
];
