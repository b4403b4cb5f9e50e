/** What `V` answers: the version of the basic protocol. */
export const BASIC_VERSION = '20040107';

/** The dated extensions of the protocol that are implemented: `VF <date>` answers 1 for these, `-v` prints them. */
export const CAPABILITIES: Readonly<Record<string, string>> = {
  '20040107': 'Basic RTP proxy functionality',
  '20050322': 'Multiple RTP streams of one call',
  '20060704': 'Extra parameter in the V command',
  '20080403': 'Statistics of a session (Q)',
  '20081102': 'Codecs of a leg in U and L',
  '20140617': 'Connect time anchored to when both legs are open',
  '20141004': 'Named counters in Q',
};
