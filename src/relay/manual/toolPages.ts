import { DATA_FORMATS, FILE_FORMATS } from '../../protocol/audio/soundFormats.js';
import { EXTRACT_OPTIONS } from '../tools/extractOptions.js';
import { bold, bullet, escapeRoff, example, heading, italic, paragraph, tagged, title } from './roff.js';

/** The programs that make prompts and read recordings. Their pages belong to section 1, programs for users. */
export const TOOL_PAGES = ['makeann', 'extractaudio'] as const;
export type ToolPageName = (typeof TOOL_PAGES)[number];
export const TOOL_SECTION = 1;

type OptionText = { readonly short?: string; readonly long?: string; readonly value?: string; readonly text: string };
type Row = { readonly name: string; readonly text: string };
type Example = { readonly text: string; readonly lines: readonly string[] };

type ToolText = {
  readonly name: ToolPageName;
  readonly purpose: string;
  /** Marked up. */
  readonly synopsis: readonly string[];
  readonly description: readonly string[];
  readonly options: readonly OptionText[];
  /** What else the page tells, by its headings. */
  readonly parts: readonly {
    readonly heading: string;
    readonly paragraphs?: readonly string[];
    readonly rows?: readonly Row[];
  }[];
  readonly exits: readonly Row[];
  readonly examples: readonly Example[];
  readonly differences: readonly string[];
};

const HELP: OptionText = { long: 'help', text: 'Print a short help and exit.' };

const MAKEANN: ToolText = {
  name: 'makeann',
  purpose: 'make prompts that rtpproxy and rtpbridge play',
  synopsis: [
    `[${bold('-l')} ${italic('LIMIT')} [${bold('-L')}]] [${bold('-v')}] [${bold('--raw')}] ${italic('INFILE')} [${italic('TEMPLATE')}]`,
  ],
  description: [
    'Makes of one recording a file for each codec, with the payload type behind a dot as its name: TEMPLATE.0 is PCMU, .3 GSM, .18 G.729, .8 PCMA, .9 G.722. The command P of the control protocol plays TEMPLATE in whichever of them the call takes. TEMPLATE is INFILE if it is left out.',
    'INFILE is a WAV or AU file of any rate and number of channels, whose channels are mixed, or raw samples: 16 bits signed, little-endian, 8000 a second, one channel.',
    'The files hold frames of their codec one behind the other, without a header. G.711 takes the samples there are; the last frame of the others is filled up with silence. Each file is put in place when all of them are complete, so that a relay never plays half a prompt. On a terminal it is shown how far a long one is.',
    'makeann_debug does the same, and says on stderr what it found in the input and what it wrote.',
  ],
  options: [
    {
      short: 'l',
      value: 'LIMIT',
      text: 'Make no more than so many samples, at 8000 a second: -l 80000 makes ten seconds. Of an input of another rate they are counted at 8000 as well.',
    },
    { short: 'L', text: 'Begin the input again where it ends, until the limit. Needs -l.' },
    { short: 'v', text: 'Accepted for the sake of scripts: G.729 is made without silence suppression all the same.' },
    { long: 'raw', text: 'INFILE is raw, even if it begins like a WAV or AU file.' },
    HELP,
  ],
  parts: [
    {
      heading: 'NOTES',
      paragraphs: [
        'G.729 needs the Debian package libbcg729-0. Without it the other files are made, and a line on stderr says so.',
        'A relay of rtpbridge plays WAV and AU files as they are: it encodes them when they are first asked for. Files that were made before begin sooner, and work with rtpproxy, too.',
      ],
    },
  ],
  exits: [
    { name: '0', text: 'The files were made.' },
    {
      name: '1',
      text: 'The options are wrong, the input cannot be read, or an output cannot be written; then no file was made or replaced.',
    },
  ],
  examples: [
    {
      text: 'A greeting, and ten seconds of ringing made of one that is shorter:',
      lines: ['makeann greeting.wav /var/lib/prompts/greeting', 'makeann -l 80000 -L ring.wav /var/lib/prompts/ring'],
    },
    {
      text: 'The greeting is heard twice by the caller of a call that takes PCMA or PCMU:',
      lines: ['P2 call-1 /var/lib/prompts/greeting 8,0 alice bob'],
    },
  ],
  differences: [
    'WAV and AU files are read.',
    'G.722 of an input of more than 8000 samples a second is made of its whole band.',
    'Files are replaced when they are complete, and none if one fails.',
    '--raw, --help and progress are new.',
  ],
};

const EXTRACTAUDIO: ToolText = {
  name: 'extractaudio',
  purpose: 'make a sound file of a recorded call',
  synopsis: [
    `${extractFlags()} ${italic('RDIR')} ${italic('OUTFILE')} [${italic('LINK')}...]`,
    `${extractFlags()} [${bold('-A')} ${italic('FILE')}] [${bold('-B')} ${italic('FILE')}] [${bold('--alice-crypto')} ${italic('SUITE:KEY')}] [${bold('--bob-crypto')} ${italic('SUITE:KEY')}] ${italic('OUTFILE')} [${italic('LINK')}...]`,
    `${bold('-S')} ${italic('RDIR')}`,
    `${bold('-S')} [${bold('-A')} ${italic('FILE')}] [${bold('-B')} ${italic('FILE')}]`,
  ],
  description: [
    'Reads what rtpproxy or rtpbridge has recorded of a call, RDIR.a.rtp (what the answering side said) and RDIR.o.rtp (the originating side), and makes a sound file of it. Without the letter s both sides are mixed into one channel. Each LINK becomes another name of OUTFILE. A call of one side only is made, too.',
    'The recordings are in the ad-hoc format or pcap, which is found out from the file. PCMU, GSM, PCMA and G.722 are decoded, and G.729 with the Debian package libbcg729-0; comfort noise and telephone events are silence. Packets are put where their timestamps and their times of arrival say they belong, in their order, each once; a sender that changes its SSRC goes on in another channel, which is mixed in. A file that breaks off is taken up to there.',
    'For each file that was read lines with the statistics of its sequence numbers go to stdout: pcount, min_seq, max_seq, seq_offset, ssrc, duplicates; ssrc_changes, psent, precvd, plost; and the jitter if it is known. With -S the number of packets alone.',
    'extractaudio_debug does the same, and says more on stderr. On a terminal it is shown how far a long recording is.',
  ],
  options: Object.values(EXTRACT_OPTIONS).map(({ help, ...row }) => ({
    ...row,
    text: `${help[0]!.toUpperCase()}${help.slice(1)}.`,
  })),
  parts: [
    {
      heading: 'FORMATS',
      paragraphs: [
        'wav, au and raw with pcm_16, pcm_u8, ulaw, alaw, float and their like are written by the program itself; everything else, also what is written if nothing is said, needs the Debian package libsndfile1. Names may be written in either case.',
      ],
      rows: [
        { name: '-F', text: `${Object.keys(FILE_FORMATS).join(' ')}.` },
        { name: '-D', text: `${Object.keys(DATA_FORMATS).join(' ')}.` },
      ],
    },
    {
      heading: 'ENCRYPTED CALLS',
      paragraphs: [
        'A relay does not know the keys of SRTP, and records what it relays. With the key and salt of a side, as they stood behind inline: in the a=crypto line of its SDP (RFC 4568), its packets are decrypted, if they were recorded as pcap. SUITE is AES_CM_128_HMAC_SHA1_80 or AES_CM_128_HMAC_SHA1_32, KEY has 40 characters of base64. Packets that are not authentic are left out and counted.',
      ],
    },
  ],
  exits: [
    { name: '0', text: 'The output was made; or there was nothing to be heard, and no output.' },
    { name: '1', text: 'The options are wrong, no recording could be read, or with -e not all of one.' },
    { name: '2', text: 'The output cannot be written.' },
  ],
  examples: [
    {
      text: 'Of a call that was recorded by R, with the sides left and right, in a form that everything plays:',
      lines: ["extractaudio -s -F wav -D pcm_16 '/var/spool/calls/call-1=alice' call.wav"],
    },
    {
      text: 'Of one side, with the whole band of G.722:',
      lines: ['extractaudio --rate 16000 -D pcm_16 -A call-1=alice.a.rtp callee.wav'],
    },
  ],
  differences: [
    'IPv6 packets in pcap files are read, too.',
    '--rate, the long names of the options, progress and a line for everything that could not be heard are new.',
    'With -d a recording is deleted only if it was read to its end.',
  ],
};

/** The switches of one letter in one cluster, and the formats. */
function extractFlags(): string {
  const letters = ['i', 'd', 's', 'n', 'e'].join('');
  return `[${bold(`-${letters}`)}] [${bold('-F')} ${italic('NAME')}] [${bold('-D')} ${italic('NAME')}] [${bold('--rate')} ${italic('HZ')}]`;
}

const TEXTS: Readonly<Record<ToolPageName, ToolText>> = { makeann: MAKEANN, extractaudio: EXTRACTAUDIO };

/** The text of a page for man(1). */
export function formatToolPage(page: ToolPageName, version: string): string {
  const { name, purpose, synopsis, description, options, parts, exits, examples, differences } = TEXTS[page];
  const others = TOOL_PAGES.filter((other) => other !== page);
  const lines = [
    title(name, TOOL_SECTION, `rtpbridge ${version}`, 'User Commands'),
    heading('NAME'),
    escapeRoff(`${name}, ${name}_debug - ${purpose}`),
    heading('SYNOPSIS'),
    ...synopsis.map((form, i) => `${i === 0 ? '' : '.br\n'}${bold(name)} ${form}`),
    heading('DESCRIPTION'),
    ...description.map(paragraph),
    heading('OPTIONS'),
    paragraph('Letters may be clustered, and options stand in front of names or behind them.'),
    ...options.map(({ text, ...option }) => tagged(flagsOf(option), text)),
    ...parts.flatMap(({ heading: told, paragraphs = [], rows = [] }) => [
      heading(told),
      ...paragraphs.map(paragraph),
      ...rows.map((row) => tagged(bold(row.name), row.text)),
    ]),
    heading('EXIT STATUS'),
    ...exits.map((row) => tagged(bold(row.name), row.text)),
    heading('EXAMPLES'),
    ...examples.flatMap(({ text, lines: shown }) => [paragraph(text), example(shown)]),
    heading('DIFFERENCES FROM RTPPROXY'),
    ...differences.map(bullet),
    heading('SEE ALSO'),
    `${others.map((other) => `.BR ${other} (${TOOL_SECTION})`).join(',\n')},\n.BR rtpbridge (8),\n.BR rtpproxy (8),\n.BR rtpproxy\\-protocol (7)`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `-F, --file-format NAME`. */
function flagsOf({ short, long, value }: Omit<OptionText, 'text'>): string {
  const names = [...(short === undefined ? [] : [bold(`-${short}`)]), ...(long === undefined ? [] : [bold(`--${long}`)])];
  return names.join(', ') + (value === undefined ? '' : ` ${italic(value)}`);
}
