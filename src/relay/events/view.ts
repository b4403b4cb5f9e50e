import { asciiJson } from './difference.js';
import type { FoldedSession } from './fold.js';
import type { LogEntry } from './logEntry.js';
import type { DecisionSetting, StepRecord } from './record.js';
import { describeRedecision, redecide } from './redecide.js';
import { type RecordEntry, Replay } from './replay.js';
import { describeHead, describeRecord, printableText } from './timeline.js';

/** What is told of a log. */
export type ViewOptions = {
  /** Every record; otherwise only what is wrong. */
  readonly everything: boolean;
  /** One JSON object a line, instead of words. */
  readonly asJson: boolean;
  /** How many events, sessions and broken rules there were, at the end. */
  readonly checks: boolean;
  /** Commands are decided anew, and what comes out otherwise than it did is told. */
  readonly redecides: boolean;
  /** Only the sessions of this Call-ID; no record of another call need come. Null: all. */
  readonly call: string | null;
  /** Only what happened between these times, milliseconds; what is wrong is told all the same. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Names of the logs in their order; empty where there is only one. */
  readonly nodes: readonly string[];
  /** Session descriptions are told line by line. */
  readonly descriptions?: boolean;
  readonly formatTime: (at: number) => string;
  /** Takes a line of the answer, */
  readonly tell: (line: string) => void;
  /** and one that does not belong among JSON objects. */
  readonly complain: (line: string) => void;
};

/** Replays logs entry by entry, and tells what it is asked to tell. */
export class ReplayView {
  readonly #options: ViewOptions;
  readonly #replay: Replay;
  /** By the path of the segment. */
  readonly #settings = new Map<string, DecisionSetting>();
  /** Records of calls that were asked for, and those of them that were told. */
  #ofCalls = 0;
  #told = 0;
  #problems = 0;
  #wrong = 0;
  #commands = 0;
  #differing = 0;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#replay = new Replay({ nodes: options.nodes, isWhole: options.call === null });
  }

  /** Never throws: what is wrong with an entry is told. */
  take(entry: LogEntry): void {
    if (entry.kind === 'segment') {
      const { setting } = entry.header;
      if (setting !== undefined) this.#settings.set(entry.path, setting);
    } else if (entry.kind === 'problem') {
      this.#problems++;
      this.#report({ problem: entry.text, path: entry.path, offset: entry.offset }, `${entry.path} ${entry.text}`);
    } else this.#takeRecord(entry);
  }

  #takeRecord(entry: RecordEntry): void {
    const { before, broken } = this.#replay.take(entry.record, entry);
    if (this.#isAsked(entry, before)) {
      try {
        if (this.#options.everything) this.#tellRecord(entry, before);
        if (this.#options.redecides && entry.record.kind === 'step') this.#redecide(entry, entry.record, before);
      } catch (error) {
        this.#reportRule(entry, `cannot be told: ${(error as Error).message}`);
      }
    }
    for (const rule of broken) this.#reportRule(entry, rule);
  }

  #isAsked({ record }: RecordEntry, before: FoldedSession | null): boolean {
    const { call, fromMs, untilMs } = this.#options;
    if ('call' in record) {
      if (call !== null && record.call !== call) return false;
      this.#ofCalls++;
    } else if (call !== null && before?.call !== call) return false;
    return record.at >= fromMs && record.at <= untilMs;
  }

  #tellRecord(entry: RecordEntry, before: FoldedSession | null): void {
    const { record, log, run, path, offset } = entry;
    const { asJson, tell, formatTime, descriptions = false } = this.#options;
    if (asJson) tell(asciiJson({ ...record, log, run, path, offset }));
    else {
      const shard = this.#replay.nameOf(log, record.shard);
      for (const line of describeRecord(record, formatTime, { shard, before, descriptions })) tell(line);
    }
    if ('call' in record) this.#told++;
  }

  #redecide({ log, run, path, offset }: RecordEntry, record: StepRecord, before: FoldedSession | null): void {
    const { asJson, tell, formatTime } = this.#options;
    this.#commands++;
    const differs = redecide(before?.snapshot.context ?? null, record, this.#settings.get(path) ?? null);
    if (differs === null) return;
    this.#differing++;
    if (asJson) tell(asciiJson({ redecision: differs, of: { ...record, log, run, path, offset } }));
    else {
      const head = describeHead(record, formatTime, this.#replay.nameOf(log, record.shard));
      for (const line of describeRedecision(record, differs, head)) tell(line);
    }
  }

  #reportRule({ record, log, run, path, offset }: RecordEntry, rule: string): void {
    this.#wrong++;
    this.#report({ problem: rule, path, offset, log, run, shard: record.shard, seq: record.seq }, rule);
  }

  #report(json: Readonly<Record<string, unknown>>, text: string): void {
    const { asJson, tell, complain } = this.#options;
    if (asJson) tell(asciiJson(json));
    (asJson ? complain : tell)(`! ${printableText(text)}`);
  }

  /** Whether everything so far was as it should be. */
  get isSound(): boolean {
    return this.#problems + this.#wrong + this.#differing === 0;
  }

  /** The log has ended: tells what can be told only then. */
  end(): void {
    const { everything, asJson, checks, redecides, call, tell, complain } = this.#options;
    const close = asJson ? complain : tell;
    if (everything && this.#ofCalls === 0)
      close(call === null ? 'no calls in this log' : `no call ${printableText(call)} in this log`);
    else if (everything && this.#told === 0) close('no call did anything at that time');
    if (checks) {
      const { events, sessions, broken } = this.#replay.totals;
      const damage = this.#problems > 0 ? `, ${count(this.#problems, 'problem')} in the files` : '';
      close(`${count(events, 'event')}, ${count(sessions, 'session')}, ${count(broken, 'rule')} broken${damage}`);
    }
    if (redecides) close(`${count(this.#commands, 'command')}, ${this.#differing} differ`);
  }
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
