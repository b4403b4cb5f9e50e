import { evolve } from '../../../model/session/evolve.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import { INITIAL_STATE, type SessionState } from '../../../model/session/state.js';
import type { StreamAnalysis } from '../../media/stages/analyse.js';
import { exchangeRow } from './exchangeRow.js';
import { Fold, type FoldedSession } from './fold.js';
import { type Lane, labelled } from './lanes.js';
import {
  analysisOf,
  countsSoFar,
  END_ROWS,
  firstPacketRow,
  lastPacketRows,
  type Row,
  recordingRow,
  refusedRow,
  rowOf,
  snapshotRows,
} from './momentRows.js';
import type { ExchangeRecord, RecordingRecord, SampleRecord, SessionSample, SnapshotRecord, StepRecord } from './record.js';
import { type Story, sessionKey, shardKey, type ToldRecord } from './story.js';

/** One thing that happened, in the order in which it is told. */
export type Moment = {
  readonly at: number;
  /** Whose; null: of the call as a whole. */
  readonly lane: number | null;
  /** How a ladder shows it; empty where it only counts on. */
  rows: readonly Row[];
  /** The session after it, as `Fold` knows it; null: it changed nothing, or what was before is not known. */
  readonly after: FoldedSession | null;
  /** What tells of it; null: it was concluded from a sample. */
  readonly told: ToldRecord | null;
};

export type Retold = { readonly lanes: readonly Lane[]; readonly moments: readonly Moment[] };

/** A story as moments: what ladders and pages show, in one order and in the same words. Never throws. */
export function retell(story: Story): Retold {
  const teller = new Teller(story);
  for (const told of story.records) teller.take(told);
  teller.end();
  return { lanes: labelled(teller.lanes), moments: teller.moments };
}

/** What is known of a lane while it is told. */
type Course = Lane & {
  readonly label: '';
  run: number;
  sample: SessionSample | null;
  /** What was last found out about the RTP of each side. */
  heard: Record<Side, StreamAnalysis | null>;
  isUp: boolean;
  isUnknown: boolean;
};

/** Steps that one control command made, until its exchange is told. */
type Chain = { readonly first: Moment; lastSeq: number };

/** What nobody commanded: packets, timers, the relay itself. */
const UNASKED = new Set<string>(['NoteSource', 'NoteRefused', 'NoteUnreachable', 'CheckIdle', 'Recover', 'Close']);

type LaneName = Pick<Lane, 'tag' | 'branch'>;

const isNamed = (lane: LaneName, { tag, branch }: LaneName): boolean => lane.tag === tag && lane.branch === branch;

const nameIn = ({ tag, dialogue }: SessionState): LaneName => ({ tag, branch: dialogue?.branch ?? null });

/** `after`: null where nothing is known of the session; what the command says of it counts then. */
function nameOf({ command }: StepRecord, after: FoldedSession | null): LaneName {
  const state = after?.snapshot.context;
  if (state !== undefined && state.tag !== '') return nameIn(state);
  if (command.type === 'Negotiate') return { tag: command.opening?.tag ?? '', branch: command.opening?.dialogue.branch ?? null };
  return { tag: command.type === 'Signal' ? (command.opening?.tag ?? '') : '', branch: null };
}

class Teller {
  readonly lanes: Course[] = [];
  readonly moments: Moment[] = [];
  readonly #story: Story;
  readonly #folds = new Map<string, Fold>();
  readonly #laneOf = new Map<string, number>();
  readonly #chains = new Map<string, Chain>();

  constructor(story: Story) {
    this.#story = story;
  }

  take(told: ToldRecord): void {
    const { record } = told;
    switch (record.kind) {
      case 'step':
        this.#step(told, record);
        break;
      case 'exchange':
        this.#exchange(told, record);
        break;
      case 'sample':
        this.#sample(told, record);
        break;
      case 'snapshot':
        this.#snapshot(told, record);
        break;
      case 'recording':
        this.#recording(told, record);
        break;
      default: // Of the shard, not of a call.
    }
  }

  end(): void {
    for (const record of this.#story.live) this.#live(record);
    const lastAt = this.moments.at(-1)?.at ?? 0;
    for (const [i, lane] of this.lanes.entries()) {
      if (!lane.isUp) continue;
      const isLost = this.#story.live.length === 0 && this.#hasBegunAnew(lane.run);
      const rows = [isLost ? END_ROWS.lost : END_ROWS.up, ...(lane.sample === null ? [] : [countsSoFar(lane.sample)])];
      const moment: Moment = { at: lastAt, lane: i, rows, after: null, told: null };
      this.moments.push(moment);
      this.#tellLastPackets(i, moment, isLost ? 'last' : 'latest');
    }
  }

  /** Whether a later run of the relay is known. Of several nodes each has runs of its own, which the headers do not tell apart. */
  #hasBegunAnew(run: number): boolean {
    const logs = new Set(this.#story.records.map(({ log }) => log));
    return logs.size === 1 && this.#story.headers.some((header) => header.run > run);
  }

  #step(told: ToldRecord, record: StepRecord): void {
    const before = this.#foldOf(told).sessions.get(record.session);
    const after = this.#fold(told);
    const lane = this.#laneFor(told, nameOf(record, after));
    const course = this.lanes[lane]!;
    const rows: Row[] = [];
    if (after === null && !course.isUnknown) rows.push(END_ROWS.unknown);
    course.isUnknown = after === null;
    if (record.refusal !== undefined) rows.push(refusedRow(record));
    let state = before?.snapshot.context ?? INITIAL_STATE;
    try {
      for (const event of record.events) {
        rows.push(...rowOf(event, state, course.sample));
        state = evolve(state, event);
      }
    } catch {
      rows.push(END_ROWS.foreign); // Another version of the program may know more events.
    }
    const shown = this.#isToldAlready(rows) ? [] : rows;
    const moment: Moment = { at: record.at, lane, rows: shown, after: record.events.length > 0 ? after : null, told };
    this.#push(moment, UNASKED.has(record.command.type) ? null : record.seq);
    if (record.events.length === 0) return;
    course.isUp = state.closed === null;
    if (state.closed !== null) this.#forget(lane, moment);
  }

  /** A relay that died and is back has died for all sessions of a call at once. */
  #isToldAlready(rows: readonly Row[]): boolean {
    const [row] = rows;
    const last = this.moments.findLast(({ rows }) => rows.length > 0)?.rows[0];
    return rows.length === 1 && row?.kind === 'bar' && last?.kind === 'bar' && row.text === last.text;
  }

  /** Its command came before the steps that it made. */
  #exchange(told: ToldRecord, record: ExchangeRecord): void {
    const row = exchangeRow(record);
    const chain = this.#chains.get(shardKey(told));
    this.#chains.delete(shardKey(told));
    const isOfChain = chain !== undefined && chain.lastSeq + 1 === record.seq;
    if (isOfChain) {
      const at = Math.min(record.at, chain.first.at);
      this.moments.splice(this.moments.lastIndexOf(chain.first), 0, { at, lane: null, rows: [row], after: null, told });
      return;
    }
    // A client that asks again and again says nothing new.
    const last = this.moments.findLast(({ rows }) => rows.length > 0);
    const [asked] = last?.rows ?? [];
    if (row.kind === 'exchange' && asked?.kind === 'exchange' && asked.command === row.command && asked.reply === row.reply) {
      last!.rows = [{ ...row, times: asked.times + 1 }];
      return;
    }
    this.moments.push({ at: record.at, lane: null, rows: [row], after: null, told });
  }

  /** It may be complete after the session has ended. */
  #recording(told: ToldRecord, record: RecordingRecord): void {
    const lane = this.#laneOf.get(sessionKey(told) ?? '') ?? null;
    this.moments.push({ at: record.at, lane, rows: [recordingRow(record)], after: null, told });
  }

  #sample(told: ToldRecord, record: SampleRecord): void {
    const lane = this.#laneOf.get(sessionKey(told) ?? '');
    if (lane === undefined) return;
    const moment: Moment = { at: record.at, lane, rows: [], after: this.#fold(told), told };
    const chain = this.#chains.get(shardKey(told));
    if (chain !== undefined && chain.lastSeq + 1 === record.seq) chain.lastSeq = record.seq;
    this.moments.push(moment);
    this.#listen(lane, record.sample);
  }

  #snapshot(told: ToldRecord, record: SnapshotRecord): void {
    const named = nameIn(record.state);
    const isNew = !this.lanes.some((lane) => lane.log === told.log && isNamed(lane, named));
    const lane = this.#laneFor(told, named);
    const course = this.lanes[lane]!;
    const rows = isNew ? snapshotRows(record) : [];
    this.moments.push({ at: record.at, lane, rows, after: this.#fold(told), told });
    course.isUp = true;
    course.isUnknown = false;
    this.#listen(lane, record.sample);
  }

  #live(record: SnapshotRecord): void {
    const known = this.lanes.find((lane) => isNamed(lane, nameIn(record.state)));
    this.#snapshot({ record, log: known?.log ?? 0, run: known?.run ?? Number.MAX_SAFE_INTEGER }, record);
  }

  #foldOf(told: ToldRecord): Fold {
    const key = shardKey(told);
    const fold = this.#folds.get(key) ?? new Fold();
    this.#folds.set(key, fold);
    return fold;
  }

  /** Null where the log lacks what was before. */
  #fold(told: ToldRecord): FoldedSession | null {
    try {
      return this.#foldOf(told).take(told.record);
    } catch {
      return null;
    }
  }

  #laneFor(told: ToldRecord, named: LaneName): number {
    const key = sessionKey(told) ?? '';
    let lane = this.#laneOf.get(key);
    if (lane === undefined) lane = this.lanes.findIndex((each) => each.log === told.log && isNamed(each, named));
    if (lane < 0) {
      lane = this.lanes.length;
      const heard = { caller: null, callee: null };
      const start = { run: told.run, sample: null, heard, isUp: false, isUnknown: false };
      this.lanes.push({ log: told.log, ...named, label: '', ...start });
    }
    this.#laneOf.set(key, lane);
    this.lanes[lane]!.run = told.run;
    return lane;
  }

  /** `seq`: of a step that a control command made. */
  #push(moment: Moment, seq: number | null): void {
    this.moments.push(moment);
    const key = shardKey(moment.told!);
    const chain = this.#chains.get(key);
    if (seq === null) this.#chains.delete(key);
    else if (chain !== undefined && chain.lastSeq + 1 === seq) chain.lastSeq = seq;
    else this.#chains.set(key, { first: moment, lastSeq: seq });
  }

  #listen(lane: number, sample: SessionSample): void {
    const course = this.lanes[lane]!;
    course.sample = sample;
    for (const side of SIDES) {
      const found = analysisOf(sample, side);
      if (found === null) continue;
      const isFirst = course.heard[side]?.firstAtMs !== found.firstAtMs;
      course.heard[side] = found;
      if (isFirst) this.#insert(found.firstAtMs, lane, [firstPacketRow(side, found)], null);
    }
  }

  #forget(lane: number, closed: Moment): void {
    const course = this.lanes[lane]!;
    this.#tellLastPackets(lane, closed, 'last');
    course.sample = null;
    course.heard = { caller: null, callee: null };
  }

  #tellLastPackets(lane: number, before: Moment, word: string): void {
    for (const side of SIDES) {
      const found = this.lanes[lane]!.heard[side];
      if (found !== null) this.#insert(found.lastAtMs, lane, lastPacketRows(side, word, found), before);
    }
  }

  /** Puts what a sample told where it belongs in time, and before the moment that it must not follow. */
  #insert(at: number, lane: number, rows: readonly Row[], before: Moment | null): void {
    let i = before === null ? this.moments.length : this.moments.lastIndexOf(before);
    while (i > 0 && this.moments[i - 1]!.at > at) i--;
    this.moments.splice(i, 0, { at, lane, rows, after: null, told: null });
  }
}
