import { connectionsOf, type Fate, fatesOf } from './fates.js';
import { textOf } from './lines.js';
import type { RewriteSdp, Sdp, SdpLine } from './sdp.js';
import { rejectedSection, relayedSection } from './section.js';
import { rewrittenSession } from './session.js';
import { type Wishes, wishesOf } from './wishes.js';

export const rewriteSdp: RewriteSdp = (sdp, plan) => {
  const wishes = wishesOf(plan);
  const fates = fatesOf(sdp, plan, wishes);
  const { session, added } = connectionsOf(sdp, fates);
  const end = lineEndOf(sdp);
  const writer = new Writer(end);
  writer.write(rewrittenSession(sdp, plan, wishes, { connection: session, gone: refusedMids(sdp, fates), end }));
  const mids = plan.generateMid ? newMids(sdp, fates) : null;
  for (const [i, fate] of fates.entries()) {
    const given = { connection: added[i] ?? null, mid: mids?.[i] ?? null, end };
    writer.write(rewrittenSection(sdp, i, fate, wishes, given));
  }
  return writer.finish(lastLine(sdp).end);
};

function rewrittenSection(
  { sections, media }: Sdp,
  i: number,
  fate: Fate,
  wishes: Wishes,
  given: { readonly connection: string | null; readonly mid: string | null; readonly end: string },
): readonly SdpLine[] {
  const lines = sections[i]!;
  if (fate.kind === 'relayed') return relayedSection(media[i]!, fate, wishes, given);
  if (fate.kind === 'rejected') return rejectedSection(lines, wishes);
  if (given.connection === null) return lines;
  const at = lines[1]?.type === 'i' ? 2 : 1;
  return [...lines.slice(0, at), { type: 'c', value: given.connection, end: given.end }, ...lines.slice(at)];
}

/** Those of sections that are rejected now, unless others that are not go by the same. */
function refusedMids({ media }: Sdp, fates: readonly Fate[]): Set<string> {
  const gone = new Set<string>();
  for (const [i, { mid }] of media.entries()) if (mid !== null && fates[i]!.kind === 'rejected') gone.add(mid);
  if (gone.size === 0) return gone;
  for (const [i, { mid, isRejected }] of media.entries())
    if (mid !== null && !isRejected && fates[i]!.kind !== 'rejected') gone.delete(mid);
  return gone;
}

/** For relayed sections without `a=mid`: their numbers, from 0, or the next that is free. Null: it has one, or needs none. */
function newMids({ media }: Sdp, fates: readonly Fate[]): (string | null)[] {
  const taken = new Set(media.map(({ mid }) => mid));
  let next = media.length;
  return media.map(({ mid }, i) => {
    if (mid !== null || fates[i]!.kind !== 'relayed') return null;
    let name = String(i);
    while (taken.has(name)) name = String(next++);
    taken.add(name);
    return name;
  });
}

const lineEndOf = ({ session }: Sdp): string => (session[0]!.end.endsWith('\n') ? session[0]!.end : '\r\n');
const lastLine = ({ sections }: Sdp): SdpLine => sections.at(-1)!.at(-1)!;

/** Puts lines together. What was the last line has an end if others follow it now, and what is the last one now has the end that it had. */
class Writer {
  #text = '';

  constructor(private readonly end: string) {}

  write(lines: readonly SdpLine[]): void {
    for (const line of lines) this.#text += line.end.endsWith('\n') ? textOf(line) : textOf({ ...line, end: this.end });
  }

  finish(lastEnd: string): string {
    if (lastEnd.endsWith('\n')) return this.#text;
    let end = this.#text.length - 1;
    while (end > 0 && this.#text[end - 1] === '\r') end--;
    return this.#text.slice(0, end) + lastEnd;
  }
}
