/** Asterisk: chan_sip and chan_pjsip. Shapes as they are documented, values made up. */
import type { Pair } from './sdpGiven.js';

export const ASTERISK: readonly Pair[] = [
  {
    title: 'Asterisk chan_sip, an offer',
    plan: { replace: new Set(['origin']) },
    text: `
  v=0
- o=root 1821370225 1821370225 IN IP4 192.168.0.5
+ o=root 1821370225 1821370225 IN IP4 203.0.113.5
  s=Asterisk PBX 13.38.3
- c=IN IP4 192.168.0.5
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 11424 RTP/AVP 0 8 3 101
+ m=audio 30000 RTP/AVP 0 8 3 101
  a=rtpmap:0 PCMU/8000
  a=rtpmap:8 PCMA/8000
  a=rtpmap:3 GSM/8000
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-16
  a=silenceSupp:off - - - -
  a=ptime:20
  a=sendrecv
`,
  },
  {
    title: 'Asterisk chan_sip, video in a bandwidth, each section with the common c=',
    text: `
  v=0
  o=root 99 99 IN IP4 192.168.0.5
  s=Asterisk PBX
- c=IN IP4 192.168.0.5
+ c=IN IP4 203.0.113.5
  b=CT:384
  t=0 0
- m=audio 11424 RTP/AVP 8
+ m=audio 30000 RTP/AVP 8
  a=sendrecv
- m=video 11430 RTP/AVP 34 99
+ m=video 30002 RTP/AVP 34 99
  a=rtpmap:34 H263/90000
  a=rtpmap:99 H264/90000
  a=sendrecv
`,
  },
  {
    title: 'Asterisk pjsip, the whole origin and the name of the session are replaced, the version is ours',
    plan: { replace: new Set(['origin-full', 'session-name', 'session-connection']), version: '7' },
    text: `
  v=0
- o=- 3456 3458 IN IP4 192.168.0.6
- s=Asterisk
- c=IN IP4 192.168.0.6
+ o=relay 3456 7 IN IP4 203.0.113.5
+ s=call
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 14002 RTP/AVP 0 101
+ m=audio 30000 RTP/AVP 0 101
  a=rtpmap:0 PCMU/8000
  a=rtpmap:101 telephone-event/8000
  a=fmtp:101 0-16
  a=ptime:20
  a=maxptime:150
  a=sendrecv
`,
  },
  {
    title: 'Asterisk pjsip, the version alone is replaced',
    plan: { replace: new Set(['sdp-version']), version: '3459' },
    text: `
  v=0
- o=- 3456 3458 IN IP4 192.168.0.6
+ o=- 3456 3459 IN IP4 192.168.0.6
  s=Asterisk
- c=IN IP4 192.168.0.6
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 14002 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
`,
  },
  {
    title: 'Asterisk pjsip, the user name alone is replaced, and no version where none is asked for',
    plan: { replace: new Set(['username']), version: '3459' },
    text: `
  v=0
- o=- 3456 3458 IN IP4 192.168.0.6
+ o=relay 3456 3458 IN IP4 192.168.0.6
  s=Asterisk
- c=IN IP4 192.168.0.6
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 14002 RTP/AVP 0
+ m=audio 30000 RTP/AVP 0
`,
  },
  {
    title: 'Asterisk pjsip, T.38 offered as udptl beside nothing else',
    text: `
  v=0
  o=- 3456 3460 IN IP4 192.168.0.6
  s=Asterisk
- c=IN IP4 192.168.0.6
+ c=IN IP4 203.0.113.5
  t=0 0
- m=image 4404 udptl t38
+ m=image 30000 udptl t38
  a=T38FaxVersion:0
  a=T38MaxBitRate:14400
  a=T38FaxRateManagement:transferredTCF
  a=T38FaxMaxDatagram:400
  a=T38FaxUdpEC:t38UDPRedundancy
`,
  },
  {
    title: 'Asterisk pjsip, ptime is set, and a maxptime below it goes',
    plan: { ptimeMs: 40 },
    text: `
  v=0
  o=- 3456 3461 IN IP4 192.168.0.6
  s=Asterisk
- c=IN IP4 192.168.0.6
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 14002 RTP/AVP 0
- a=ptime:20
- a=maxptime:30
+ m=audio 30000 RTP/AVP 0
+ a=ptime:40
  a=sendrecv
- m=audio 14004 RTP/AVP 8
+ m=audio 30002 RTP/AVP 8
  a=maxptime:150
+ a=ptime:40
`,
  },
];
