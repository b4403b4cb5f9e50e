import { ascii, cut } from './words.js';

/** The sessions of one From tag and branch of a call, one after the other: what one media stream went through, also over a crash. */
export type Lane = {
  /** The log that tells of it. */
  readonly log: number;
  /** With its `;N` media number, if it has one. */
  readonly tag: string;
  /** What the proxy calls the branch of a call that forks; null: it did not say. */
  readonly branch: string | null;
  /** Tells it apart from the other lanes of the call, in a few letters of ASCII. Empty: there is no other. */
  readonly label: string;
};

const LONGEST_LABEL = 8;

/** Gives lanes the shortest names that differ: the media number, or else the tag, or else the branch with the media number. */
export function labelled(lanes: readonly Lane[]): Lane[] {
  const plain = lanes.map(({ log, tag, branch }) => ({ log, tag, branch }));
  if (plain.length < 2) return plain.map((lane) => ({ ...lane, label: '' }));
  const manyLogs = new Set(plain.map(({ log }) => log)).size > 1;
  const ofLog = ({ log }: { readonly log: number }): string => (manyLogs ? `${log}:` : '');
  const labels =
    [
      plain.map((lane) => ofLog(lane) + mediaNumber(lane.tag)),
      plain.map((lane) => ofLog(lane) + cut(ascii(lane.tag), LONGEST_LABEL)),
      plain.map((lane) => ofLog(lane) + branchLabel(lane)),
    ].find((each) => new Set(each).size === each.length && !each.includes('')) ?? plain.map((_, i) => `s${i + 1}`);
  return plain.map((lane, i) => ({ ...lane, label: labels[i] ?? '' }));
}

/** Branches differ at their ends, if at all: `z9hG4bK-` stands before each (RFC 3261 §8.1.1.7). */
function branchLabel({ branch, tag }: Omit<Lane, 'label'>): string {
  const name = ascii(branch ?? '-');
  const number = mediaNumber(tag);
  return (name.length > LONGEST_LABEL ? `~${name.slice(1 - LONGEST_LABEL)}` : name) + (number === '' ? '' : `;${number}`);
}

/** What a lane is of. */
export const laneWords = ({ tag, branch }: Omit<Lane, 'label' | 'log'>): string =>
  `tag ${ascii(tag)}${branch === null ? '' : `, branch ${ascii(branch)}`}`;

const mediaNumber = (tag: string): string => /;(\d{1,4})$/.exec(tag)?.[1] ?? '';
