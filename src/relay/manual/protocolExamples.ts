/** What a client and the relay say to each other, as the page shows it. */
export type Scene = {
  readonly title: string;
  readonly text: string;
  /**
   * `$` how the relay is started, `>` a command, `<` a line of its reply, `#` what happens or is done meanwhile, `!` what is sent to the notification
   * socket. Numbers from 35000 on stand for ports.
   */
  readonly lines: readonly string[];
};

export const SCENES: readonly Scene[] = [
  {
    title: 'A call',
    text: 'The offer, its answer, what has become of them, and the end.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1',
      ...['> V', '< 20040107', '> VF 20071218', '< 1'],
      ...['> U call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> L call-1 192.0.2.2 5000 alice bob', '< 35002 127.0.0.1'],
      ...['> Q call-1 alice bob', '< 60 0 0 0 0'],
      ...['> Qv call-1 alice bob nrelayed rtpa_javg', '< nrelayed=0 rtpa_javg=0.000000'],
      ...['> I', '< sessions created: 1', '< active sessions: 1', '< active streams: 2', '< packets received: 0'],
      ...['< packets transmitted: 0', '> D call-1 alice bob', '< 0'],
      ...['> L call-1 192.0.2.2 5000 alice bob', '< 0', '> D call-1 alice bob', '< E50'],
      ...['> Gv nsess_created nsess_destroyed nsess_timeout', '< nsess_created=1 nsess_destroyed=1 nsess_timeout=0'],
    ],
  },
  {
    title: 'Datagrams',
    text: 'The second command is repeated, and answered from the cache. Each is a datagram of its own, without the signs in front.',
    lines: [
      '$ rtpproxy -f -s udp:127.0.0.1:22222 -l 127.0.0.1',
      ...['> 471_1 V', '< 471_1 20040107'],
      ...['> 471_2 U call-1 192.0.2.1 4000 alice', '< 471_2 35000 127.0.0.1'],
      ...['> 471_2 U call-1 192.0.2.1 4000 alice', '< 471_2 35000 127.0.0.1'],
      ...['> 471_3 G nsess_created', '< 471_3 1'],
      ...['> 471_4', '< 471_4 E5', '> 471_5 T', '< 471_5 E0'],
    ],
  },
  {
    title: 'Later offers',
    text: 'Known sessions keep their ports, whoever makes the offer, unless n asks for others. The third one puts the call on hold.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1',
      ...['> U call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> L call-1 192.0.2.2 5000 alice bob', '< 35002 127.0.0.1'],
      ...['> U call-1 0.0.0.0 4000 alice bob', '< 35000 127.0.0.1'],
      ...['> U call-1 192.0.2.2 5006 bob alice', '< 35002 127.0.0.1'],
      ...['> Un call-1 192.0.2.1 4000 alice bob', '< 35004 127.0.0.1'],
    ],
  },
  {
    title: 'Streams of one call',
    text: 'Audio and video are sessions of their own, and may be deleted at once.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1',
      ...['> U call-1 192.0.2.1 4000 alice;1', '< 35000 127.0.0.1'],
      ...['> U call-1 192.0.2.1 4002 alice;2', '< 35002 127.0.0.1'],
      ...['> L call-1 192.0.2.2 5002 alice;2 bob;2', '< 35004 127.0.0.1'],
      ...['> D call-1 alice bob', '< 0', '> Q call-1 alice;1', '< E50'],
    ],
  },
  {
    title: 'Weak holds',
    text: 'The session lives until both the strong and the weak hold are given up.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1',
      ...['> Uw call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> U call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> D call-1 alice', '< 0', '> Q call-1 alice bob ttl', '< 60'],
      ...['> Dw call-1 bob alice', '< 0', '> Q call-1 alice bob ttl', '< E50'],
    ],
  },
  {
    title: 'Modifiers',
    text: 'The callee may be silent for longer than the caller. With -i it would be 90: the shorter time counts then.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1',
      ...['> Uac0,8,101z40t90T120 call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> Lsz20 call-1 192.0.2.2 5000 alice bob', '< 35002 127.0.0.1'],
      ...['> Q call-1 alice bob ttl', '< 120'],
      ...['> Uz call-1 192.0.2.1 4000 alice', '< E13', '> Uy call-1 192.0.2.1 4000 alice', '< E35'],
    ],
  },
  {
    title: 'Networks',
    text: 'A bridge between an internal and an external network; a third one with a label and an address to name instead; one of IPv6.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1/127.0.0.2 -l vpn@127.0.0.3=203.0.113.7 -6 six@::1',
      ...['> Uie call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.2'],
      ...['> Lei call-1 192.0.2.2 5000 alice bob', '< 35002 127.0.0.1'],
      ...['> Uiei call-2 192.0.2.1 4000 alice', '< E12'],
      ...['> Ul{vpn} call-3 192.0.2.1 4000 alice', '< 35004 203.0.113.7'],
      ...['> Ul{lan} call-4 192.0.2.1 4000 alice', '< E31'],
      ...['> Ul127.0.0.2 call-4 192.0.2.1 4000 alice', '< 35006 127.0.0.2'],
      ...['> Ur127.0.0.1 call-5 192.0.2.1 4000 alice', '< 35008 127.0.0.1'],
      ...['> U6 call-6 2001:db8::1 4000 alice', '< 35010 ::1 6'],
    ],
  },
  {
    title: 'Sub-commands',
    text: 'Both sides of a call in one command, a counter read with the end of the session, and two failures: no sub-command, and one that cannot be carried out because nobody is to be notified.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1 -n tcp:127.0.0.1:9000 --dso catch_dtmf',
      '> U call-1 192.0.2.1 4000 alice bob && S ttl=30 && Sr tos=96 && L 192.0.2.2 5000',
      '< 35000 127.0.0.1 && 0 && 0 && 35002 127.0.0.1',
      '> U call-2 192.0.2.3 4000 carol dave && C call-1 alice bob',
      '< 35004 127.0.0.1',
      ...['> Q call-1 alice bob ttl && D', '< 30', '> Q call-1 alice bob', '< E50'],
      ...['> U call-3 192.0.2.1 4000 alice bob && Z', '< E3'],
      ...['> U call-3 192.0.2.1 4000 alice bob && M3:1 menu && S ttl=30', '< 35006 127.0.0.1 && -1'],
    ],
  },
  {
    title: 'Notifications',
    text: 'The tag is encoded. The digits of the caller would be reported, too, and not relayed.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1 -n tcp:127.0.0.1:9000 --dso catch_dtmf',
      '> U call-1 192.0.2.1 4000 alice bob tcp:127.0.0.1:9000 over:+call%201 && M3:1 menu 101 h',
      '< 35000 127.0.0.1',
      '# 61 seconds pass without a packet',
      '! over: call 1',
    ],
  },
  {
    title: 'Copies',
    text: 'Of each side to other ports, one of them asked for twice. There is nothing left to end after Na. Without -r there is no recording.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1',
      ...['> U call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> L call-1 192.0.2.2 5000 alice bob', '< 35002 127.0.0.1'],
      ...['> Cs call-1 udp:127.0.0.1:7000 alice bob', '< 0'],
      ...['> Cp call-1 udp:127.0.0.1:7002 bob alice', '< 35004 127.0.0.1'],
      ...['> Cp call-1 udp:[::1]:7004 bob alice', '< 35006 127.0.0.1'],
      ...['> Cp call-1 udp:127.0.0.1:7002 bob alice', '< 35004 127.0.0.1'],
      ...['> C call-1 greeting alice bob', '< E65'],
      ...['> Na call-1 alice bob', '< 0', '> N call-1 alice bob', '< E50'],
    ],
  },
  {
    title: 'Prompts',
    text: 'An announcement that ends by itself, music for the callee until it is stopped, and a prompt that is not there.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1',
      '# makeann hello.wav /var/prompts/hello',
      ...['> Uc0,8 call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> L call-1 192.0.2.2 5000 alice bob', '< 35002 127.0.0.1'],
      ...['> P3 call-1 /var/prompts/hello session alice bob', '< 0'],
      ...['> Gv nplrs_created nplrs_destroyed', '< nplrs_created=1 nplrs_destroyed=0'],
      '# 30 seconds pass',
      ...['> Gv nplrs_created nplrs_destroyed', '< nplrs_created=1 nplrs_destroyed=1'],
      ...['> P-1 call-1 /var/prompts/hello 8,0 bob alice', '< 0', '> S call-1 bob alice', '< 0'],
      ...['> P call-1 /var/prompts/hello session bob alice', '< E35'],
      ...['> P call-1 /var/prompts/nothing 0 alice bob', '< E60', '> P0 call-1 none 0 alice bob', '< 0'],
    ],
  },
  {
    title: 'Recordings',
    text: 'Of both sides in one file, then of the caller under a name. X ends every session, and completes the recordings.',
    lines: [
      '$ rtpproxy -f -s stdio: -l 127.0.0.1 -r /var/spool/calls -P',
      ...['> U call-1 192.0.2.1 4000 alice', '< 35000 127.0.0.1'],
      ...['> L call-1 192.0.2.2 5000 alice bob', '< 35002 127.0.0.1'],
      ...['> Rs call-1 alice bob', '< 0', '> Rs call-1 alice bob', '< E50', '> R call-1 alice bob', '< 0'],
      ...['> C call-1 greeting alice bob', '< 0', '> N call-1 alice bob', '< 0', '> Na call-1 alice bob', '< 0'],
      ...['> N call-1 alice bob', '< E50', '> R call-1 alice bob', '< 0'],
      ...['> X', '< 0', '> Ibl', '< sessions created: 1', '< active sessions: 0', '< active streams: 0', '< packets received: 0'],
      ...['< packets transmitted: 0', '< average load: 0.000000'],
    ],
  },
];
