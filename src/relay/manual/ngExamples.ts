import type { Scene } from './protocolExamples.js';

/** What every description has besides its address and its port. */
const sdp = (host: string, port: number, more: readonly string[] = []): string[] => [
  'v=0\\r\\n',
  `o=- 1 1 IN IP4 ${host}\\r\\n`,
  's=-\\r\\n',
  `c=IN IP4 ${host}\\r\\n`,
  't=0 0\\r\\n',
  `m=audio ${port} RTP/AVP 0\\r\\n`,
  ...more.map((line) => `${line}\\r\\n`),
];

/** The same behind the relay: `o=` stays as it was. */
const relayed = (owner: string, host: string, port: number, more: readonly string[] = []): string[] =>
  sdp(host, port, more).map((line) => (line.startsWith('o=') ? `o=- 1 1 IN IP4 ${owner}\\r\\n` : line));

/** Something that needs several lines on the page, and is one on the wire: those behind the first begin with two more blanks. */
const long = (sign: '>' | '<' | '!', head: string, lines: readonly string[], tail: string): string[] => [
  `${sign} ${head}`,
  ...lines.map((line, i) => `${sign}   ${line}${i === lines.length - 1 ? tail : ''}`),
];

const START = '$ rtpbridge serve --listen-ng udp:127.0.0.1:2223 -l 127.0.0.1';
const offer = (cookie: string, more: string, lines: readonly string[]): string[] =>
  long('>', `${cookie} {"command":"offer","call-id":"call-1","from-tag":"alice",${more}"sdp":"`, lines, '"}');
const answer = (cookie: string, more: string, lines: readonly string[]): string[] =>
  long('>', `${cookie} {"command":"answer","call-id":"call-1","from-tag":"alice","to-tag":"bob",${more}"sdp":"`, lines, '"}');
const returned = (cookie: string, lines: readonly string[], tail = '"}'): string[] =>
  long('<', `${cookie} {"result":"ok","sdp":"`, lines, tail);
const of = (command: string, more: string): string => `{"command":"${command}","call-id":"call-1",${more}}`;

/** As in `protocolExamples.ts`; `!` is what the controller of the call is told. */
export const NG_SCENES: readonly Scene[] = [
  {
    title: 'A call',
    text: 'An offer, its answer, and the end. Where the sides send to is named in the descriptions that come back; all else is as it was.',
    lines: [
      START,
      ...['> 7_1 {"command":"ping"}', '< 7_1 {"result":"pong"}'],
      ...[...offer('7_2', '', sdp('192.0.2.1', 4000)), ...returned('7_2', relayed('192.0.2.1', '127.0.0.1', 35_000))],
      ...[...answer('7_3', '', sdp('192.0.2.2', 5000)), ...returned('7_3', relayed('192.0.2.2', '127.0.0.1', 35_002))],
      ...['> 7_4 {"command":"list"}', '< 7_4 {"result":"ok","calls":["call-1"]}'],
      ...[`> 7_5 ${of('delete', '"from-tag":"alice","to-tag":"bob","flags":["fast"]')}`, '< 7_5 {"result":"ok"}'],
    ],
  },
  {
    title: 'In bencode, and what is wrong',
    text: 'The answer is encoded as the question is. A call that is not there is no error of delete, unless the flag fatal is given.',
    lines: [
      START,
      ...['> 8_1 d7:command4:pinge', '< 8_1 d6:result4:ponge'],
      '> 8_2 d7:call-id4:none7:command6:deletee',
      "< 8_2 d6:result2:ok7:warning38:Call-ID not found or tags didn't matche",
      `> 8_3 {"command":"delete","call-id":"none","flags":["fatal"]}`,
      `< 8_3 {"result":"error","error-reason":"Call-ID not found or tags didn't match"}`,
      ...['> 8_4 {"command":"frob"}', '< 8_4 {"result":"error","error-reason":"Unrecognized command"}'],
      ...['> 8_5 {"command":"query","call-id":"none"}', '< 8_5 {"result":"error","error-reason":"Unknown call-id"}'],
      '> 8_6 {"command":"offer","call-id":"call-1","sdp":"v=0"}',
      '< 8_6 {"result":"error","error-reason":"No from-tag in message"}',
    ],
  },
  {
    title: 'A change that is refused',
    text: 'Alice wants to put the call on hold, and Bob refuses. The media goes on as it was agreed before, on the same ports.',
    lines: [
      START,
      ...[...offer('9_1', '', sdp('192.0.2.1', 4000)), ...returned('9_1', relayed('192.0.2.1', '127.0.0.1', 35_000))],
      ...[...answer('9_2', '', sdp('192.0.2.2', 5000)), ...returned('9_2', relayed('192.0.2.2', '127.0.0.1', 35_002))],
      ...offer('9_3', '"to-tag":"bob",', sdp('192.0.2.1', 4000, ['a=sendonly'])),
      ...returned('9_3', relayed('192.0.2.1', '127.0.0.1', 35_000, ['a=sendonly'])),
      ...[`> 9_4 ${of('rollback', '"from-tag":"alice","to-tag":"bob"')}`, '< 9_4 {"result":"ok"}'],
    ],
  },
  {
    title: 'Branches',
    text: 'The call rings at two places. Each branch has ports of its own; the one that failed is deleted, and the other one stays.',
    lines: [
      START,
      ...offer('10_1', '"via-branch":"1",', sdp('192.0.2.1', 4000)),
      ...returned('10_1', relayed('192.0.2.1', '127.0.0.1', 35_000)),
      ...offer('10_2', '"via-branch":"2",', sdp('192.0.2.1', 4000)),
      ...returned('10_2', relayed('192.0.2.1', '127.0.0.1', 35_002)),
      ...answer('10_3', '"via-branch":"1",', sdp('192.0.2.2', 5000)),
      ...returned('10_3', relayed('192.0.2.2', '127.0.0.1', 35_004)),
      `> 10_4 ${of('delete', '"from-tag":"alice","via-branch":"2","flags":["fast"]')}`,
      '< 10_4 {"result":"ok"}',
      ...['> 10_5 {"command":"list"}', '< 10_5 {"result":"ok","calls":["call-1"]}'],
    ],
  },
  {
    title: 'Networks, and wishes that are not done',
    text: 'From the office to the internet: each side is told an address that it can reach. A wish for transcoding changes nothing, and is said to. There is no network for guests.',
    lines: [
      `${START.replace(' -l 127.0.0.1', '')} --network office=10.0.0.1 --network internet=10.0.1.1!203.0.113.5`,
      ...offer('11_1', '"direction":["office","internet"],"codec":{"transcode":["opus"]},', sdp('10.0.0.7', 4000)),
      ...returned('11_1', relayed('10.0.0.7', '203.0.113.5', 35_000), '","not-done":["codec-transcode-opus"]}'),
      ...answer('11_2', '', sdp('198.51.100.2', 5000)),
      ...returned('11_2', relayed('198.51.100.2', '10.0.0.1', 35_002)),
      ...long(
        '>',
        '11_3 {"command":"offer","call-id":"call-2","from-tag":"carol","direction":["guests","internet"],"sdp":"',
        sdp('10.0.0.8', 4000),
        '"}',
      ),
      '< 11_3 {"result":"error","error-reason":"no network is called guests: there are office, internet"}',
    ],
  },
  {
    title: 'What is not relayed',
    text: 'Everything of the call, then what Alice sends, and nothing of it any more. A tag counts only with the flag directional.',
    lines: [
      START,
      ...[...offer('12_1', '', sdp('192.0.2.1', 4000)), ...returned('12_1', relayed('192.0.2.1', '127.0.0.1', 35_000))],
      ...[...answer('12_2', '', sdp('192.0.2.2', 5000)), ...returned('12_2', relayed('192.0.2.2', '127.0.0.1', 35_002))],
      ...['> 12_3 {"command":"block media","call-id":"call-1"}', '< 12_3 {"result":"ok"}'],
      ...['> 12_4 {"command":"unblock media","call-id":"call-1"}', '< 12_4 {"result":"ok"}'],
      `> 12_5 ${of('block DTMF', '"from-tag":"alice","flags":["directional"]')}`,
      '< 12_5 {"result":"ok"}',
      `> 12_6 ${of('silence media', '"from-tag":"carol","flags":["directional"]')}`,
      '< 12_6 {"result":"error","error-reason":"From-tag given, but no such tag exists"}',
      ...['> 12_7 {"command":"start recording","call-id":"call-1"}'],
      '< 12_7 {"result":"error","error-reason":"Recording is not configured: start rtpbridge with --record-dir"}',
      ...[
        `> 12_8 ${of('stop media', '"from-tag":"alice"')}`,
        '< 12_8 {"result":"error","error-reason":"Not currently playing media"}',
      ],
    ],
  },
  {
    title: 'Events',
    text: 'The controller that the offer names is told of the call. It began to count at 1795230245678, milliseconds since 1970.',
    lines: [
      START,
      ...offer('13_1', '"controller":"sbc-1",', sdp('192.0.2.1', 4000)),
      ...returned('13_1', relayed('192.0.2.1', '127.0.0.1', 35_000)),
      ...[...answer('13_2', '', sdp('192.0.2.2', 5000)), ...returned('13_2', relayed('192.0.2.2', '127.0.0.1', 35_002))],
      '# 61 seconds pass without a packet',
      ...long(
        '!',
        '{"version":1,"controller":"sbc-1","run":1795230245678,"seq":1,"event":"media-timeout","at":1795230305718,',
        [
          '"call-id":"call-1","from-tag":"alice","to-tag":"bob","reason":"timeout","duration-ms":60040,',
          '"counters":{"from":{"packets":0,"bytes":0,"relayed":0,"dropped":0},',
          '"to":{"packets":0,"bytes":0,"relayed":0,"dropped":0}}}',
        ],
        '',
      ),
      ...long(
        '!',
        '{"version":1,"controller":"sbc-1","run":1795230245678,"seq":2,"event":"call-end","at":1795230305718,',
        [
          '"call-id":"call-1","from-tag":"alice","to-tag":"bob","reason":"timeout","duration-ms":60040,',
          '"counters":{"from":{"packets":0,"bytes":0,"relayed":0,"dropped":0},',
          '"to":{"packets":0,"bytes":0,"relayed":0,"dropped":0}}}',
        ],
        '',
      ),
    ],
  },
];
