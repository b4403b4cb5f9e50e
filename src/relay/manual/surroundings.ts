/** What the programs take from their environment and leave in the file system: rows of the manual. */

type Row = { readonly name: string; readonly text: string };

export const ENVIRONMENT: readonly Row[] = [
  {
    name: 'RTPP_LOG_TFORM',
    text: 'With the value rel the lines that rtpproxy logs to stderr begin with the time since its start, HH:MM:SS.mmm, and a slash.',
  },
  { name: 'RTPP_LOG_TSTART', text: 'Seconds of the monotonic clock (see -C) that count as the start, instead of the real one.' },
  {
    name: 'RTPBRIDGE_DATA_DIR',
    text: 'Where rtpproxy makes the folder for its event log, instead of /var/lib/rtpbridge. rtpbridge serve has --data-dir.',
  },
  { name: 'XDG_STATE_HOME', text: 'Where it does so if it may not write there; ~/.local/state if it is not set.' },
  { name: 'RTPBRIDGE_SYSLOG', text: 'The socket of the system log, instead of /dev/log.' },
  { name: 'NOTIFY_SOCKET', text: 'A service manager is told there when the relay serves and when it ends: sd_notify(3).' },
  {
    name: 'LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES',
    text: 'The socket that a service manager hands over for -s systemd: (sd_listen_fds(3)). Its name becomes that of the event log’s folder if there is no other control socket.',
  },
];

export const FILES: readonly Row[] = [
  { name: '/var/run/rtpproxy.sock', text: 'Control socket of rtpproxy unless -s is given.' },
  { name: '/var/run/rtpproxy.pid', text: 'Its process id unless -p is given.' },
  {
    name: '/var/lib/rtpbridge/INSTANCE/log',
    text: 'Event log of rtpproxy, named after its first control socket: _ for what cannot stand in a name, as in udp_127.0.0.1_22222. If it cannot be written: below $XDG_STATE_HOME/rtpbridge, and at last in a temporary folder. rtpbridge replay reads it.',
  },
  { name: './rtpbridge-data', text: 'Event log and control socket of rtpbridge serve unless --data-dir is given.' },
  {
    name: 'CALL-ID=TAG.o.rtp, .o.rtcp, .a.rtp, .a.rtcp, .pcap, .wav',
    text: 'Recordings, in the folder of -r, and of -S until they are complete: RECORDINGS in rtpproxy-protocol(7).',
  },
  {
    name: 'PROMPT.0, PROMPT.3, PROMPT.8, PROMPT.9, PROMPT.18, PROMPT.wav, PROMPT.au',
    text: 'What the command P plays, see makeann(1). The working directory, where relative names begin, is that in which the relay was started; in the background it is / unless -D is given.',
  },
];

export const EXIT_STATUS: readonly Row[] = [
  {
    name: '0',
    text: 'Ended by a signal, or drained; in the background: it serves. Also when only something was to be printed.',
  },
  { name: '1', text: 'Wrong options, or the relay could not start or go on; one line on stderr says why.' },
  { name: '128 + N', text: 'A second signal, number N, came while the relay was ending.' },
];
