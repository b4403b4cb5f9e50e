/** What other browsers say (RFC 8829), and what is between them and telephones. Shapes as they are documented, values made up. */
import { CODEC, type Pair } from './sdpGiven.js';

const FINGERPRINT =
  'a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1';

export const BROWSERS: readonly Pair[] = [
  {
    title: 'Firefox: keys and ICE options in the session part, ports of RTCP of its own, lines in another order',
    plan: { ice: 'remove', stripExtmap: true },
    text: `
  v=0
  o=mozilla...THIS_IS_SDPARTA-99.0 8152036142359861234 0 IN IP4 0.0.0.0
  s=-
  t=0 0
  ${FINGERPRINT}
  a=group:BUNDLE 0
- a=ice-options:trickle
  a=msid-semantic:WMS *
- m=audio 52101 UDP/TLS/RTP/SAVPF 109 9 0 8 101
- c=IN IP4 192.168.1.9
- a=candidate:0 1 UDP 2122252543 192.168.1.9 52101 typ host
- a=candidate:0 2 UDP 2122252542 192.168.1.9 40230 typ host
+ m=audio 30000 UDP/TLS/RTP/SAVPF 109 9 0 8 101
+ c=IN IP4 203.0.113.5
  a=sendrecv
- a=end-of-candidates
- a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
- a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
  a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
  a=fmtp:101 0-15
- a=ice-pwd:5ae0bb3ea2b18a4b7d14f10dc6f29e1e
- a=ice-ufrag:e4cd2e1b
  a=mid:0
  a=msid:{a} {b}
- a=rtcp:40230 IN IP4 192.168.1.9
+ a=rtcp:30000 IN IP4 203.0.113.5
  a=rtcp-mux
  a=rtpmap:109 opus/48000/2
  a=rtpmap:101 telephone-event/8000/1
  a=setup:actpass
  a=ssrc:1983 cname:{c}
`,
  },
  {
    title: 'Firefox, old data channels: DTLS/SCTP goes over UDP',
    text: `
  v=0
  o=mozilla 1 0 IN IP4 0.0.0.0
  s=-
  t=0 0
- m=application 52110 DTLS/SCTP 5000
- c=IN IP4 192.168.1.9
+ m=application 30000 DTLS/SCTP 5000
+ c=IN IP4 203.0.113.5
  a=sctpmap:5000 webrtc-datachannel 256
`,
  },
  {
    title: 'Safari, a refused video line in the answer stays where it is',
    plan: { ice: 'remove' },
    text: `
  v=0
  o=- 5544332211 2 IN IP4 127.0.0.1
  s=-
  t=0 0
  a=group:BUNDLE 0
  a=msid-semantic: WMS 9
- m=audio 61002 UDP/TLS/RTP/SAVPF 111 101
- c=IN IP4 172.20.10.2
- a=rtcp:9 IN IP4 0.0.0.0
- a=candidate:842163049 1 udp 1677729535 172.20.10.2 61002 typ host generation 0 network-cost 50
- a=ice-ufrag:p3Wf
- a=ice-pwd:0mTZ3GwFz3Ei7zhRgzJm1nAo
+ m=audio 30000 UDP/TLS/RTP/SAVPF 111 101
+ c=IN IP4 203.0.113.5
+ a=rtcp:30000 IN IP4 203.0.113.5
  a=setup:active
  a=mid:0
  a=sendrecv
  a=rtcp-mux
  a=rtpmap:111 opus/48000/2
  a=rtpmap:101 telephone-event/8000
  m=video 0 UDP/TLS/RTP/SAVPF 96
  c=IN IP4 0.0.0.0
  a=inactive
  a=mid:1
`,
  },
  {
    title: 'A browser towards a telephone: mux taken away, RTCP named, codecs limited',
    plan: { ice: 'remove', rtcpMux: ['demux'], codec: { ...CODEC, strip: ['all'], offer: ['PCMA', 'telephone-event/8000'] } },
    text: `
  v=0
  o=- 90 2 IN IP4 127.0.0.1
  s=-
  t=0 0
- m=audio 40404 RTP/AVPF 111 63 0 8 110 126
- c=IN IP4 198.51.100.20
+ m=audio 30000 RTP/AVPF 8 126
+ c=IN IP4 203.0.113.5
  a=mid:0
- a=rtcp-mux
- a=rtcp-mux-only
- a=rtpmap:111 opus/48000/2
- a=rtcp-fb:111 transport-cc
- a=fmtp:111 minptime=10
- a=rtpmap:63 red/48000/2
- a=fmtp:63 111/111
- a=rtpmap:110 telephone-event/48000
  a=rtpmap:126 telephone-event/8000
  a=rtcp-fb:* nack
+ a=rtcp:30001
`,
  },
  {
    title: 'A telephone towards a browser: mux is offered, required, and mids are given',
    plan: { rtcpMux: ['offer', 'require'], rtcpAttribute: 'never', generateMid: true },
    text: `
  v=0
  o=phone 1 1 IN IP4 192.0.2.10
  s=-
- c=IN IP4 192.0.2.10
+ c=IN IP4 203.0.113.5
  t=0 0
- m=audio 16400 RTP/SAVPF 8
+ m=audio 30000 RTP/SAVPF 8
- a=rtcp:16401
  a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
+ a=rtcp-mux
+ a=rtcp-mux-only
+ a=mid:0
- m=video 16404 RTP/SAVPF 34
+ m=video 30002 RTP/SAVPF 34
  a=mid:0x
  a=rtcp-mux
+ a=rtcp-mux-only
`,
  },
];
