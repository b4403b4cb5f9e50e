/** Where addresses stand, whoever made the description. */
import { KEEP, type Pair, REJECT, relay } from './sdpGiven.js';

export const ADDRESSES: readonly Pair[] = [
  {
    title: 'sections of different networks: the first has the c= of the session, the other its own',
    plan: { media: [relay(0), relay(1, '198.18.0.1'), relay(2)] },
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
- c=IN IP4 192.0.2.9
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 4000 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
  a=ptime:20
- m=audio 4002 RTP/AVP 0
+ m=audio 30002 RTP/AVP 0
+ c=IN IP4 198.18.0.1
  a=ptime:20
- m=audio 4004 RTP/AVP 0
+ m=audio 30004 RTP/AVP 0
`,
  },
  {
    title: 'several c= lines: the first of a section counts, the others go',
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
- c=IN IP4 192.0.2.9
- c=IN IP4 192.0.2.10
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 4000 RTP/AVP 0
- c=IN IP4 192.0.2.11
- c=IN IP4 192.0.2.12
- c=IN IP4 192.0.2.13
+ m=audio 30000 RTP/AVP 0
+ c=IN IP4 203.0.113.5
`,
  },
  {
    title: 'a multicast address with TTL and count becomes ours without them',
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
- c=IN IP4 224.2.36.42/127/3
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 49170/2 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
`,
  },
  {
    title: 'rejected sections are left as they are, with and without an address of their own',
    plan: { media: [relay(0), relay(1), REJECT] },
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
  c=IN IP4 192.0.2.9
  t=0 0
  m=video 0 RTP/AVP 34
  m=video 0 RTP/AVP 34
  c=IN IP4 192.0.2.20
  a=rtcp:1234
- m=audio 4000 RTP/AVP 0
+ m=audio 0 RTP/AVP 0
`,
  },
  {
    title: 'nothing is relayed: not a byte changes',
    plan: { media: [KEEP, KEEP], ice: 'remove', rtcpAttribute: 'full' },
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
  c=IN IP4 192.0.2.9
  t=0 0
  m=audio 4000 RTP/AVP 0
  a=candidate:1 1 UDP 2130706431 192.0.2.9 4000 typ host
  m=message 2855 TCP/MSRP *
`,
  },
  {
    title: 'the c= of the session serves only a section that is not ours: it stays',
    plan: { media: [relay(0), KEEP] },
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
  c=IN IP4 192.0.2.9
  t=0 0
- m=audio 4000 RTP/AVP 0
- c=IN IP4 192.0.2.10
+ m=audio 30000 RTP/AVP 0
+ c=IN IP4 203.0.113.5
  m=message 2855 TCP/MSRP *
`,
  },
  {
    title: 'a=rtcp with a port alone keeps that form, whatever the blanks in other lines',
    text: `
  v=0
  o=-  1  1  IN  IP4  192.0.2.9
  s= 
- c=IN  IP4  192.0.2.9 
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio  4000  RTP/AVP  0  8
- a=rtcp:5001
+ m=audio  30000  RTP/AVP  0  8
+ a=rtcp:30001
  a=rtpmap: 0  PCMU/8000
`,
  },
  {
    title: 'a=rtcp is put in where RTCP is not on the next port, with the address if that is wanted',
    plan: { media: [relay(30000, '203.0.113.5', 30005), relay(30002, '203.0.113.5', 30003)], rtcpAttribute: 'full' },
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
- c=IN IP4 192.0.2.9
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 4000 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
+ a=rtcp:30005 IN IP4 203.0.113.5
- m=audio 4002 RTP/AVP 0
- a=rtcp:4003
+ m=audio 30002 RTP/AVP 0
+ a=rtcp:30003 IN IP4 203.0.113.5
`,
  },
  {
    title: 'a=rtcp is left out where it is not wanted, also the port that is not the next',
    plan: { media: [relay(30000, '203.0.113.5', 30005)], rtcpAttribute: 'never' },
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
- c=IN IP4 192.0.2.9
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 4000 RTP/AVP 0
- a=rtcp:4001 IN IP4 192.0.2.9
+ m=audio 30000 RTP/AVP 0
  a=sendrecv
`,
  },
  {
    title: 'mux is accepted: what was offered stays, and what was not is not put in',
    plan: { rtcpMux: ['accept'] },
    text: `
  v=0
  o=- 1 1 IN IP4 192.0.2.9
  s=-
- c=IN IP4 192.0.2.9
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 4000 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
  a=rtcp-mux
- m=audio 4002 RTP/AVP 0
+ m=audio 30002 RTP/AVP 0
`,
  },
  {
    title: 'a name in c= is replaced as an address is, and lines that are none stay',
    text: `
  v=0
  o=- 1 1 IN IP4 host.example
  s=-
  t=0 0
  z=0 0
  junk
- m=audio 4000 RTP/AVP 0
- c=IN IP4 host.example
+ m=audio 30000 RTP/AVP 0
+ c=IN IP4 203.0.113.5
  more junk
  a=sendrecv
`,
  },
];
