import { OFFER_TTL_MS } from '../../../model/session/decide/negotiate.js';
import { HOLD_TTL_MS } from '../../../model/session/state.js';
import { MAX_NG_COOKIE } from '../../protocol/ng/bounds.js';
import { OFFICE_LIMITS } from '../callEvents/office.js';
import { EVENT_VERSION } from '../callEvents/wording.js';
import { REPLY_LIFETIME_MS } from '../control/replyCache.js';
import { MAX_MESSAGE_BYTES } from '../ng/ngMessage.js';
import { NO_EVENT_SETTINGS } from '../settings/access.js';
import { NG_DIFFERENCES } from './ngDifferences.js';
import { NG_ERROR_TEXTS } from './ngErrors.js';
import { NG_SCENES } from './ngExamples.js';
import { commandRows, eventRows, flagRows, keyRows, notDoneRows, ownKeyRows } from './ngTables.js';
import { bold, bullet, escapeRoff, example, heading, italic, paragraph, subheading, tagged, title } from './roff.js';

/** The name of the page, and its section: conventions, protocols. */
export const NG_PAGE = 'rtpbridge-ng';
export const NG_SECTION = 7;

/** The reference of the NG protocol for man(1), from the tables by which requests are read and what these files say of their entries. */
export function formatNgPage(version: string): string {
  const parts = [
    title(NG_PAGE, NG_SECTION, `rtpbridge ${version}`, 'Conventions'),
    '.nr HY 0\n.hy 0', // Names must not be torn apart.
    heading('NAME'),
    escapeRoff(
      `${NG_PAGE} - session descriptions in, session descriptions out: how rtpbridge is driven in the place of rtpengine`,
    ),
    ...introduction(),
    ...transports(),
    ...messages(),
    ...commandRows(),
    ...calls(),
    ...networks(),
    ...keyRows(),
    ...flagRows(),
    ...notDoneRows(),
    ...replies(),
    ...statistics(),
    ...events(),
    ...access(),
    heading('DIFFERENCES FROM RTPENGINE'),
    ...NG_DIFFERENCES.map(bullet),
    ...examples(),
    heading('SEE ALSO'),
    '.BR rtpbridge (8),\n.BR rtpbridge.yaml (5),\n.BR rtpproxy\\-protocol (7),\n.BR kamailio (8)',
  ];
  return `${parts.join('\n')}\n`;
}

const introduction = (): string[] => [
  heading('DESCRIPTION'),
  paragraph(
    'A SIP proxy hands the relay every session description (SDP) that goes by, and sends on what it gets back: the same description, with the relay in the place where media goes. Everything else of it stays as it was, byte by byte, unless the request asks for more. Proxies that speak to rtpengine, such as the modules of this name of Kamailio and OpenSIPS, need not know the difference; so may any program that can send JSON.',
  ),
  paragraph(
    'Calls are the same as those of the classic protocol, rtpproxy-protocol(7): a media line N of a description is a session with Call-ID and tag FROM-TAG;N. Both protocols may be spoken to one relay, and even about one call.',
  ),
];

const transports = (): string[] => [
  heading('TRANSPORTS'),
  paragraph('Where requests come in is what --listen-ng says, any number of times. Without a port it is 2223.'),
  tagged(
    `${bold('udp:')}${italic('HOST')}[${bold(':')}${italic('PORT')}], ${bold('udp6:')}...`,
    'Each datagram is a cookie and a request. The reply leaves from the address that was asked. A reply that no datagram can hold is an error that says so.',
  ),
  tagged(
    `${bold('tcp:')}${italic('HOST')}[${bold(':')}${italic('PORT')}], ${bold('tcp6:')}...`,
    'Cookies and requests one behind the other: each tells by itself where it ends. White space between them does not matter, so that they may be typed as lines. Requests are begun in their order and answered as soon as each is done; events of calls come over the same connection. It is closed after a request whose end cannot be told, which is answered by an error.',
  ),
  tagged(
    `${bold('http:')}${italic('HOST')}[${bold(':')}${italic('PORT')}], ${bold('https:')}...`,
    'POST /ng-plain takes a request without cookie (application/json, or application/x-rtpengine-ng-plain for bencode), POST /ng one with a cookie (application/x-rtpengine-ng). Errors of the protocol are replies with status 200; 401 and 403 say that the client may not, 413 and 415 that the body is too long or of another type. GET /events are events as server-sent events; GET /ping answers pong, GET /openapi.json and /schema.json what rtpbridge schema prints.',
  ),
  tagged(
    `${bold('ws:')}${italic('HOST')}[${bold(':')}${italic('PORT')}], ${bold('wss:')}...`,
    'The same sockets as http: and https:. Each message is a request: with a cookie in the subprotocol ng.rtpengine.com, without one in ng-plain.rtpengine.com; without a subprotocol it is seen by its first letter. Events come over the same connection.',
  ),
];

const messages = (): string[] => [
  heading('MESSAGES'),
  paragraph(
    `A message is a cookie, a blank and a payload. The cookie is any word of at most ${MAX_NG_COOKIE} bytes; the reply has the same one. The payload is a dictionary in bencode, if it begins with d, or a JSON object, if it begins with {; the reply is encoded as the request is. What is neither is answered in JSON if it came by HTTP as application/json, else in bencode. It has at most ${MAX_MESSAGE_BYTES} bytes. Text in JSON is UTF-8 and means the same bytes as in bencode.`,
  ),
  paragraph(
    `A client that hears nothing sends the same message again: for ${REPLY_LIFETIME_MS / 1000} seconds it gets the same reply, and the request is not carried out again. What counts is the socket, the client (its address and port, or its connection) and the cookie. A message without a cookie is not answered where there must be one.`,
  ),
];

const calls = (): string[] => [
  heading('CALLS'),
  paragraph(
    'A call has a Call-ID. In it, who offers first and who answers are in a dialogue, named by their tags; from-tag is that of who offers, in the answer, too. A party that is in a dialogue may offer anew, with its own tag as from-tag and that of the other one as to-tag. Descriptions without media lines that go over UDP pass as they are.',
  ),
  paragraph(
    'The first offer opens the port that the other party is to send to, the answer the one for who has offered; they stay as long as the dialogue does. The same offer again gets the same reply. If ports run out nothing is opened at all.',
  ),
  paragraph(
    'An offer within a dialogue that has agreed on media is tentative: its description goes on changed as always, but media goes on as it was agreed until the answer comes. rollback, or an offer that asks for what there is, gives it up. A media line that only the offer brought ends with it.',
  ),
  paragraph(
    'A proxy that forks names each branch by via-branch: each is a dialogue with ports of its own. The branch that was answered last is heard by the caller, and no other; when it ends, the one before is heard again. Where branches are not named, whoever answers an offer that was answered already takes the place of the one before, whose packets are refused from then on.',
  ),
  paragraph(
    'delete ends the branch that via-branch names, if it is known; else the dialogue of the tags; without tags and branch all of the call. A branch that is not known, or a To tag that nobody has, ends no other one. A proxy says delete also where a change was refused. So one that a SIP reply has caused (sip-message-type), while a change is offered, only gives up the change; and where both had agreed on media, a delete for a reply, or for a request while a change is offered, holds the media for 10 seconds, and keeps it if both sides go on sending. delete-delay with a number says how long media goes on in any case. Whoever describes a call that is held brings it back.',
  ),
  paragraph(
    `An offer may wait ${OFFER_TTL_MS / 1000} seconds for its answer. After that a dialogue of which nothing is heard ends when the time of -T is over, or ${HOLD_TTL_MS / 1000} seconds while one of its sides has it on hold: by an address of zeros, or by a direction other than sendrecv. Whatever media line is heard keeps the others.`,
  ),
  paragraph(
    'Where a party is, its packets tell, as in rtpproxy-protocol(7), ADDRESS LEARNING; a description that names another place than the one before counts more than what was learned. With the flag asymmetric, or in a network with latching: asymmetric, the description alone counts. With strict-source nobody but the source that was confirmed is heard, not even who goes on with its stream from elsewhere; with media-handover whoever sends media is heard, and answered there from a second after the last change on: anybody may take such a stream. Both hold for the party that the message comes from, until the other one is said. reset forgets with the answer what was learned of it; with no-port-latching it is given another port when it names another place.',
  ),
];

const networks = (): string[] => [
  heading('NETWORKS'),
  paragraph(
    'Networks have names: of --network, of rtpbridge.yaml(5), or of -l and -6 (their labels; internal and external of a bridge; default). direction=[A, B] says that who sent this description is reached through network A, and who gets it through B, which may be the same; one name alone is that of A. The first offer of a dialogue says it, and it holds for the whole dialogue: in answers and later offers it may be left out, and what is said there is not looked at. But the INVITE of a call may fail and go on to somebody else: where the first party offers again without a To tag, and B or address-family is another than before, the ports that face who is called are opened there, and what who was called before had answered is forgotten. An offer that names a network that is not there, or one without an address of the family that is needed, is refused, and nothing is opened. Without names, the peers that inbound-peer and outbound-peer name choose the network by the way that packets would take to them; otherwise it is the default, or the first that has an address of the family. Of several addresses of a family each call takes the next one. address-family says which family the description has that is returned to the first offer, so that parties of different families can talk; a party that comes back with another family gets an address of that in its network. A network that is gone from the settings takes no new dialogue; in those that stand there a media line that is added gets its ports too.',
  ),
];

const replies = (): string[] => [
  heading('REPLIES'),
  tagged(`${bold('result')}: ok, pong`, 'It is done.'),
  tagged(`${bold('result')}: error`, 'It is not done, and error-reason says why.'),
  tagged(
    `${bold('result')}: load limit`,
    'No new call is taken, and message says why; only for clients that have said so in supports. Others are told an error.',
  ),
  tagged(bold('warning'), 'It is done, and perhaps not what was meant.'),
  tagged(bold('not-done'), 'A list of what was asked for, is known and was not done.'),
  heading('ERRORS'),
  paragraph('Capitals stand for what is filled in. Clients compare some of them: these are the words of rtpengine.'),
  ...NG_ERROR_TEXTS.map(({ text, meaning }) => tagged(bold(text), meaning)),
];

const statistics = (): string[] => [
  heading('STATISTICS'),
  paragraph(
    'query, and delete without the flag fast, return what was counted of the call with the keys of rtpengine: created, last signal, totals (RTP and RTCP: packets, bytes, errors), tags (by tag: label, via-branch, medias with their streams: local and remote address, stats, stats_out, last packet, flags), SSRC. rtpbridge schema has all of them. list returns Call-IDs, statistics counters of the relay.',
  ),
  ...ownKeyRows(),
];

const events = (): string[] => [
  heading('EVENTS'),
  paragraph(
    'Each call may have an owner, a controller: the one that controller names in the offer, else the client by the name of its token or certificate, else by its address. It is told what happens to the call, as JSON, if the offer names a way in notify or the settings name ways for all (events.ways). Where neither does and no controller is named, nobody is.',
  ),
  tagged(
    bold('connection'),
    'The TCP or WebSocket connection that the offer came by, or after it the last one of the controller.',
  ),
  tagged(
    bold('http://..., https://...'),
    'A webhook: POST of one event as JSON, again until it is answered with 2xx; 4xx but 408 and 429 is a refusal. X-Rtpbridge-Event has the name, X-Rtpbridge-Event-Id the same for each attempt, and X-Rtpbridge-Signature (with events.secret) t=SECONDS,v1=HEX: the HMAC-SHA256 of SECONDS, a full stop and the body.',
  ),
  tagged(bold('unix:PATH, tcp:HOST:PORT'), 'Timeouts and digits as rtpproxy tells them, a line each, with notify-tag in front.'),
  tagged(bold('xmlrpc:http://...'), 'Timeouts, as a call of dlg.terminate_dlg of Kamailio; xmlrpc-callback is the same.'),
  paragraph(
    'Other ways than connection must be permitted: by events.ways, which also permits what stands below a URL of it, or by -n. A request that names another one is refused.',
  ),
  paragraph(
    `An event goes at least once to each way, in the order in which things happened, with a number of its own (seq) for the controller, in this run of the relay (run). While a receiver is away events wait, ${NO_EVENT_SETTINGS.keepMs / 1000} seconds unless events.keep says otherwise, at most ${OFFICE_LIMITS.events} of a controller; what had to be given up is told as events-lost. A relay that is told to end tells the ends of its calls as well, for a second; then it closes the connections.`,
  ),
  paragraph(
    'Over TCP and WebSocket the command events with controller, and GET /events?controller=NAME, ask for all events of a controller; after, or Last-Event-ID, says the number of the last one that is known. They come as event-SEQ, a blank and {"notify":NAME,"data":{...}}; in GET /events with id, event and data. A client that shows a token or a certificate may be sent the events of the controller of that name only, whichever way it asks, and means it where it names none; so too with notify=connection.',
  ),
  paragraph(
    `Every event has version (${EVENT_VERSION}), controller, run, seq, event, at (milliseconds since 1970), call-id, from-tag, to-tag, via-branch, and counters of both sides (from, to: packets, bytes, relayed, dropped, silent-ms). rtpbridge schema --events has all of it. New keys may come at any time.`,
  ),
  ...eventRows(),
];

const access = (): string[] => [
  heading('ACCESS'),
  paragraph(
    'Whoever reaches an NG socket can end every call. control.allow of the settings says which addresses may. Where there are tokens (control.tokens), everything but UDP must show one: Authorization: Bearer TOKEN over HTTP and WebSocket, or a subprotocol bearer.TOKEN (in base64url) for web pages, or the key token in the first request of a TCP connection. https: and wss: need control.tls; with client-ca, a certificate that it has signed will do, too. Requests of web pages of other origins are refused. Over UDP an address is all that can be asked for.',
  ),
];

const examples = (): string[] => [
  heading('EXAMPLES'),
  paragraph(
    'Behind $ stands how the relay is started, behind > what is sent, behind < what comes back, behind # what happens meanwhile, and behind ! what the controller is told. What begins with two more blanks belongs to the line before. Ports are examples.',
  ),
  ...NG_SCENES.flatMap(({ title: name, text, lines }) => [subheading(name), paragraph(text), example(lines)]),
];
