/** Polycom, Yealink, Grandstream, Snom. Shapes as they are documented, values made up. */
import { CODEC, type Pair, relay } from './sdpGiven.js';

export const TELEPHONES: readonly Pair[] = [
  {
    title: 'Polycom, an offer with a direction of the session part',
    text: `
  v=0
  o=- 1700000100 1700000100 IN IP4 10.0.0.21
  s=Polycom IP Phone
- c=IN IP4 10.0.0.21
+ c=IN IP4 203.0.113.5
  t=0 0
  a=sendrecv
- m=audio 2238 RTP/AVP 9 102 0 8 18 127
+ m=audio 30000 RTP/AVP 9 102 0 8 18 127
  a=rtpmap:9 G722/8000
  a=rtpmap:102 G7221/16000
  a=fmtp:102 bitrate=32000
  a=rtpmap:18 G729/8000
  a=fmtp:18 annexb=no
  a=rtpmap:127 telephone-event/8000
`,
  },
  {
    title: 'Polycom, hold in both ways at once: zeros and sendonly',
    text: `
  v=0
  o=- 1700000100 1700000101 IN IP4 10.0.0.21
  s=Polycom IP Phone
  c=IN IP4 0.0.0.0
  t=0 0
  a=sendonly
- m=audio 2238 RTP/AVP 9 127
+ m=audio 30000 RTP/AVP 9 127
  a=rtpmap:127 telephone-event/8000
`,
  },
  {
    title: 'Polycom, zeros and sendonly, where zeros are replaced: the direction says it already',
    plan: { replace: new Set(['zero-address']) },
    text: `
  v=0
  o=- 1700000100 1700000101 IN IP4 10.0.0.21
  s=Polycom IP Phone
- c=IN IP4 0.0.0.0
+ c=IN IP4 203.0.113.5
  t=0 0
  a=sendonly
- m=audio 2238 RTP/AVP 9 127
+ m=audio 30000 RTP/AVP 9 127
`,
  },
  {
    title: 'Polycom, zeros and recvonly, where zeros are replaced: nothing flows',
    plan: { replace: new Set(['zero-address']) },
    text: `
  v=0
  o=- 1700000100 1700000102 IN IP4 10.0.0.21
  s=Polycom IP Phone
  t=0 0
- m=audio 2238 RTP/AVP 9 127
- c=IN IP4 0.0.0.0
- a=recvonly
+ m=audio 30000 RTP/AVP 9 127
+ c=IN IP4 203.0.113.5
+ a=inactive
`,
  },
  {
    title: 'Polycom, hold of one section alone: the other keeps an address',
    text: `
  v=0
  o=- 1700000100 1700000103 IN IP4 10.0.0.21
  s=Polycom IP Phone
- c=IN IP4 10.0.0.21
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 2238 RTP/AVP 9
+ m=audio 30000 RTP/AVP 9
- m=video 2240 RTP/AVP 34
+ m=video 30002 RTP/AVP 34
  c=IN IP4 0.0.0.0
  a=sendonly
`,
  },
  {
    title: 'Yealink, an offer with a port count, and rtcp-xr lines',
    text: `
  v=0
  o=- 20001 20001 IN IP4 192.168.5.31
  s=SDP data
- c=IN IP4 192.168.5.31
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 11780/2 RTP/AVP 9 0 8 18 101
+ m=audio 30000 RTP/AVP 9 0 8 18 101
  a=rtpmap:9 G722/8000
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-15
  a=ptime:20
  a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
  a=sendrecv
`,
  },
  {
    title: 'Yealink, hold by sendonly, resumed by sendrecv: both pass',
    text: `
  v=0
  o=- 20001 20002 IN IP4 192.168.5.31
  s=SDP data
- c=IN IP4 192.168.5.31
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 11780 RTP/AVP 9
+ m=audio 30000 RTP/AVP 9
  a=sendonly
- m=audio 11784 RTP/AVP 9
+ m=audio 30002 RTP/AVP 9
  a=inactive
`,
  },
  {
    title: 'Grandstream, the description ends without a line end',
    isOpen: true,
    text: `
  v=0
  o=2001 8000 8000 IN IP4 192.168.7.12
  s=SIP Call
- c=IN IP4 192.168.7.12
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 5004 RTP/AVP 0 8
+ m=audio 30000 RTP/AVP 0 8
  a=sendrecv
  a=ptime:20
`,
  },
  {
    title: 'Grandstream, a line is put behind the last one, which had no end',
    isOpen: true,
    plan: { media: [relay(30000, '203.0.113.5', 40000)] },
    text: `
  v=0
  o=2001 8000 8000 IN IP4 192.168.7.12
  s=SIP Call
- c=IN IP4 192.168.7.12
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 5004 RTP/AVP 0 8
+ m=audio 30000 RTP/AVP 0 8
  a=sendrecv
+ a=rtcp:40000
`,
  },
  {
    title: 'Snom, lines that end in LF alone, also those that are put in',
    end: '\n',
    plan: { rtcpAttribute: 'full', generateMid: true },
    text: `
  v=0
  o=root 31 31 IN IP4 192.168.9.2
  s=call
- c=IN IP4 192.168.9.2
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 63000 RTP/AVP 8
+ m=audio 30000 RTP/AVP 8
  a=sendrecv
+ a=rtcp:30001 IN IP4 203.0.113.5
+ a=mid:0
`,
  },
  {
    title: 'Snom, an empty line at the end stays there',
    plan: { generateMid: true },
    text: `
  v=0
  o=root 31 31 IN IP4 192.168.9.2
  s=call
- c=IN IP4 192.168.9.2
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 63000 RTP/AVP 8
+ m=audio 30000 RTP/AVP 8
  a=sendrecv
+ a=mid:0
  
`,
  },
  {
    title: 'Snom, telephone events taken away',
    plan: { codec: { ...CODEC, strip: ['TELEPHONE-EVENT'] } },
    text: `
  v=0
  o=root 31 32 IN IP4 192.168.9.2
  s=call
- c=IN IP4 192.168.9.2
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 63000 RTP/AVP 8 101 102
+ m=audio 30000 RTP/AVP 8
  a=rtpmap:8 PCMA/8000
- a=rtpmap:101 telephone-event/8000
- a=fmtp:101 0-15
- a=rtpmap:102 telephone-event/16000
  a=sendrecv
`,
  },
];
