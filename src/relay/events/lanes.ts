import { ascii, cut } from './words.js';

/** The sessions of one From tag of a call, one after the other: what one media stream went through, also over a crash. */
export type Lane = {
  /** The log that tells of it. */
  readonly log: number;
  /** With its `;N` media number, if it has one. */
  readonly tag: string;
  /** Tells it apart from the other lanes of the call, in a few letters of ASCII. Empty: there is no other. */
  readonly label: string;
};

const LONGEST_LABEL = 8;

/** Gives lanes the shortest names that differ: the media number, or else the tag. */
export function labelled(lanes: readonly Lane[]): Lane[] {
  const plain = lanes.map(({ log, tag }) => ({ log, tag }));
  if (plain.length < 2) return plain.map((lane) => ({ ...lane, label: '' }));
  const manyLogs = new Set(plain.map(({ log }) => log)).size > 1;
  const ofLog = ({ log }: { readonly log: number }): string => (manyLogs ? `${log}:` : '');
  const labels =
    [
      plain.map((lane) => ofLog(lane) + mediaNumber(lane.tag)),
      plain.map((lane) => ofLog(lane) + cut(ascii(lane.tag), LONGEST_LABEL)),
    ].find((each) => new Set(each).size === each.length && !each.includes('')) ?? plain.map((_, i) => `s${i + 1}`);
  return plain.map((lane, i) => ({ ...lane, label: labels[i] ?? '' }));
}

const mediaNumber = (tag: string): string => /;(\d{1,4})$/.exec(tag)?.[1] ?? '';
