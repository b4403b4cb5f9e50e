/** Cisco: CUCM, 79xx telephones, gateways. Shapes as they are documented, values made up. */
import { CODEC, type Pair, relay } from './sdpGiven.js';

export const CISCO: readonly Pair[] = [
  {
    title: 'CUCM, an offer with b= lines between c= and t=',
    text: `
  v=0
  o=CiscoSystemsCCM-SIP 161095 1 IN IP4 10.10.20.5
  s=SIP Call
- c=IN IP4 10.10.20.77
+ c=IN IP4 203.0.113.5
  b=TIAS:64000
  b=AS:64
  t=0 0
- m=audio 17236 RTP/AVP 9 0 8 18 101
+ m=audio 30000 RTP/AVP 9 0 8 18 101
  b=TIAS:64000
  a=rtpmap:9 G722/8000
  a=rtpmap:0 PCMU/8000
  a=rtpmap:8 PCMA/8000
  a=rtpmap:18 G729/8000
  a=fmtp:18 annexb=no
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-15
`,
  },
  {
    title: 'CUCM, hold by music: inactive first, then sendonly',
    text: `
  v=0
  o=CiscoSystemsCCM-SIP 161095 2 IN IP4 10.10.20.5
  s=SIP Call
- c=IN IP4 0.0.0.0
+ c=IN IP4 0.0.0.0
  t=0 0
- m=audio 17236 RTP/AVP 9 101
+ m=audio 30000 RTP/AVP 9 101
  a=rtpmap:9 G722/8000
  a=inactive
  a=rtpmap:101 telephone-event/8000
`,
  },
  {
    title: 'CUCM, audio, video and a presentation refused; the bandwidth lines stay',
    text: `
  v=0
  o=CiscoSystemsCCM-SIP 2001 1 IN IP4 10.10.20.5
  s=SIP Call
- c=IN IP4 10.10.20.78
+ c=IN IP4 203.0.113.5
  b=AS:2000
  t=0 0
- m=audio 21000 RTP/AVP 114 101
+ m=audio 30000 RTP/AVP 114 101
  a=rtpmap:114 opus/48000/2
  a=rtpmap:101 telephone-event/8000
- m=video 21002 RTP/AVP 126
+ m=video 30002 RTP/AVP 126
  b=TIAS:1800000
  a=rtpmap:126 H264/90000
  a=fmtp:126 profile-level-id=42e01f;packetization-mode=1
  a=content:main
  a=label:11
  m=video 0 RTP/AVP 31 34 96 97
  m=application 0 UDP/BFCP *
`,
  },
  {
    title: '7960, the hold of RFC 2543: zeros in c= stay zeros, with our port',
    text: `
  v=0
  o=Cisco-SIPUA 17045 3 IN IP4 10.1.1.60
  s=SIP Call
  c=IN IP4 0.0.0.0
  t=0 0
- m=audio 28364 RTP/AVP 0 8 18 101
+ m=audio 30000 RTP/AVP 0 8 18 101
  a=rtpmap:0 PCMU/8000
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-15
`,
  },
  {
    title: '7960, the same hold where zero addresses are to be replaced: it is said by the direction',
    plan: { replace: new Set(['zero-address']) },
    text: `
  v=0
  o=Cisco-SIPUA 17045 3 IN IP4 10.1.1.60
  s=SIP Call
- c=IN IP4 0.0.0.0
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 28364 RTP/AVP 0 101
+ m=audio 30000 RTP/AVP 0 101
  a=rtpmap:0 PCMU/8000
  a=rtpmap:101 telephone-event/8000
+ a=sendonly
`,
  },
  {
    title: '8861, mediasec and crypto pass untouched',
    text: `
  v=0
  o=Cisco-SIPUA 5 0 IN IP4 10.1.1.61
  s=SIP Call
  b=AS:4064
  t=0 0
- m=audio 24104 RTP/SAVP 9 0 101
- c=IN IP4 10.1.1.61
+ m=audio 30000 RTP/SAVP 9 0 101
+ c=IN IP4 203.0.113.5
  b=TIAS:64000
  a=rtpmap:9 G722/8000
  a=rtpmap:0 PCMU/8000
  a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR
  a=rtpmap:101 telephone-event/8000
  a=sendrecv
`,
  },
  {
    title: 'IOS gateway, an answer with its own c= in each section and one in the session part',
    text: `
  v=0
  o=CiscoSystemsSIP-GW-UserAgent 7403 8112 IN IP4 172.16.4.1
  s=SIP Call
- c=IN IP4 172.16.4.1
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 18766 RTP/AVP 18 101
- c=IN IP4 172.16.4.2
+ m=audio 30000 RTP/AVP 18 101
+ c=IN IP4 203.0.113.5
  a=rtpmap:18 G729/8000
  a=fmtp:18 annexb=no
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-16
  a=ptime:20
`,
  },
  {
    title: 'IOS gateway, a T.38 re-INVITE: audio refused, image relayed',
    plan: { rtcpAttribute: 'full', rtcpMux: ['offer'], ptimeMs: 30 },
    text: `
  v=0
  o=CiscoSystemsSIP-GW-UserAgent 7403 8113 IN IP4 172.16.4.1
  s=SIP Call
- c=IN IP4 172.16.4.1
+ c=IN IP4 203.0.113.5
  t=0 0
  m=audio 0 RTP/AVP 18
- m=image 18768 udptl t38
- c=IN IP4 172.16.4.1
+ m=image 30002 udptl t38
+ c=IN IP4 203.0.113.5
  a=T38FaxVersion:0
  a=T38MaxBitRate:14400
  a=T38FaxRateManagement:transferredTCF
  a=T38FaxMaxBuffer:200
  a=T38FaxMaxDatagram:320
  a=T38FaxUdpEC:t38UDPRedundancy
`,
  },
  {
    title: 'CUBE, early media in a 183: one codec, RTCP named with and without address',
    plan: { media: [relay(30000, '203.0.113.5', 30009)] },
    text: `
  v=0
  o=CiscoSystemsSIP-GW-UserAgent 11 22 IN IP4 172.16.4.1
  s=SIP Call
- c=IN IP4 172.16.4.1
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 18900 RTP/AVP 8
+ m=audio 30000 RTP/AVP 8
  a=rtpmap:8 PCMA/8000
  a=ptime:20
+ a=rtcp:30009
`,
  },
  {
    title: 'CUBE, one codec is asked for: the first stays, with telephone events',
    plan: { singleCodec: true },
    text: `
  v=0
  o=CiscoSystemsSIP-GW-UserAgent 11 22 IN IP4 172.16.4.1
  s=SIP Call
- c=IN IP4 172.16.4.1
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 18900 RTP/AVP 8 0 18 101 19
+ m=audio 30000 RTP/AVP 8 101
  a=rtpmap:8 PCMA/8000
- a=rtpmap:0 PCMU/8000
- a=rtpmap:18 G729/8000
- a=fmtp:18 annexb=yes
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-16
- a=rtpmap:19 CN/8000
  a=ptime:20
`,
  },
  {
    title: 'CUCM, a G.729 trunk: named by payload type and by name, all else is stripped',
    plan: { codec: { ...CODEC, strip: ['all'], except: ['18', 'Telephone-Event'] } },
    text: `
  v=0
  o=CiscoSystemsCCM-SIP 161 1 IN IP4 10.10.20.5
  s=SIP Call
- c=IN IP4 10.10.20.77
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 17236 RTP/AVP 9 0 8 18 101
+ m=audio 30000 RTP/AVP 18 101
- a=rtpmap:9 G722/8000
  a=rtpmap:18 G729/8000
  a=rtpmap:101 telephone-event/8000
`,
  },
];
