/** Teams, conference and media servers. Shapes as they are documented, values made up. */
import { KEEP, type Pair, relay } from './sdpGiven.js';

export const SERVERS: readonly Pair[] = [
  {
    title: 'Teams, direct routing: ICE-lite and candidates go, crypto and the list of codecs stay',
    plan: { ice: 'remove' },
    text: `
  v=0
  o=- 158902 0 IN IP4 127.0.0.1
  s=session
- c=IN IP4 52.112.0.10
+ c=IN IP4 203.0.113.5
  b=CT:10000000
  t=0 0
- a=ice-lite
- m=audio 50036 RTP/SAVP 104 9 8 0 101 13 118
- c=IN IP4 52.112.0.10
- a=rtcp:50037
- a=ice-ufrag:A2mz
- a=ice-pwd:bF3gXxVSrDUSLD+KqBtRv3Dt
- a=candidate:1 1 UDP 2130706431 52.112.0.10 50036 typ host
- a=candidate:1 2 UDP 2130705918 52.112.0.10 50037 typ host
- a=remote-candidates:1 198.51.100.3 24680 2 198.51.100.3 24681
+ m=audio 30000 RTP/SAVP 104 9 8 0 101 13 118
+ c=IN IP4 203.0.113.5
+ a=rtcp:30001
  a=label:main-audio
  a=mid:1
  a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^31
  a=rtpmap:104 SILK/16000
  a=rtpmap:118 CN/16000
  a=ptime:20
`,
  },
  {
    title: 'A conference server, MSRP over TCP: not ours, and given the address that the session part had',
    text: `
  v=0
  o=conf 1 1 IN IP4 198.51.100.30
  s=-
- c=IN IP4 198.51.100.30
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 4000 RTP/AVP 8
+ m=audio 30000 RTP/AVP 8
  m=message 2855 TCP/MSRP *
  i=chat
+ c=IN IP4 198.51.100.30
  a=accept-types:text/plain
  a=path:msrp://198.51.100.30:2855/s1;tcp
`,
  },
  {
    title: 'A conference server, media kinds that are not wanted: rejected, where they stand',
    plan: { removeKinds: ['MESSAGE', 'video'] },
    text: `
  v=0
  o=conf 1 1 IN IP4 198.51.100.30
  s=-
- c=IN IP4 198.51.100.30
+ c=IN IP4 203.0.113.5
  t=0 0
- m=video 4004 RTP/AVP 96
+ m=video 0 RTP/AVP 96
  a=rtpmap:96 VP8/90000
- m=message 2855 TCP/MSRP *
+ m=message 0 TCP/MSRP *
  a=path:msrp://198.51.100.30:2855/s1;tcp
- m=audio 4000 RTP/AVP 8
+ m=audio 30004 RTP/AVP 8
`,
  },
  {
    title: 'A media server that names no address at all is given one',
    plan: { media: [relay(0), KEEP] },
    text: `
  v=0
  s=-
  t=0 0
- m=audio 4000 RTP/AVP 8
+ m=audio 30000 RTP/AVP 8
  i=talk
+ c=IN IP4 203.0.113.5
  b=AS:64
  k=prompt
  m=audio 4002 TCP/RTP/AVP 8
`,
  },
];
