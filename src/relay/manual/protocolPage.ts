import { CAPABILITIES } from '../../protocol/rtpproxy/capabilities.js';
import { QUERY_COUNTERS } from '../../protocol/rtpproxy/command.js';
import { GLOBAL_COUNTERS } from '../../protocol/rtpproxy/counters.js';
import { formatDtmfLine } from '../../protocol/rtpproxy/dtmfArguments.js';
import { ERROR_CODES } from '../../protocol/rtpproxy/errors.js';
import { MAX_REPLY_BYTES } from '../../protocol/rtpproxy/format.js';
import { MAX_COMMAND_BYTES, MAX_SUBCOMMANDS, MAX_TOKENS } from '../../protocol/rtpproxy/tokens.js';
import { PROMPT_PTIME_MS } from '../control/play.js';
import { REPLY_LIFETIME_MS } from '../control/replyCache.js';
import { DEFAULT_CONTROL_PORT } from '../controlAddress.js';
import { COMMANDS, type Form, MODIFIERS, SUBCOMMANDS } from './protocolCommands.js';
import { GLOBAL_COUNTER_TEXTS, INFO_LINE_TEXTS, QUERY_COUNTER_TEXTS } from './protocolCounters.js';
import { ERROR_TEXTS } from './protocolErrors.js';
import { SCENES } from './protocolExamples.js';
import { bold, escapeRoff, example, heading, italic, paragraph, subheading, tagged } from './roff.js';

/** The name of the page, and its section: conventions, protocols. */
export const PROTOCOL_PAGE = 'rtpproxy-protocol';
export const PROTOCOL_SECTION = 7;

/** The reference of the control protocol for man(1), from the tables of the parser and what these files say of their entries. */
export function formatProtocolPage(version: string): string {
  const parts = [
    `.TH "${escapeRoff(PROTOCOL_PAGE.toUpperCase())}" ${PROTOCOL_SECTION} "" "${escapeRoff(`rtpbridge ${version}`)}"`,
    '.nr HY 0\n.hy 0', // Names must not be torn apart.
    heading('NAME'),
    escapeRoff(`${PROTOCOL_PAGE} - how SIP proxies control rtpproxy and rtpbridge`),
    ...introduction(),
    ...sockets(),
    ...sessions(),
    ...commands(),
    ...replies(),
    ...counters(),
    ...lifetimes(),
    ...prompts(),
    ...recordings(),
    ...notifications(),
    ...learning(),
    heading('ERRORS'),
    ...(Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]).map((key) => tagged(bold(ERROR_CODES[key]), ERROR_TEXTS[key])),
    heading('CAPABILITIES'),
    paragraph('The dates that VF answers 1 for. Notifications need a -n that permits some.'),
    ...Object.entries(CAPABILITIES).map(([date, text]) => tagged(bold(date), `${text}.`)),
    ...examples(),
    heading('SEE ALSO'),
    '.BR rtpproxy (8),\n.BR rtpbridge (8),\n.BR makeann (1),\n.BR extractaudio (1),\n.BR kamailio (8)',
  ];
  return `${parts.join('\n')}\n`;
}

const introduction = (): string[] => [
  heading('DESCRIPTION'),
  paragraph(
    'A SIP proxy that wants the media of a call to be relayed tells the relay where each side wants to receive, gets a port for it, and writes that into the session description which it passes on. It does so with commands of one line each over a control socket. Every command has one reply.',
  ),
];

const PORT_TEXT = `Without a port it is ${DEFAULT_CONTROL_PORT}.`;

const sockets = (): string[] => [
  heading('SOCKETS'),
  paragraph('Where commands come in is what -s says, any number of times.'),
  tagged(
    `${bold('udp:')}${italic('HOST')}[${bold(':')}${italic('PORT')}], ${bold('udp6:')}...`,
    `Each datagram is a command with a cookie in front of it, see COOKIES. The reply leaves from the address that was asked. ${PORT_TEXT}`,
  ),
  tagged(
    `${bold('tcp:')}${italic('HOST')}[${bold(':')}${italic('PORT')}], ${bold('tcp6:')}..., ${bold('cunix:')}${italic('PATH')}`,
    `Each line is a command. The connection stays; replies come in the order of the commands. ${PORT_TEXT}`,
  ),
  tagged(
    `[${bold('unix:')}]${italic('PATH')}`,
    'Each connection is for one command: what arrives first, with or without a line feed. It is closed behind the reply.',
  ),
  tagged(bold('systemd:'), 'The socket that a service manager passes: a stream is served as cunix:, UDP as udp:.'),
  tagged(
    bold('stdio:, stdioc:'),
    'Standard input and output, each line a command. The end of the input lets no new session begin, and ends the relay with the last one; with stdio: only if there is no UDP socket.',
  ),
  paragraph(
    `Words are parted by blanks, tabs, carriage returns and line feeds, any number of them; any byte but these and NUL may be part of a word. A command has at most ${MAX_COMMAND_BYTES} bytes: of a datagram the rest is cut off, and a longer line ends the connection. It has at most ${MAX_TOKENS} words, each of its sub-commands as many.`,
  ),
  paragraph(
    'Letters of commands and modifiers may be written in either case, except t and T. Names of counters, of ttl and tos, and the words session and udp: are written as here.',
  ),
  heading('COOKIES'),
  paragraph(
    `A datagram begins with a cookie, any word that the client has not used before. The reply begins with it too, and a blank. A client that hears nothing sends the same datagram again: for ${REPLY_LIFETIME_MS / 1000} seconds it gets the same reply, and the command is not carried out again. Only datagrams that are equal in every byte and come from the same address and port are repetitions. An empty datagram is answered by E5 without a cookie.`,
  ),
];

const sessions = (): string[] => [
  heading('SESSIONS'),
  paragraph(
    'A session is one media stream of a call. It has the Call-ID and the tag of the U that made it; that tag is the caller’s. The tag of the callee is not kept. Streams of one call have tags that end in a number, alice;1 and alice;2.',
  ),
  paragraph(
    'A session has two legs, each with an even port for RTP and the next one for RTCP. Packets of the caller come in at the leg of the caller, which is what L answers, and leave by the leg of the callee, which is what U answers. Before both have ports, packets are thrown away.',
  ),
  paragraph(
    'FROM-TAG and TO-TAG say which side is meant. With the tag of the session as FROM-TAG, the caller’s tag stands first; with it as TO-TAG, the callee’s does. U, L, Q, P, S and C mean the oldest session that has one of both tags. As TO-TAG the number at its end may be left out if FROM-TAG ends in the same. D, R and N mean every session that has one of both tags, and with the number left out all streams of the call.',
  ),
];

const form = ({ form: written, text }: Form): string => tagged(markUp(written), text);

/** What is written as it stands in bold, what the client fills in in italics. */
const markUp = (written: string): string =>
  written.replaceAll(/^VF|[A-Z][A-Z-]+|[A-Z]|[^[\]\s.A-Z]+/g, (part) =>
    /^(?!VF)[A-Z]{2}/.test(part) ? italic(part) : bold(part),
  );

const commands = (): string[] => [
  heading('COMMANDS'),
  paragraph('Capitals are for the client to fill in; what stands in brackets may be left out.'),
  ...Object.values(COMMANDS).flatMap((command) => [
    form(command),
    ...Object.entries(command.modifiers).flatMap(([letter, text]) => ['.RS', tagged(bold(letter), text), '.RE']),
  ]),
  paragraph(
    'ADDRESS is numeric. One of all zeros puts the side on hold: where its packets go is left as it is. So it is with port 0, and with a word that is too short or too long for an address.',
  ),
  heading('MODIFIERS OF U AND L'),
  paragraph('Glued to the letter, in any order. The side that speaks is the one whose ADDRESS it is.'),
  ...MODIFIERS.map(({ letter, argument = '', text }) => tagged(`${bold(letter)}${italic(argument)}`, text)),
  heading('SUB-COMMANDS'),
  paragraph(
    `Behind U, L and Q, each behind a word && of its own, at most ${MAX_SUBCOMMANDS}. All are read before anything is carried out. The side that speaks is that of U or L, and for Q the one whose tag stands first.`,
  ),
  ...Object.values(SUBCOMMANDS).map(form),
  paragraph(
    'Behind the reply of the command stands && and the result of each, in their order: 0, a text, or a negative number for what failed. Nothing behind a failure is carried out. Zeros at the end are left out.',
  ),
];

const replies = (): string[] => [
  heading('REPLIES'),
  paragraph(`A line feed ends each. With its cookie it has at most ${MAX_REPLY_BYTES} bytes.`),
  tagged(bold('0'), 'Done. Of L: there is no such session.'),
  tagged(
    `${italic('PORT')} [${italic('ADDRESS')} [${bold('6')}]]`,
    'Of U, L and Cp. Without the address the socket is bound to all addresses of the host and none is advertised; the 6 says that it is IPv6.',
  ),
  tagged(`${italic('VALUE')} ...`, 'Of Q and G, in the order of the names; with v NAME=VALUE.'),
  tagged(`${bold('E')}${italic('NUMBER')}`, 'Refused, see ERRORS.'),
];

const counters = (): string[] => [
  heading('COUNTERS OF Q'),
  paragraph('Of RTP only.'),
  ...QUERY_COUNTERS.map((name) => tagged(bold(name), QUERY_COUNTER_TEXTS[name])),
  heading('COUNTERS OF G'),
  paragraph('Since the relay was started.'),
  ...GLOBAL_COUNTERS.map((name) => tagged(bold(name), GLOBAL_COUNTER_TEXTS[name])),
  heading('LINES OF I'),
  ...Object.entries(INFO_LINE_TEXTS).map(([name, text]) => tagged(bold(`${name}:`), text)),
];

const lifetimes = (): string[] => [
  heading('TIME TO LIVE'),
  paragraph(
    'A session of which nothing is heard for some time ends: -W seconds until both legs have ports, then -T, or what t, T and S ttl= say. It is heard of by every U and L that is carried out, and by every packet that is accepted once both legs have ports. Packets of either side and prompts keep it alive, and the longer of two times that were given counts; with -i it is each side for itself.',
  ),
];

const prompts = (): string[] => [
  heading('PROMPTS'),
  paragraph(
    'PROMPT is a path; without a slash in front it begins at the working directory of the relay. For a payload type N the file PROMPT.N is played, as makeann(1) makes it. Where there is none for any of CODECS, PROMPT, PROMPT.wav or PROMPT.au is, if it is a sound file: of any rate and number of channels, encoded when it is first asked for. PCMU (0), GSM (3), PCMA (8) and G.722 (9) are played, and G.729 (18) from a file or where the library for it is installed. A path may lead anywhere: whoever reaches the control socket has every file played that is a prompt and that the relay may read.',
  ),
  paragraph(
    `While a side hears a prompt, what the other side says is thrown away (ndropped of Q); the other way nothing changes. A packet has ${PROMPT_PTIME_MS} ms, or with the word session what z says of that side. The prompt waits until it is known where the side is. It goes on with the stream that was heard before it, in the same SSRC, without a jump of sequence numbers and timestamps, and so does that stream behind it.`,
  ),
];

const recordings = (): string[] => [
  heading('RECORDINGS'),
  paragraph(
    'What is received from a side is recorded from the command to N or the end of the session; with -a from the beginning of each session. It needs -r. The files are named after the session, CALL-ID=TAG, or as C says. Slashes and whatever else has no place in a name become _, and a name that is taken already gets a number behind it, -2 and up: no file is ever overwritten. Streams of one call whose tags end in a number have that one. With -S files are made there, and moved to -r when they are complete.',
  ),
  tagged(
    `${bold('.o.rtp')}, ${bold('.o.rtcp')}, ${bold('.a.rtp')}, ${bold('.a.rtcp')}`,
    'What the caller (o, who originates) and the callee (a, who answers) send, in the ad-hoc format of rtpproxy or, with -P, as pcap. C leaves out o and a, as it is about one side. extractaudio(1) makes sound of them.',
  ),
  tagged(bold('.pcap'), 'With -P and s, or -P and -a: both sides and RTCP in one file. C has the file called as it says.'),
  tagged(
    bold('.wav'),
    'With --record-format wav of rtpbridge serve: both sides as sound, the caller left, the callee right. It ends in .part.wav while it is made.',
  ),
  paragraph(
    'Prompts are not recorded, nor what is thrown away while one is heard. Packets are handed to a thread of their own: where the disk is too slow they are missing in the recording, and counted (rtpbridge status), but never in the call. After a crash recordings go on in their files.',
  ),
];

const notifications = (): string[] => [
  heading('NOTIFICATIONS'),
  paragraph(
    'NOTIFY-SOCKET is one that -n permits, written as there; unix:, tcp: and xmlrpc: in front may be left out. When the session times out, the relay connects to it and sends NOTIFY-TAG as a line; the connection stays for later lines. Other ends of sessions are not told. NOTIFY-TAG is encoded as in URLs: %HH is a byte, + a blank. tcp:%%CC_SELF%%:PORT is that port of the host that the command came from. Over xmlrpc: the relay calls dlg.terminate_dlg with Call-ID, From tag and To tag.',
  ),
  paragraph(
    'Each U says anew who is notified, and one without NOTIFY-SOCKET: nobody. Where a socket is not permitted, the call goes on and a warning is logged. Two forms of Kamailio are understood as well: TO-TAG and NOTIFY-SOCKET without NOTIFY-TAG, and NOTIFY-SOCKET;NOTIFY-TAG in the place of TO-TAG. Who gives no tag is told the Call-ID.',
  ),
  paragraph(
    'The module catch_dtmf, by its sub-command, tells the same socket which digits (RFC 4733) the side that speaks presses; with h they are not relayed. PAYLOAD-TYPE is 101 if it is left out, and TAG is encoded as NOTIFY-TAG is. A line has TAG, digit, volume (below 0 dBm0), duration in units of the RTP timestamp, and 0 for the caller or 1 for the callee:',
  ),
  example([formatDtmfLine('menu', { digit: '5', volume: 10, duration: 1600 }, 0)]),
];

const learning = (): string[] => [
  heading('ADDRESS LEARNING'),
  paragraph(
    'Media for a side goes to the address that was signalled for it, until its first packet shows where it really is: what comes from elsewhere is believed, and media goes there from then on, whatever is signalled later. After that, packets from another source are ignored, with two exceptions. They are believed for ten seconds after a U or L has given an address again (the same within ten seconds is a repetition and does not count), and later if they continue the stream: the same SSRC, and a sequence number at most 536 ahead. RTCP is learned from its own first packet, and until then taken to be at the port next to RTP. From a side that is asymmetric nothing is learned while its address is known.',
  ),
];

const examples = (): string[] => [
  heading('EXAMPLES'),
  paragraph(
    'Behind $ stands how the relay is started, behind > a command, behind < its reply, behind # what happens meanwhile, and behind ! a line to the notification socket. Ports are examples.',
  ),
  ...SCENES.flatMap(({ title, text, lines }) => [subheading(title), paragraph(text), example(lines)]),
];
