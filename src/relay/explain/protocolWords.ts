import type { SessionState } from '../../../model/session/state.js';

/** How the proxy that has the session says what it wants. */
export type ProtocolWords = {
  /** The command that describes who begins, and that which describes the other side. */
  readonly offer: string;
  readonly answer: string;
  readonly either: string;
  readonly delete: string;
  /** How a side is said to send from where it receives. */
  readonly symmetric: string;
  /** What may be said so that a side can move without signalling, as the end of a sentence. */
  readonly mayMove: string;
  readonly stopPrompt: string;
  readonly playAgain: string;
};

const CLASSIC: ProtocolWords = {
  mayMove: '',
  ...{ offer: 'U', answer: 'L', either: 'U or L', delete: 'D' },
  symmetric: 's instead of a among the letters of U or L',
  stopPrompt: 'S with the tag of the SIDE in front (rtpproxy_stop_stream2uac or 2uas of Kamailio)',
  playAgain: 'P',
};

const NG: ProtocolWords = {
  mayMove: '; or the flag media-handover lets it move without',
  ...{ offer: 'offer', answer: 'answer', either: 'offer or answer', delete: 'delete' },
  symmetric: 'the flag symmetric instead of asymmetric in offer and answer, or latching: symmetric in the policy of its network',
  stopPrompt: 'stop media with the tag of the SIDE as from-tag',
  playAgain: 'play media',
};

/** The commands of the classic protocol, or those of NG, by which of them the session was made. */
export const protocolWords = ({ dialogue }: SessionState): ProtocolWords => (dialogue === null ? CLASSIC : NG);
