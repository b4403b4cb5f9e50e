/** The programs that serve. `rtpproxy_debug` is rtpproxy with other defaults and the means to find out where time goes. */
export const PROGRAM_NAMES = ['rtpbridge', 'rtpproxy', 'rtpproxy_debug'] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** The parts of the manual, in its order, with their headings. */
export const SECTIONS = {
  control: 'Control',
  networks: 'Addresses and ports',
  packets: 'Packets',
  sessions: 'Sessions',
  recording: 'Recording',
  modules: 'Modules',
  process: 'The process',
  eventLog: 'Event log and recovery',
  log: 'Logs',
  about: 'About the program',
} as const;
export type Section = keyof typeof SECTIONS;

/** One row of the option table. Command line, help and manual derive from it. */
export type OptionRow = {
  readonly short?: string;
  /** As `rtpbridge serve` takes it. rtpproxy knows long names only where there is no letter, and writes them with underscores. */
  readonly long: string;
  /** What stands behind it on the command line; none: a switch. */
  readonly value?: string;
  /** The value may be left out; where it is given it is glued on: `--name=VALUE`. */
  readonly optional?: true;
  /** May be given more than once; of the others the last one counts. */
  readonly many?: true;
  /** As it is shown; the value itself is filled in by `readOptions`. */
  readonly default?: string;
  /** The default of rtpproxy, and of rtpproxy_debug, where it is another. */
  readonly rtpproxyDefault?: string;
  readonly debugDefault?: string;
  readonly unit?: 's' | 'ms' | 'MB';
  /** One line, for the help. */
  readonly help: string;
  /** What the manual says besides. */
  readonly more?: string;
  readonly section: Section;
  /** Which programs take it; all of them where nothing is said. */
  readonly programs?: readonly ProgramName[];
  /** It is carried out at once, and what stands behind it is not looked at: getopt programs print their version like this. */
  readonly leaves?: true;
};

export const OURS: readonly ProgramName[] = ['rtpbridge'];
