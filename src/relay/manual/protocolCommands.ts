import { BASIC_VERSION } from '../../protocol/rtpproxy/capabilities.js';
import { DEFAULT_QUERY_COUNTERS, type RtpproxyCommand, type Subcommand } from '../../protocol/rtpproxy/command.js';
import { MODULES } from '../modules/names.js';

/** How something is written, and what it does. Capitals are for the client to fill in, brackets hold what may be left out. */
export type Form = { readonly form: string; readonly text: string };

/** A command; `modifiers`: the letters that may be glued to its own, either case. */
type CommandText = Form & { readonly modifiers: Readonly<Record<string, string>> };

const NO_MODIFIERS = {};
const VERBOSE = { v: 'NAME=VALUE instead of the values alone.' };

/** What the page says of every command that the parser can answer with; those of U and L have a table of their own. */
export const COMMANDS: Readonly<Record<RtpproxyCommand['verb'], CommandText>> = {
  version: { form: 'V', text: `Answers the version of the basic protocol, ${BASIC_VERSION}.`, modifiers: NO_MODIFIERS },
  capability: {
    form: 'VF DATE',
    text: 'Answers 1 if the relay has the extension of that date, see CAPABILITIES, and otherwise 0.',
    modifiers: NO_MODIFIERS,
  },
  update: {
    form: 'U[MODIFIERS] CALL-ID ADDRESS PORT FROM-TAG [TO-TAG] [NOTIFY-SOCKET NOTIFY-TAG]',
    text: 'Update. The side that owns FROM-TAG wants to receive at ADDRESS and PORT. Answers the port to put in their place: that is where the other side is to send. Makes the session if there is none; one that is there keeps its ports. With seven words in all there is no TO-TAG.',
    modifiers: NO_MODIFIERS,
  },
  lookup: {
    form: 'L[MODIFIERS] CALL-ID ADDRESS PORT FROM-TAG [TO-TAG]',
    text: 'Look up. The same for the answer to an offer, with the tags in the order of the offer: it is the owner of TO-TAG that wants to receive there. Makes no session, and answers 0 if there is none.',
    modifiers: NO_MODIFIERS,
  },
  delete: {
    form: 'D[w] CALL-ID FROM-TAG [TO-TAG]',
    text: 'Delete. Ends every session that is meant, unless a weak hold is left.',
    modifiers: {
      w: 'Gives up the weak hold of the side whose tag stands first, see the modifier w of U, instead of the strong one.',
    },
  },
  query: {
    form: 'Q[v] CALL-ID FROM-TAG [TO-TAG [COUNTER...]]',
    text: `Query. Answers counters of the session, see COUNTERS OF Q; without names ${DEFAULT_QUERY_COUNTERS.join(' ')}.`,
    modifiers: VERBOSE,
  },
  copy: {
    form: 'C[s][p] CALL-ID TARGET FROM-TAG [TO-TAG]',
    text: 'Copy. What is received from the side whose tag stands first is sent to TARGET, udp:HOST:PORT with a numeric host, as well: each packet as it came, RTCP to the next port. IPv6 may stand in square brackets. There may be any number of copies, and to ask again for the same place changes nothing. Any other TARGET is what a recording of that side is to be called, see RECORDINGS.',
    modifiers: {
      s: 'Both sides and their RTCP in one file, where pcap is recorded; otherwise it changes nothing.',
      p: 'Answers port and address that the copies are sent from, also if they are sent already. Of a recording it is E65.',
    },
  },
  stopRecord: {
    form: 'N[a] CALL-ID FROM-TAG [TO-TAG]',
    text: 'No more: ends copies and recordings of the side whose tag stands first, of every session that is meant.',
    modifiers: { a: 'Of both sides.' },
  },
  record: {
    form: 'R[s] CALL-ID FROM-TAG [TO-TAG]',
    text: 'Record both sides of every session that is meant, see RECORDINGS. What is recorded already goes on, and is no error.',
    modifiers: { s: 'As of C. What is recorded already cannot become one file: that is E50.' },
  },
  play: {
    form: 'P[COUNT] CALL-ID PROMPT CODECS FROM-TAG [TO-TAG]',
    text: 'Play PROMPT, see PROMPTS, to the side whose tag stands first, COUNT times: once if it is left out, for ever if it is negative; 0 only stops what is played. CODECS are payload types with commas between, the first of which the prompt is there for is taken; or the word session for those of the last c of that side. What the side heard before ends in any case.',
    modifiers: NO_MODIFIERS,
  },
  stopPlay: {
    form: 'S CALL-ID FROM-TAG [TO-TAG]',
    text: 'Stop playing: the side whose tag stands first hears the other one again. To stop nothing is no error.',
    modifiers: NO_MODIFIERS,
  },
  info: {
    form: 'I[b][l]',
    text: 'Information about the whole relay, see LINES OF I.',
    modifiers: { b: 'Changes nothing.', l: 'With the line of the load.' },
  },
  statistics: {
    form: 'G[v] [COUNTER...]',
    text: 'Global statistics: the counters of the whole relay that are named, see COUNTERS OF G. Without names an empty line.',
    modifiers: VERBOSE,
  },
  deleteAll: { form: 'X', text: 'Ends every session.', modifiers: NO_MODIFIERS },
};

/** A modifier of U and L; `argument`: what is glued to it. */
type ModifierText = { readonly letter: string; readonly argument?: string; readonly text: string };

export const MODIFIERS: readonly ModifierText[] = [
  {
    letter: 'a',
    text: 'The side that speaks is asymmetric: it sends from elsewhere than it receives. Packets are taken from any port of its host, and never change where media goes.',
  },
  { letter: 's', text: 'It is symmetric, which is what the relay takes for granted unless options or a bridge say otherwise.' },
  {
    letter: 'w',
    text: 'A weak hold, of the side whose port is returned, instead of the strong one. A session ends when none of its three holds is left.',
  },
  { letter: 'n', text: 'New ports, also where there are some already. Those are closed.' },
  {
    letter: '6',
    text: 'ADDRESS is IPv6. Where e, i, l and r do not say otherwise, ports are opened on the IPv6 address of the relay.',
  },
  {
    letter: 'i',
    text: 'With a bridge between two networks: a leg stands on the internal one. The first of the letters i and e is for the leg of the caller, the second, if there is one, for that of the callee, which otherwise stands on the internal network. Both count in the U that makes the session, and later only together with n.',
  },
  { letter: 'e', text: 'The same on the external network.' },
  {
    letter: 'l',
    argument: 'ADDRESS',
    text: 'Ports are opened on this local address. IPv6 stands in square brackets; a label of -l or -6 in braces, as in l{vpn}, means the address it belongs to. Where no ports are opened it changes nothing.',
  },
  { letter: 'r', argument: 'ADDRESS', text: 'The same, on the local address from which packets to this address would leave.' },
  {
    letter: 'z',
    argument: 'MILLISECONDS',
    text: 'Packets of the side that speaks are made this long, 1 to 999, by joining and splitting them. Without z they are left as they are. (Three stray bytes that Kamailio may write behind the number are skipped.)',
  },
  {
    letter: 'c',
    argument: 'LIST',
    text: 'Payload types with commas between, for P with the word session. Without c they are forgotten.',
  },
  {
    letter: 't',
    argument: 'SECONDS',
    text: 'So long the caller may be silent, see TIME TO LIVE. The case of this letter matters.',
  },
  { letter: 'T', argument: 'SECONDS', text: 'So long the callee may be silent.' },
];

/** What the page says of every sub-command that the parser can answer with. */
export const SUBCOMMANDS: Readonly<Record<Subcommand['kind'], Form>> = {
  lookup: {
    form: 'L[MODIFIERS] ADDRESS PORT',
    text: 'A lookup for the other side in the same command, with its answer as result. What follows is about that side. Only behind a U with TO-TAG.',
  },
  set: {
    form: 'S[r] NAME=VALUE',
    text: 'ttl=SECONDS: so long the side that speaks may be silent. tos=NUMBER, 1 to 255: type of service of what is sent to that side over IPv4. With r it is about the other side.',
  },
  fork: {
    form: 'C CALL-ID FROM-TAG TO-TAG',
    text: 'The sides of this session hear another one instead of each other. With the tags in the order of its offer, the side that speaks hears the callee of that session, and the other side its caller. Only behind a U with TO-TAG.',
  },
  delete: { form: 'D[w]', text: 'As the command D with the tag of the caller.' },
  module: {
    form: `M${MODULES.catch_dtmf.id}:1 TAG [PAYLOAD-TYPE [h]]`,
    text: `Asks the module catch_dtmf, number ${MODULES.catch_dtmf.id}, for the digits of the side that speaks, see NOTIFICATIONS. Where it is loaded more than once, the other number says which one is meant. No other module takes sub-commands.`,
  },
};
