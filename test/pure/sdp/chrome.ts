/** What Chrome says (RFC 8829): bundles, ICE, DTLS. Shapes as they are documented, values made up. */
import { KEEP, type Pair, relay } from './sdpGiven.js';

const FINGERPRINT =
  'a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1';

export const CHROME: readonly Pair[] = [
  {
    title: 'Chrome, an offer before candidates are known: zeros and port 9 are no hold, and no common address',
    plan: { ice: 'remove' },
    text: `
  v=0
  o=- 3013827341239123456 2 IN IP4 127.0.0.1
  s=-
  t=0 0
  a=group:BUNDLE 0 1
  a=extmap-allow-mixed
  a=msid-semantic: WMS 7c3f
- m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
- c=IN IP4 0.0.0.0
- a=rtcp:9 IN IP4 0.0.0.0
- a=ice-ufrag:vRq8
- a=ice-pwd:Zr1yq0Bm3PSCZ1m3xJcOD0gS
- a=ice-options:trickle
+ m=audio 30000 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
+ c=IN IP4 203.0.113.5
+ a=rtcp:30000 IN IP4 203.0.113.5
  ${FINGERPRINT}
  a=setup:actpass
  a=mid:0
  a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
  a=sendrecv
  a=msid:7c3f 1f2e
  a=rtcp-mux
  a=rtpmap:111 opus/48000/2
  a=rtcp-fb:111 transport-cc
  a=fmtp:111 minptime=10;useinbandfec=1
  a=rtpmap:63 red/48000/2
  a=fmtp:63 111/111
  a=rtpmap:110 telephone-event/48000
  a=rtpmap:126 telephone-event/8000
  a=ssrc:1001 cname:x1
- m=video 9 UDP/TLS/RTP/SAVPF 96 97
- c=IN IP4 0.0.0.0
- a=rtcp:9 IN IP4 0.0.0.0
- a=ice-ufrag:vRq8
- a=ice-pwd:Zr1yq0Bm3PSCZ1m3xJcOD0gS
- a=ice-options:trickle
+ m=video 30002 UDP/TLS/RTP/SAVPF 96 97
+ c=IN IP4 203.0.113.5
+ a=rtcp:30002 IN IP4 203.0.113.5
  ${FINGERPRINT}
  a=setup:actpass
  a=mid:1
  a=sendrecv
  a=rtcp-mux
  a=rtcp-rsize
  a=rtpmap:96 VP8/90000
  a=rtcp-fb:96 nack pli
  a=rtpmap:97 rtx/90000
  a=fmtp:97 apt=96
`,
  },
  {
    title: 'Chrome, a bundled answer with candidates: all of the bundle have the place of its first section',
    plan: { ice: 'remove' },
    text: `
  v=0
  o=- 3013827341239123456 3 IN IP4 127.0.0.1
  s=-
  t=0 0
  a=group:BUNDLE 0 1
- m=audio 51472 UDP/TLS/RTP/SAVPF 111
- c=IN IP4 198.51.100.20
- a=rtcp:9 IN IP4 0.0.0.0
- a=candidate:1 1 udp 2113937151 192.168.1.7 51472 typ host generation 0
- a=candidate:2 1 udp 1677729535 198.51.100.20 51472 typ srflx raddr 192.168.1.7 rport 51472 generation 0
- a=ice-ufrag:vRq8
- a=ice-pwd:Zr1yq0Bm3PSCZ1m3xJcOD0gS
- a=end-of-candidates
+ m=audio 30000 UDP/TLS/RTP/SAVPF 111
+ c=IN IP4 203.0.113.5
+ a=rtcp:30000 IN IP4 203.0.113.5
  ${FINGERPRINT}
  a=setup:active
  a=mid:0
  a=sendrecv
  a=rtcp-mux
  a=rtpmap:111 opus/48000/2
- m=video 51472 UDP/TLS/RTP/SAVPF 96
- c=IN IP4 198.51.100.20
- a=rtcp:9 IN IP4 0.0.0.0
+ m=video 30000 UDP/TLS/RTP/SAVPF 96
+ c=IN IP4 203.0.113.5
+ a=rtcp:30000 IN IP4 203.0.113.5
  ${FINGERPRINT}
  a=mid:1
  a=recvonly
  a=rtcp-mux
  a=rtpmap:96 VP8/90000
`,
  },
  {
    title: 'Chrome, max-bundle: bundle-only keeps port 0, its place in the order and its word',
    plan: { ice: 'remove', media: [relay(0), KEEP, relay(2)] },
    text: `
  v=0
  o=- 71 2 IN IP4 127.0.0.1
  s=-
  t=0 0
  a=group:BUNDLE 0 1 2
- m=audio 40404 UDP/TLS/RTP/SAVPF 111
- c=IN IP4 198.51.100.20
+ m=audio 30000 UDP/TLS/RTP/SAVPF 111
+ c=IN IP4 203.0.113.5
  a=mid:0
  a=rtcp-mux
  a=rtpmap:111 opus/48000/2
  m=video 0 UDP/TLS/RTP/SAVPF 96
  c=IN IP4 0.0.0.0
  a=mid:1
  a=bundle-only
  a=rtcp-mux
  a=rtpmap:96 VP8/90000
  m=audio 0 UDP/TLS/RTP/SAVPF 111
- c=IN IP4 198.51.100.20
+ c=IN IP4 203.0.113.5
  a=mid:2
  a=bundle-only
  a=rtcp-mux
- a=ice-ufrag:vRq8
  a=rtpmap:111 opus/48000/2
`,
  },
  {
    title: 'Chrome, with the wish to reject bundles: groups and bundle-only go, and what was bundle-only stays refused',
    plan: { bundle: ['reject'] },
    text: `
  v=0
  o=- 71 2 IN IP4 127.0.0.1
  s=-
  t=0 0
- a=group:BUNDLE 0 1 2
  a=group:LS 0 1
- m=audio 40404 UDP/TLS/RTP/SAVPF 111
- c=IN IP4 198.51.100.20
+ m=audio 30000 UDP/TLS/RTP/SAVPF 111
+ c=IN IP4 203.0.113.5
  a=mid:0
- m=video 40404 UDP/TLS/RTP/SAVPF 96
- c=IN IP4 198.51.100.20
+ m=video 30002 UDP/TLS/RTP/SAVPF 96
+ c=IN IP4 203.0.113.5
  a=mid:1
  m=video 0 UDP/TLS/RTP/SAVPF 96
- c=IN IP4 198.51.100.20
+ c=IN IP4 203.0.113.5
  a=mid:2
- a=bundle-only
`,
  },
  {
    title: 'Chrome, one section of the bundle refused: its mid leaves the group, and no word makes it bundle-only',
    plan: { media: [relay(0), { kind: 'reject' }, { kind: 'reject' }] },
    text: `
  v=0
  o=- 72 2 IN IP4 127.0.0.1
  s=-
  t=0 0
- a=group:BUNDLE audio video more
+ a=group:BUNDLE audio
- m=audio 40404 UDP/TLS/RTP/SAVPF 111
- c=IN IP4 198.51.100.20
+ m=audio 30000 UDP/TLS/RTP/SAVPF 111
+ c=IN IP4 203.0.113.5
  a=mid:audio
- m=video 40404 UDP/TLS/RTP/SAVPF 96
+ m=video 0 UDP/TLS/RTP/SAVPF 96
  c=IN IP4 198.51.100.20
  a=mid:video
  m=video 0 UDP/TLS/RTP/SAVPF 96
  c=IN IP4 198.51.100.20
  a=mid:more
- a=bundle-only
`,
  },
  {
    title: 'Chrome, a data channel beside audio is UDP and relayed',
    text: `
  v=0
  o=- 73 2 IN IP4 127.0.0.1
  s=-
  t=0 0
  a=group:BUNDLE 0 1
- m=audio 40404 UDP/TLS/RTP/SAVPF 111
- c=IN IP4 198.51.100.20
+ m=audio 30000 UDP/TLS/RTP/SAVPF 111
+ c=IN IP4 203.0.113.5
  a=mid:0
  a=rtcp-mux
- m=application 40500 UDP/DTLS/SCTP webrtc-datachannel
- c=IN IP4 198.51.100.20
+ m=application 30002 UDP/DTLS/SCTP webrtc-datachannel
+ c=IN IP4 203.0.113.5
  a=mid:1
  a=sctp-port:5000
  a=max-message-size:262144
`,
  },
];
