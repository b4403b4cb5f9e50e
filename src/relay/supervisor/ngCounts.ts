import type { ShardCounter } from '../../media/counters.js';
import { NG_COMMANDS, type NgCommand } from '../../protocol/ng/request.js';
import type { NgDictionary, NgValue } from '../../protocol/ng/value.js';
import { MOST_NG_CLIENTS, type NgClientRow } from '../ng/clientTable.js';
import { ngCounter } from '../ng/ngCounters.js';

/** What rtpengine calls the counters of the commands. */
const NAMES: Readonly<Record<NgCommand, string>> = {
  ping: 'pingcount',
  offer: 'offercount',
  answer: 'answercount',
  rollback: 'rollbackcount',
  delete: 'deletecount',
  query: 'querycount',
  list: 'listcount',
  statistics: 'statistics',
  'start recording': 'startreccount',
  'stop recording': 'stopreccount',
  'pause recording': 'pausereccount',
  'play media': 'playmedia',
  'stop media': 'stopmedia',
  'play DTMF': 'playdtmf',
  'block media': 'blkmedia',
  'unblock media': 'unblkmedia',
  'silence media': 'silencemedia',
  'unsilence media': 'unsilencemedia',
  'block DTMF': 'blkdtmfcount',
  'unblock DTMF': 'unblkdtmfcount',
  'subscribe request': 'subscriberequest',
  'subscribe answer': 'subscribeanswer',
  unsubscribe: 'unsubscribe',
  events: 'eventscount',
};

/** What the main thread answers by itself: errors of all else are counted where the call is. */
const OF_MAIN: ReadonlySet<NgCommand> = new Set(['ping', 'list', 'statistics', 'events']);

/** A request that is being carried out. */
export type NgBegun = { readonly client: string; readonly command: NgCommand; readonly atMs: number };

class ClientCounts {
  readonly byCommand = new Map<NgCommand, number>();
  errors = 0;
}

class Delays {
  count = 0;
  sumMs = 0;
  minMs = 0;
  maxMs = 0;

  add(ms: number): void {
    this.minMs = this.count === 0 ? ms : Math.min(this.minMs, ms);
    this.maxMs = Math.max(this.maxMs, ms);
    this.sumMs += ms;
    this.count++;
  }
}

/** Commands of which it is told how fast they come, and how long they take. */
const TIMED = ['offer', 'answer', 'delete'] as const;
type TimedCommand = (typeof TIMED)[number];

/** How often a second something happens, interval by interval. */
class Rates {
  min = 0;
  max = 0;
  /** Of the last interval. */
  last = 0;
  #intervals = 0;
  #count = 0;

  /** `count`: so often so far. `spanMs`: since it was asked last. */
  measure(count: number, spanMs: number): this {
    this.last = Math.round(((count - this.#count) * 1000) / spanMs);
    this.min = this.#intervals === 0 ? this.last : Math.min(this.min, this.last);
    this.max = Math.max(this.max, this.last);
    this.#intervals++;
    this.#count = count;
    return this;
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(6);

/** Requests of the NG protocol, counted by client and command. */
export class NgCounts {
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  readonly #clients = new Map<string, ClientCounts>();
  readonly #all = new Map<NgCommand, number>();
  readonly #delays = { offer: new Delays(), answer: new Delays(), delete: new Delays() };
  readonly #rates = new Map<TimedCommand, Rates>(TIMED.map((command) => [command, new Rates()]));
  readonly #sessions = { min: 0, max: 0 };
  /** Errors that no media thread has counted. */
  #ownErrors = 0;
  /** When `statistics` was asked last; null: never. */
  #askedAtMs: number | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
  }

  begin(client: string, command: NgCommand): NgBegun {
    for (const counts of [this.#all, this.#of(client)?.byCommand]) counts?.set(command, (counts.get(command) ?? 0) + 1);
    return { client, command, atMs: this.#nowMs() };
  }

  end({ client, command, atMs }: NgBegun, reply: string): void {
    if (isError(reply)) this.#countError(client, OF_MAIN.has(command));
    if (command === 'offer' || command === 'answer' || command === 'delete') this.#delays[command].add(this.#nowMs() - atMs);
  }

  /** A request that was no request, or was refused. */
  wrong(client: string): void {
    this.#countError(client, true);
  }

  #countError(client: string, isOwn: boolean): void {
    if (isOwn) this.#ownErrors++;
    const counts = this.#of(client);
    if (counts !== null) counts.errors++;
  }

  /**
   * The answer to `statistics`, with rtpengine's keys. What is counted by command or client includes what media threads answer by sockets of their
   * own (`others`: by client); delays are of what the main thread saw. An interval is the time since the last `statistics`; rates are of that.
   */
  statistics(sum: (counter: ShardCounter) => number, others: readonly NgClientRow[]): NgDictionary {
    const nowMs = this.#nowMs();
    return {
      currentstatistics: currentOf(sum),
      totalstatistics: totalsOf(sum, nowMs - this.#startedAtMs),
      intervalstatistics: this.#intervals(sum, nowMs),
      controlstatistics: this.#control(sum, others),
    };
  }

  #of(client: string): ClientCounts | null {
    const known = this.#clients.get(client);
    if (known !== undefined || this.#clients.size >= MOST_NG_CLIENTS) return known ?? null;
    const counts = new ClientCounts();
    this.#clients.set(client, counts);
    return counts;
  }

  #intervals(sum: (counter: ShardCounter) => number, nowMs: number): NgDictionary {
    const spanMs = Math.max(1, nowMs - (this.#askedAtMs ?? this.#startedAtMs));
    const sessions = sum('sessionsActive');
    this.#sessions.min = this.#askedAtMs === null ? sessions : Math.min(this.#sessions.min, sessions);
    this.#sessions.max = Math.max(this.#sessions.max, sessions);
    this.#askedAtMs = nowMs;
    const told: Record<string, NgValue> = {
      totalcallsduration: seconds(sum('secondsOfSessions') * 1000),
      minmanagedsessions: this.#sessions.min,
      maxmanagedsessions: this.#sessions.max,
    };
    for (const command of TIMED) {
      const { count, sumMs, minMs, maxMs } = this.#delays[command];
      told[`min${command}delay`] = seconds(minMs);
      told[`max${command}delay`] = seconds(maxMs);
      told[`avg${command}delay`] = seconds(count === 0 ? 0 : sumMs / count);
      const { min, max, last } = this.#rates.get(command)!.measure(this.#total(command, sum), spanMs);
      told[`min${command}requestrate`] = min;
      told[`max${command}requestrate`] = max;
      told[`avg${command}requestrate`] = last;
    }
    return told;
  }

  #total(command: NgCommand, sum: (counter: ShardCounter) => number): number {
    const counter = ngCounter(command);
    return (this.#all.get(command) ?? 0) + (counter === null ? 0 : sum(counter));
  }

  #control(sum: (counter: ShardCounter) => number, others: readonly NgClientRow[]): NgDictionary {
    const own = [...this.#clients].map(([client, { byCommand, errors }]) => ({ client, byCommand, errors }));
    const told: Record<string, NgValue> = { proxies: addUp([...own, ...others]).map(formatRow) };
    for (const command of NG_COMMANDS) told[`total${NAMES[command]}`] = this.#total(command, sum);
    told['totalothercount'] = sum('ngOthers');
    told['totalerrorcount'] = this.#ownErrors + sum('ngErrors');
    told['totalduplicatecount'] = sum('ngDuplicates');
    return told;
  }
}

function formatRow({ client, byCommand, errors }: NgClientRow): NgDictionary {
  const row: Record<string, NgValue> = { proxy: client };
  for (const command of NG_COMMANDS) row[NAMES[command]] = byCommand.get(command) ?? 0;
  row['errorcount'] = errors;
  return row;
}

/** One row a client, whoever has counted it: as many as are counted at all. */
function addUp(rows: Iterable<NgClientRow>): NgClientRow[] {
  const sums = new Map<string, NgClientRow>();
  for (const row of rows) {
    const sum = sums.get(row.client);
    if (sum === undefined && sums.size >= MOST_NG_CLIENTS) continue;
    const byCommand = new Map(sum?.byCommand);
    for (const [command, count] of row.byCommand) byCommand.set(command, (byCommand.get(command) ?? 0) + count);
    sums.set(row.client, { client: row.client, byCommand, errors: (sum?.errors ?? 0) + row.errors });
  }
  return [...sums.values()];
}

const isError = (reply: string): boolean => reply.includes('6:result5:error') || reply.includes('"result":"error"');

const currentOf = (sum: (counter: ShardCounter) => number): NgDictionary => ({
  sessionsown: sum('sessionsActive'),
  sessionsforeign: 0,
  sessionstotal: sum('sessionsActive'),
  transcodedmedia: 0,
  packetrate: Math.round(sum('relayedPerSecond')),
  byterate: Math.round(sum('bytesPerSecond')),
  errorrate: Math.round(sum('errorsPerSecond')),
  media_userspace: sum('sessionsActive'),
  media_kernel: 0,
  media_mixed: 0,
});

const totalsOf = (sum: (counter: ShardCounter) => number, upMs: number): NgDictionary => ({
  uptime: String(Math.floor(upMs / 1000)),
  managedsessions: sum('sessionsOpened'),
  rejectedsessions: sum('sessionsRefused'),
  timeoutsessions: sum('sessionsTimedOut'),
  silenttimeoutsessions: 0,
  finaltimeoutsessions: 0,
  offertimeoutsessions: 0,
  regularterminatedsessions: sum('sessionsClosed') - sum('sessionsTimedOut'),
  forcedterminatedsessions: 0,
  relayedpackets: sum('packetsRelayed'),
  relayedpacketerrors: sum('sendErrors'),
  relayedbytes: sum('bytesRelayed'),
  zerowaystreams: sum('sessionsWithoutRtp'),
  onewaystreams: sum('sessionsOneWayRtp'),
  avgcallduration: seconds(sum('sessionsClosed') === 0 ? 0 : (sum('secondsOfSessions') * 1000) / sum('sessionsClosed')),
});
