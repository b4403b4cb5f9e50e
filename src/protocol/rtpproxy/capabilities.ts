/** What `V` answers: the version of the basic protocol. */
export const BASIC_VERSION = '20040107';

const NOTIFICATIONS = '20081224';

/** The dated extensions of the protocol that are implemented, oldest first: `-v` prints them. */
export const CAPABILITIES: Readonly<Record<string, string>> = {
  '20040107': 'Basic RTP proxy functionality',
  '20050322': 'Multiple RTP streams of one call, music on hold',
  '20060704': 'Extra parameter in the V command',
  '20071116': 'Re-packetization of RTP',
  '20071218': 'Forking (copying) of a stream',
  '20080403': 'Statistics of a session (Q)',
  '20081102': 'Codecs of a leg in U and L',
  [NOTIFICATIONS]: 'Notification when a session times out',
  '20090810': 'Automatic choice of the local address (r)',
  '20140323': 'Load of the relay (Il)',
  '20140617': 'Connect time anchored to when both legs are open',
  '20141004': 'Named counters in Q and G',
  '20150330': 'New ports on request (Un, Ln)',
  '20150420': 'Sequence tracking: the rtpa_ counters, more names in Q',
  '20150617': 'Wildcard %%CC_SELF%% in notification sockets',
  '20170313': 'Time to live of either side in U and L (t, T)',
  '20191015': 'Sub-commands behind &&',
  '20200226': 'Recording stops on request (N)',
  '20230205': 'Counter rtpa_nlost; DTMF that is caught can be held back',
  '20230314': 'Q together with D',
  '20230424': 'Longest gap between packets and jitter in Q',
  '20250523': 'Local address of a copy (Cp)',
  '20251015': 'Time to live and type of service by sub-command (S)',
  '20260306': 'Labels of local addresses',
  '20260308': 'Update and lookup in one command (U && L)',
  '20260309': 'Media of another session by sub-command (C)',
};

/** What `VF <date>` answers 1 for. Notifications need a permitted socket (`notify`). */
export function isCapable(date: string, configured: { readonly notify: boolean }): boolean {
  return Object.hasOwn(CAPABILITIES, date) && (date !== NOTIFICATIONS || configured.notify);
}
