import { type OptionRow, type ProgramName, SECTIONS, type Section } from '../optionRow.js';
import { defaultOf, longNameOf, optionsOf } from '../optionText.js';
import { SIGNAL_NAMES, SIGNALS, type SignalAction } from '../signalTable.js';
import { DIFFERENCES } from './differences.js';
import { bold, bullet, escapeRoff, example, heading, italic, paragraph, subheading, tagged, title } from './roff.js';
import { ENVIRONMENT, EXIT_STATUS, FILES } from './surroundings.js';

/** The pages there are. Both belong to section 8, programs for administrators. */
export const MAN_PAGES = ['rtpproxy', 'rtpbridge'] as const;
export type ManPageName = (typeof MAN_PAGES)[number];
export const MAN_SECTION = 8;

const SIGNAL_TEXTS: Readonly<Record<SignalAction, string>> = {
  drain:
    'New sessions are refused (E99) from now on; the process ends with exit code 0 when the last session is gone. There is no way back.',
  stop: 'Every session ends, every socket is closed, and the process ends with exit code 0. A second one ends it at once with 128 plus its number.',
  ignore: 'Ignored.',
};

/** The text of a page for man(1), from the option table and the others of this manual. */
export function formatManPage(page: ManPageName, version: string): string {
  const parts = page === 'rtpproxy' ? rtpproxyParts() : rtpbridgeParts();
  const common = [
    heading('SIGNALS'),
    ...(['drain', 'stop', 'ignore'] as const).map((action) => tagged(signalsOf(action), SIGNAL_TEXTS[action])),
    paragraph(
      'While a profile is being made SIGPROF belongs to the profiler. Any other signal does what it does to every process.',
    ),
    heading('FILES'),
    ...FILES.map(({ name, text }) => tagged(italic(name), text)),
    heading('ENVIRONMENT'),
    ...ENVIRONMENT.map(({ name, text }) => tagged(bold(name), text)),
    heading('EXIT STATUS'),
    ...EXIT_STATUS.map(({ name, text }) => tagged(bold(name), text)),
    heading('DIFFERENCES FROM RTPPROXY'),
    ...DIFFERENCES.map(bullet),
    heading('SEE ALSO'),
    `.BR ${page === 'rtpproxy' ? 'rtpbridge' : 'rtpproxy'} (${MAN_SECTION}),\n.BR rtpproxy\\-protocol (7),\n.BR rtpbridge\\-ng (7),\n.BR rtpbridge.yaml (5),\n.BR makeann (1),\n.BR extractaudio (1),\n.BR kamailio (8)`,
  ];
  return `${[title(page, MAN_SECTION, `rtpbridge ${version}`), ...parts, ...common].join('\n')}\n`;
}

const signalsOf = (action: SignalAction): string => bold(SIGNAL_NAMES.filter((name) => SIGNALS[name] === action).join(', '));

function rtpproxyParts(): string[] {
  return [
    heading('NAME'),
    escapeRoff('rtpproxy, rtpproxy_debug - RTP relay for SIP proxies'),
    heading('SYNOPSIS'),
    `.B rtpproxy\n${synopsis('rtpproxy')}`,
    `.br\n.B rtpproxy_debug\n${synopsis('rtpproxy_debug')}`,
    heading('DESCRIPTION'),
    paragraph(
      'rtpproxy opens UDP ports for the calls that a SIP proxy tells it about over a control socket, and relays their media between both sides wherever they really are. This is rtpbridge in the place of the original of this name: command line, control protocol and answers are the same, except for what is listed under DIFFERENCES FROM RTPPROXY.',
    ),
    paragraph(
      'It goes to the background unless -f is given: the command ends with exit code 0 as soon as calls are served, or with 1 and a line on stderr. Several run side by side if each has a control socket of its own; their port ranges may overlap. In the foreground it logs to stderr, in the background to the system log.',
    ),
    paragraph(
      'rtpproxy_debug is the same program. It logs at level DBUG, prints the frequency of its timers in front of the version, and takes --profile.',
    ),
    heading('OPTIONS'),
    paragraph('Letters may be clustered; long options may be cut short while they stay unambiguous.'),
    ...options('rtpproxy_debug'),
  ];
}

function rtpbridgeParts(): string[] {
  return [
    heading('NAME'),
    escapeRoff('rtpbridge - RTP relay and media gateway for SIP operators'),
    heading('SYNOPSIS'),
    `.B rtpbridge serve\n${synopsis('rtpbridge')}`,
    '.br\n.B rtpbridge replay\n.I LOG\n.RB [ \\-\\-call\n.IR ID ]',
    '.br\n.B rtpbridge demo\n.RI [ options ]',
    '.br\n.B rtpbridge explain\n.B \\-\\-call\n.I ID',
    '.br\n.B rtpbridge schema\n.RB [ \\-\\-openapi | \\-\\-events ]',
    '.br\n.B rtpbridge man\n.RB [ rtpproxy | rtpbridge | makeann | extractaudio | rtpproxy\\-protocol | rtpbridge\\-ng | rtpbridge.yaml ]',
    heading('DESCRIPTION'),
    paragraph(
      'rtpbridge serve runs the relay in the foreground until a signal ends it; it logs JSON lines to stderr. It speaks the control protocol of rtpproxy and, over --listen-ng, the one of rtpengine, see rtpbridge-ng(7); it takes the options of rtpproxy by letters and by names. Without -s it listens on udp:127.0.0.1:22222 and on control.sock in its data directory.',
    ),
    paragraph(
      'rtpbridge replay prints what happened to each call, read back from the event log. rtpbridge demo places a call through a relay of its own. rtpbridge explain says why a call had no audio, rtpbridge watch and status what a running relay does; rtpbridge reload has it read its settings file again, see rtpbridge.yaml(5). rtpbridge schema prints the JSON Schema of the NG protocol. rtpbridge man prints this page and others. Each explains itself with --help.',
    ),
    heading('OPTIONS'),
    paragraph('Of rtpbridge serve. Letters may be clustered; names may be cut short while they stay unambiguous.'),
    ...options('rtpbridge'),
    heading('EXAMPLES'),
    example([
      'rtpbridge serve -l 192.0.2.10 -s udp:127.0.0.1:22222 -m 35000 -M 65000',
      'rtpbridge serve --listen-ng udp:127.0.0.1:2223 --settings /etc/rtpbridge.yaml',
    ]),
  ];
}

/** Every option of the program in brackets, switches in one cluster. */
function synopsis(program: ProgramName): string {
  const rows = optionsOf(program).map(([, row]): OptionRow => row);
  const letters = rows.flatMap(({ short, value }) => (short !== undefined && value === undefined ? [short] : []));
  const rest = rows.filter(({ short, value }) => short === undefined || value !== undefined);
  return [`[${bold(`-${letters.join('')}`)}]`, ...rest.map((row) => `[${flagsOf(row, program, [row.short ?? ''])}]`)].join('\n');
}

/** `-T, --ttl SECONDS`; with the letter only where `only` names it. */
function flagsOf(row: OptionRow, program: ProgramName, only: readonly string[] = []): string {
  const long = longNameOf(row, program);
  const names = [
    ...(row.short === undefined ? [] : [bold(`-${row.short}`)]),
    ...(long === null || (row.short !== undefined && only.includes(row.short)) ? [] : [bold(`--${long}`)]),
  ];
  const value = row.value === undefined ? '' : row.optional ? `[=${italic(row.value)}]` : ` ${italic(row.value)}`;
  return names.join(', ') + value;
}

function options(program: ProgramName): string[] {
  const rows = optionsOf(program).map(([, row]): OptionRow => row);
  return (Object.keys(SECTIONS) as Section[]).flatMap((section) => [
    subheading(SECTIONS[section]),
    ...rows.filter((row) => row.section === section).map((row) => tagged(flagsOf(row, program), textOf(row, program))),
  ]);
}

function textOf(row: OptionRow, program: ProgramName): string {
  const shown = defaultOf(row, program === 'rtpproxy_debug' ? 'rtpproxy' : program);
  const own = program === 'rtpproxy_debug' && row.debugDefault !== undefined ? `; of rtpproxy_debug: ${row.debugDefault}` : '';
  const only = program === 'rtpproxy_debug' && row.programs !== undefined ? ['Only rtpproxy_debug takes it.'] : [];
  const sentence = `${row.help[0]!.toUpperCase()}${row.help.slice(1)}.`;
  const fallback = shown === null ? [] : [`Default: ${shown}${own}.`];
  return [sentence, ...(row.more === undefined ? [] : [row.more]), ...only, ...fallback].join(' ');
}
