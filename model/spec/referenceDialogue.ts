import { otherSide, SIDES, type Side } from '../session/side.js';

/** What a media line of a description says: `host:port`; a zero address, which is a hold; or port 0. */
export type Place = string | typeof HOLD | typeof OFF;
export const HOLD = 'hold';
export const OFF = 'off';

type Tag = string | null;

export type Said = {
  readonly verb: 'offer' | 'answer' | 'rollback' | 'delete';
  readonly from: Tag;
  readonly to: Tag;
  readonly branch: string | null;
  /** Of an offer: the network of whoever it goes to. Null: it does not say. */
  readonly network: string | null;
  /** Of an offer or answer, in the order of the media lines. */
  readonly lines: readonly Place[];
  /** Of a delete: it is for a SIP reply. */
  readonly isReply: boolean;
};

/** What is answered. `ports`: a name for the port of each media line, the same as long as the port is; null: it has none. */
export type Answered =
  | { readonly kind: 'ok'; readonly ports: readonly (string | null)[] }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string };

/** A line as it can be seen from outside. */
export type Seen = {
  readonly line: number;
  readonly branch: string | null;
  readonly tags: Readonly<Record<Side, Tag>>;
  /** Where packets for each side go; null: nowhere. */
  readonly sendsTo: Readonly<Record<Side, string | null>>;
  /** Names of the ports that face each side. */
  readonly ports: Readonly<Record<Side, string | null>>;
  /** The caller does not hear it, but another branch. */
  readonly isMuted: boolean;
};

/** What one side has said of a line. */
type Half = {
  /** What counts of it; null: it has not spoken. */
  said: Place | null;
  /** The last address among that, and when it was said. */
  address: string | null;
  saidAt: number;
  /** What it would like instead, and the other one has not agreed to yet. */
  wish: Place | null;
  /** The relay has the port that faces it. */
  hasPort: boolean;
  /** How often that was another one. */
  moves: number;
};

type Line = {
  readonly id: number;
  readonly number: number;
  endsAt: number | null;
  doubtedAt: number;
  isMuted: boolean;
  halves: Record<Side, Half>;
};
type Dialogue = { readonly branch: string | null; readonly tags: Record<Side, Tag>; network: string; lines: Line[] };

const SILENT: Half = { said: null, address: null, saidAt: 0, wish: null, hasPort: false, moves: 0 };
/** How long a dialogue is held of which it is in doubt whether it has ended. */
const TOLD_TWICE_MS = 2000;
const DOUBT_MS = 10_000;
const UNMATCHED = "Call-ID not found or tags didn't match";

const isBetween = ({ tags }: Dialogue, a: Tag, b: Tag): boolean =>
  SIDES.some((side) => tags[side] === a && tags[otherSide(side)] === b);
const isAgreed = ({ halves }: Line): boolean => SIDES.every((side) => halves[side].said !== null);
const waits = (line: Line, side: Side): boolean =>
  line.halves[side].wish !== null || (line.halves[side].said !== null && !isAgreed(line));

/**
 * A second description of what the dialogues of a call look like to whoever negotiates them with session descriptions: from the documentation of
 * offer, answer, rollback and delete, knowing nothing of how the relay decides. No packets come, so that nothing is learned and nobody is heard.
 */
export class ReferenceDialogues {
  #dialogues: Dialogue[] = [];
  #lines = 0;
  #nowMs = 1;
  readonly #standard: string;

  /** `standard`: the network of whoever is offered to where nothing is said. */
  constructor(standard: string) {
    this.#standard = standard;
  }

  /** Time passes. */
  wait(ms: number): void {
    this.#nowMs += ms;
    this.#keep(({ endsAt }) => endsAt === null || endsAt > this.#nowMs);
  }

  say(said: Said): Answered {
    if (said.verb === 'offer') return this.#offer(said);
    return said.verb === 'answer' ? this.#answer(said) : this.#end(said);
  }

  /** Every line of every dialogue. */
  seen(): Seen[] {
    return this.#dialogues.flatMap(({ branch, tags, lines }) =>
      lines.map((line) => ({
        ...{ line: line.number, branch, tags: { ...tags }, isMuted: line.isMuted },
        sendsTo: { caller: line.halves.caller.address, callee: line.halves.callee.address },
        ports: { caller: portOf(line, 'caller'), callee: portOf(line, 'callee') },
      })),
    );
  }

  /** Lines for which that does not hold are gone, and dialogues without lines; the dialogue with the oldest line stands first. */
  #keep(isLeft: (line: Line) => boolean): void {
    for (const dialogue of this.#dialogues) dialogue.lines = dialogue.lines.filter(isLeft);
    this.#dialogues = this.#dialogues.filter(({ lines }) => lines.length > 0);
    this.#dialogues.sort((a, b) => a.lines[0]!.id - b.lines[0]!.id);
  }

  #offer({ from, to, branch, lines, network }: Said): Answered {
    const found = this.#offeredIn(from, to, branch);
    const side: Side = found === undefined || found.tags.caller === from ? 'caller' : 'callee';
    const dialogue = found ?? { branch, tags: { caller: from, callee: to }, network: network ?? this.#standard, lines: [] };
    if (found === undefined) this.#dialogues.push(dialogue);
    else if (network !== null && network !== found.network && side === 'caller' && to === null)
      this.#offerElsewhere(found, network, lines);
    for (const line of dialogue.lines) this.#wish(line, side, lines[line.number - 1] ?? OFF, to !== null);
    const isMuted = dialogue.lines[0]?.isMuted ?? false;
    for (const [i, place] of lines.entries()) {
      if (place === OFF || dialogue.lines.some(({ number }) => number === i + 1)) continue;
      const halves = { caller: { ...SILENT }, callee: { ...SILENT } };
      const line: Line = { id: ++this.#lines, number: i + 1, endsAt: null, doubtedAt: 0, isMuted, halves };
      dialogue.lines.push(line);
      this.#take(line, side, place);
    }
    this.#keep(() => true);
    return passedOn(dialogue, side, lines);
  }

  /** It goes on to somebody else: of the party before nothing is left, nor what only that one has offered; and its ports are others. */
  #offerElsewhere(dialogue: Dialogue, network: string, lines: readonly Place[]): void {
    dialogue.network = network;
    dialogue.lines = dialogue.lines.filter(
      ({ number, halves }) => halves.caller.said !== null || (lines[number - 1] ?? OFF) !== OFF,
    );
    for (const { halves } of dialogue.lines) {
      halves.callee = { ...SILENT, hasPort: true, moves: halves.callee.moves + 1 };
      halves.caller.wish = null;
    }
  }

  /** Between these two, whoever began; else what the same party began with that branch, which a To tag can mean only before it is answered. */
  #offeredIn(from: Tag, to: Tag, branch: string | null): Dialogue | undefined {
    const between = to === null ? undefined : this.#dialogues.find((each) => isBetween(each, from, to));
    const begun = this.#dialogues.filter((each) => each.tags.caller === from && each.branch === branch);
    return between ?? begun.find(({ tags }) => to === null || tags.callee === null);
  }

  /** Before both sides have spoken what one says counts at once; after that it waits, unless it is nothing new, and said again it goes on waiting. */
  #wish(line: Line, side: Side, place: Place, isWithin: boolean): void {
    const half = line.halves[side];
    if (half.said === null && place === OFF) return;
    if (!isAgreed(line)) this.#take(line, side, place);
    else if (half.wish !== place) half.wish = isWithin || place !== half.said ? place : null;
    line.endsAt = null;
  }

  #answer({ from, to, branch, lines }: Said): Answered {
    if (this.#dialogues.length === 0 && lines.some((place) => place !== OFF)) return { kind: 'error', text: 'Unknown call-id' };
    if (this.#dialogues.length === 0) return { kind: 'ok', ports: lines.map(() => null) };
    const dialogue = this.#answeredIn(from, to, branch);
    if (dialogue === undefined) return { kind: 'error', text: 'Invalid dialogue association' };
    const side: Side = dialogue.tags.callee === from && dialogue.tags.caller === to ? 'caller' : 'callee';
    const placeOf = ({ number }: Line): Place => lines[number - 1] ?? OFF;
    const isOther = dialogue.tags[side] !== null && dialogue.tags[side] !== to;
    // What is refused ends; but where nothing would be left, what both have agreed on is on hold, and what they have not waits on.
    const taken = dialogue.lines.filter((line) => placeOf(line) !== OFF);
    const left = taken.length > 0 ? taken : dialogue.lines.filter(({ halves }) => halves[side].said !== null);
    for (const line of left) this.#agree(line, side, placeOf(line), isOther);
    if (left.length > 0) dialogue.tags[side] = to;
    if (left.length > 0) this.#keep((line) => !dialogue.lines.includes(line) || left.includes(line));
    for (const each of this.#dialogues)
      if (each.tags.caller === dialogue.tags.caller) for (const line of each.lines) line.isMuted = each !== dialogue;
    return passedOn(dialogue, side, lines);
  }

  /** `from` has offered. A dialogue of both tags comes first, then the branch, then who has not answered yet, then another party's answer. */
  #answeredIn(from: Tag, to: Tag, branch: string | null): Dialogue | undefined {
    const begun = this.#dialogues.filter(({ tags }) => tags.caller === from);
    const ofBranch = begun.filter((each) => each.branch === branch);
    return (
      ofBranch.find(({ tags }) => tags.callee === to) ??
      this.#dialogues.find((each) => isBetween(each, from, to)) ??
      ofBranch.find((each) => each.branch !== null) ??
      begun.find(({ tags }) => tags.callee === null) ??
      ofBranch[0]
    );
  }

  /** What the other side wanted counts now, and what this one says. Where another party speaks, from elsewhere, the one before is forgotten. */
  #agree(line: Line, side: Side, place: Place, isOther: boolean): void {
    const [own, other] = [line.halves[side], line.halves[otherSide(side)]];
    if (other.wish !== null) this.#take(line, otherSide(side), other.wish);
    if (isOther && own.said !== null && own.address !== place)
      line.halves[side] = { ...SILENT, hasPort: own.hasPort, moves: own.moves };
    this.#take(line, side, place);
    line.endsAt = null;
  }

  /** What a side says counts: it is sent to there, and the other one to the port that faces it. */
  #take({ halves }: Line, side: Side, place: Place): void {
    const half = halves[side];
    halves[otherSide(side)].hasPort = true;
    if (place !== HOLD && place !== OFF && place !== half.said) [half.address, half.saidAt] = [place, this.#nowMs];
    [half.said, half.wish] = [place, null];
  }

  #end(said: Said): Answered {
    const isRollback = said.verb === 'rollback';
    const offered = isRollback ? this.#offeredIn(said.from, said.to, said.branch) : undefined;
    const named = offered === undefined ? this.#meant(said) : [offered];
    const meant = named.length > 0 || isRollback ? named : this.#stranger(said);
    if (isRollback && this.#dialogues.length === 0) return { kind: 'error', text: 'Unknown call-ID' };
    if (meant.length === 0) return isRollback ? { kind: 'error', text: UNMATCHED } : { kind: 'warning', text: UNMATCHED };
    for (const dialogue of meant) {
      if (isRollback) this.#rollBack(dialogue, said);
      else this.#delete(dialogue, said);
      this.#hearAnother(dialogue);
    }
    return { kind: 'ok', ports: [] };
  }

  /** A known branch alone; else by the tags, where a party that nobody knows is one that has failed, of the only dialogue without an answer. */
  #meant({ from, to, branch }: Said): Dialogue[] {
    const isOf = ({ tags }: Dialogue): boolean =>
      from === null || Object.values(tags).some((tag) => tag !== null && (tag === from || tag === to));
    const ofParty = this.#dialogues.filter(isOf);
    const ofBranch = ofParty.filter((each) => branch !== null && each.branch === branch);
    if (ofBranch.length > 0) return ofBranch;
    // Another branch than that which is named does not end without its tags.
    const unnamed = ofParty.filter((each) => branch === null || each.branch === null);
    if (to === null) return unnamed;
    const between = this.#dialogues.filter((each) =>
      from === null ? Object.values(each.tags).includes(to) : isBetween(each, from, to),
    );
    if (between.length > 0) return between;
    const unanswered = unnamed.filter(({ tags }) => tags.callee === null);
    return unanswered.length === 1 ? unanswered : [];
  }

  /** A branch that nobody knows may be the BYE of the only dialogue that its party has, if that is agreed on; which, time tells. */
  #stranger({ from, to, branch }: Said): Dialogue[] {
    const ofParty = this.#dialogues.filter(({ tags }) => from !== null && Object.values(tags).includes(from));
    return to === null && branch !== null && ofParty.length === 1 && ofParty[0]!.lines.some(isAgreed) ? ofParty : [];
  }

  #rollBack(dialogue: Dialogue, { from }: Said): void {
    if (!dialogue.lines.some(isAgreed)) this.#keep((line) => !dialogue.lines.includes(line));
    else this.#takeBack(dialogue, sidesOf(dialogue, from, SIDES));
  }

  /**
   * A reply ends no dialogue that is agreed on, but what it refuses; where it is not clear what has ended, time tells. Said again when some of it
   * has passed, it is meant.
   */
  #delete(dialogue: Dialogue, { from, to, branch, isReply }: Said): void {
    const { tags, lines } = dialogue;
    const isStranger = to === null && branch !== null && dialogue.branch !== null && dialogue.branch !== branch;
    const offered = lines.some(isAgreed) ? SIDES.filter((side) => lines.some((line) => waits(line, side))) : [];
    const isOurs = to === null ? from !== null && Object.values(tags).includes(from) : isBetween(dialogue, from, to);
    const isAgain = lines.some(({ endsAt, doubtedAt }) => endsAt !== null && this.#nowMs - doubtedAt > TOLD_TWICE_MS);
    const isInDoubt = isOurs && lines.some(isAgreed) && (isReply || offered.length > 0) && !isAgain;
    if (isOurs && isReply && offered.length > 0 && !isStranger) this.#takeBack(dialogue, sidesOf(dialogue, from, offered));
    else if (isStranger || isInDoubt) for (const line of lines) this.#doubt(line);
    else this.#keep((line) => !lines.includes(line));
  }

  #doubt(line: Line): void {
    if (line.endsAt === null) line.doubtedAt = this.#nowMs;
    line.endsAt = Math.min(line.endsAt ?? Infinity, this.#nowMs + DOUBT_MS);
  }

  /** What these sides have offered is given up: a change of a line, or the line. */
  #takeBack({ lines }: Dialogue, sides: readonly Side[]): void {
    const isNew = (line: Line): boolean => !isAgreed(line) && sides.some((side) => waits(line, side));
    const added = lines.filter(isNew);
    for (const { halves } of lines) for (const side of sides) halves[side].wish = null;
    this.#keep((line) => !added.includes(line));
  }

  /** Where no branch of the caller is heard any more, the one is that has named its address last. */
  #hearAnother({ tags }: Dialogue): void {
    const branches = this.#dialogues.filter((each) => each.tags.caller === tags.caller);
    const lines = branches
      .flatMap((each) => each.lines)
      .filter(({ halves, endsAt }) => halves.callee.saidAt > 0 && endsAt === null);
    if (lines.length === 0 || lines.some(({ isMuted }) => !isMuted)) return;
    const last = lines.reduce((best, line) => (line.halves.callee.saidAt >= best.halves.callee.saidAt ? line : best));
    for (const line of branches.find((each) => each.lines.includes(last))!.lines) line.isMuted = false;
  }
}

/** Whose offer a refusal means: that of the From tag, where that side has one; else any. */
function sidesOf({ tags }: Dialogue, from: Tag, offered: readonly Side[]): readonly Side[] {
  const named = offered.filter((side) => tags[side] === from);
  return named.length > 0 ? named : offered;
}

const portOf = ({ id, halves }: Line, side: Side): string | null =>
  halves[side].hasPort ? `${id} ${side} ${halves[side].moves}` : null;

function passedOn({ lines: present }: Dialogue, speaker: Side, lines: readonly Place[]): Answered {
  const nameOf = (place: Place, i: number): string | null => {
    const line = place === OFF ? undefined : present.find(({ number }) => number === i + 1);
    return line === undefined ? null : portOf(line, otherSide(speaker));
  };
  return { kind: 'ok', ports: lines.map(nameOf) };
}
