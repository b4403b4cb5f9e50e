import { SIDES, type Side } from '../../model/session/side.js';
import { legOf } from '../../src/media/streams.js';
import type { RecorderNotice, RecorderOrder, RecordingPlace } from '../../src/relay/recording/orders.js';
import type { RecorderPort } from '../../src/relay/session/recorders.js';

export type OpenOrder = Extract<RecorderOrder, { kind: 'open' }>;

/** A recording as the recorder knows it. */
export type Kept = {
  /** As it was opened last. */
  order: OpenOrder;
  sides: readonly Side[];
  files: readonly string[];
  /** How many packets it has of each stream. */
  readonly packets: [number, number, number, number];
};

/** Every so often it has no room for a packet. */
const NO_ROOM_EVERY = 7;

/** A recorder whose files are lines of a table. It notes what it is told and does not fit what it was told before. */
export class TableRecorder {
  /** Place → what is recorded. */
  readonly open = new Map<string, Kept>();
  /** What it was told that makes no sense. */
  readonly wrong: string[] = [];
  /** What it has to say, and has not said yet; taken out by whoever passes it on. */
  readonly notices: RecorderNotice[] = [];
  /** Who is told that there is something. */
  onNotice: () => void = () => {};
  taken = 0;
  /** Packets for which it had no room. */
  refused = 0;
  /** Session, recording and stream → the same since whoever looks has cleared it. */
  readonly refusals = new Map<string, number>();
  /** Shard and number → what the packets of that number belong to. */
  readonly #numbers = new Map<string, Kept>();
  #offered = 0;

  /** The way of a shard to it. */
  portOf(shard: number): RecorderPort {
    return {
      order: (order) => this.#carryOut(shard, order),
      packet: (number, stream) => this.#take(shard, number, stream),
    };
  }

  /** It has died, and knows nothing any more; files stay. */
  forget(): void {
    this.open.clear();
    this.#numbers.clear();
    this.notices.length = 0;
  }

  /** It cannot write a recording any more. */
  fail(kept: Kept): void {
    this.#say({ kind: 'failed', place: kept.order.place, path: '/recordings/full', reason: 'ENOSPC' });
  }

  #say(notice: RecorderNotice): void {
    this.notices.push(notice);
    this.onNotice();
  }

  #carryOut(shard: number, order: RecorderOrder): void {
    if (order.kind === 'open') {
      this.#open(shard, order);
      return;
    }
    const at = `${shard}/${order.number}`;
    const kept = this.#numbers.get(at);
    if (kept === undefined) this.wrong.push(`${order.kind} of recording ${at}, which is not open`);
    else if (order.kind === 'narrow') {
      const more = order.sides.filter((side) => !kept.sides.includes(side));
      if (more.length > 0 || order.sides.length === 0) this.wrong.push(`${kept.sides} is narrowed to ${order.sides}`);
      kept.sides = order.sides;
    } else {
      this.#numbers.delete(at);
      this.open.delete(keyOf(kept.order.place));
      this.#say(doneOf(kept));
    }
  }

  #open(shard: number, order: OpenOrder): void {
    const { place, files } = order;
    const known = this.open.get(keyOf(place));
    if (place.shard !== shard) this.wrong.push(`shard ${shard} opens a recording of shard ${place.shard}`);
    if (known !== undefined && sameOf(known.order) !== sameOf(order))
      this.wrong.push(`${sameOf(known.order)} becomes ${sameOf(order)}`);
    const kept: Kept = known ?? { order, sides: order.sides, files, packets: [0, 0, 0, 0] };
    const before = `${shard}/${kept.order.number}`;
    if (this.#numbers.get(before) === kept) this.#numbers.delete(before);
    // With fewer sides it comes again, and is narrowed then.
    kept.order = order;
    kept.files = filesOf(order, kept.files);
    this.open.set(keyOf(place), kept);
    this.#numbers.set(`${shard}/${order.number}`, kept);
    this.#say({ kind: 'opened', place, files: kept.files });
  }

  #take(shard: number, number: number, stream: 0 | 1 | 2 | 3): boolean {
    const kept = this.#numbers.get(`${shard}/${number}`);
    const side = SIDES[legOf(stream)]!;
    const isWanted = kept?.sides.includes(side) === true && ((stream & 1) === 0 || kept.order.rtcp);
    if (!isWanted) this.wrong.push(`a packet of stream ${stream} for recording ${shard}/${number}, which is not of it`);
    this.#offered++;
    if (this.#offered % NO_ROOM_EVERY === 0) {
      this.refused++;
      if (kept !== undefined) {
        const key = `${kept.order.place.session} ${kept.order.place.id} ${stream}`;
        this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
      }
      return false;
    }
    this.taken++;
    if (kept !== undefined) kept.packets[stream]++;
    return true;
  }
}

export const keyOf = ({ shard, session, call, id }: RecordingPlace): string => `${shard}/${session} ${call} ${id}`;

/** What of a recording never changes. */
const sameOf = ({ tag, name, form, single, rtcp, startedAt }: OpenOrder): string =>
  JSON.stringify({ tag, name, form, single, rtcp, startedAt });

/** One file for each side, besides those that there are. */
function filesOf({ place, tag, name, sides, files }: OpenOrder, known: readonly string[]): readonly string[] {
  const stem = name ?? `${place.call}=${tag}`;
  return [...new Set([...files, ...known, ...sides.map((side) => `${stem}.${place.id}.${side}.rtp`)])];
}

function doneOf({ order, files, packets }: Kept): RecorderNotice {
  const total = packets.reduce((sum, count) => sum + count, 0);
  return {
    ...{ kind: 'done', place: order.place, startedAt: order.startedAt, durationMs: 20 * total, packets: total },
    files: files.map((path) => ({ path: `/recordings/${path}`, packets: total, bytes: total * 42 })),
  };
}
