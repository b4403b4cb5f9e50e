import { isDeepStrictEqual } from 'node:util';
import { SIDES } from '../../model/session/side.js';
import type { Death, Driver } from '../../model/spec/driver.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import { rowOf } from '../../src/media/streams.js';
import type { Fold } from '../../src/relay/events/fold.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';
import { legIndexOf } from '../../src/relay/session/session.js';
import { START_MS } from '../property/pureRelay.js';
import { seededRandom } from '../property/random.js';
import { keyOf, type TableRecorder } from '../property/tableRecorder.js';
import { ControlClient } from './controlClient.js';
import { SimulatedRelay } from './simulatedRelay.js';
import type { SimulatedThread } from './simulatedThread.js';
import { SimulatedNetwork, SimulatedTime, type Weather } from './world.js';

/** What a history is played in. */
export type SimulatedWorld = { readonly sky: Weather; readonly shards: number; readonly seed: number };

const DELETES_ALL = /^x/i;
const MOST_SHARDS = 4;
/** It comes within this time: what has happened may stand in the log by then, and may have been answered, or not. */
const AMBUSH_MS = 6;
/** Within this time whatever has died serves again. */
const COMING_BACK_MS = 60_000;

/** A relay, a client and bad weather; a relay that comes back may have another number of threads than before. */
export class SimulatedDriver implements Driver {
  readonly time = new SimulatedTime(START_MS);
  readonly network: SimulatedNetwork;
  readonly relay: SimulatedRelay;
  readonly client: ControlClient;
  readonly #random: () => number;
  #deathsToCome = 0;
  readonly #ambush: Death[] = [];

  constructor({ sky, shards, seed }: SimulatedWorld, setting: Setting & { readonly first: number; readonly last: number }) {
    this.#random = seededRandom(seed);
    this.network = new SimulatedNetwork(this.time, sky, seed);
    this.relay = new SimulatedRelay(this.network, portRange(setting.first, setting.last + 1), shards, setting);
    this.client = new ControlClient(this.network, 5000);
    this.relay.onStep = () => {
      const death = this.#ambush.pop();
      if (death !== undefined) this.#die({ ...death, afterMs: death.afterMs % AMBUSH_MS });
    };
  }

  send(command: string, deaths: readonly Death[] = []): string {
    return this.sendAll([command], deaths)[0]!;
  }

  /** Several commands whose datagrams may overtake each other, as of two sides that hang up at once. */
  sendAll(commands: readonly string[], deaths: readonly Death[] = []): readonly string[] {
    this.#foresee(deaths);
    const replies = this.client.askAll(commands);
    // The log does not tell that it was carried out: a copy of it that comes when the relay has died since would delete all again.
    if (commands.some((command) => DELETES_ALL.test(command))) this.time.runFor(this.network.weather.longestMs);
    this.#settle();
    return replies;
  }

  advance(ms: number, deaths: readonly Death[] = []): void {
    if (ms > 0) this.#foresee(deaths);
    else for (const death of deaths) this.#die(death);
    this.time.runFor(ms);
    this.#settle();
  }

  heldPairs(): number {
    return this.relay.sockets.length / 2;
  }

  /** Sessions of which the log does not tell all that their packets have taught. It does when nothing has come for two seconds. */
  unsampled(): string[] {
    return this.relay.threads.flatMap(({ shard }) => {
      const { fold } = this.relay.written(shard.number);
      return [...shard.directory.all()].flatMap((session) => {
        const [told, held] = [fold.sessions.get(session.session)?.sample?.streams, shard.snapshotOf(session).sample.streams];
        const isTold = told === undefined ? held.every((stream) => stream === null) : isDeepStrictEqual(told, held);
        return isTold ? [] : [`${session.call}: ${JSON.stringify(told)} instead of ${JSON.stringify(held)}`];
      });
    });
  }

  /** Sides that hear no prompt though their state says so, or hear one though it does not. It takes a moment until one is found again. */
  unplayed(): string[] {
    return this.relay.threads.flatMap(({ shard }) =>
      [...shard.directory.all()].flatMap(({ call, slot, snapshot }) =>
        SIDES.filter((side) => {
          const { playback } = snapshot.context.legs[side];
          return shard.plane.players.isPlaying(rowOf(slot, legIndexOf(side), 0)) !== (playback !== null);
        }).map((side) => `the ${side} of ${call}`),
      ),
    );
  }

  /** Every other death lies in ambush: it comes when something has happened, such as a command or the end of a session. */
  #foresee(deaths: readonly Death[]): void {
    for (const death of deaths) {
      if (this.#random() < 0.5) this.#die(death);
      else this.#ambush.push(death);
    }
  }

  #die(death: Death): void {
    this.#deathsToCome++;
    this.time.after(death.afterMs, () => {
      this.#deathsToCome--;
      this.relay.shards = 1 + Math.floor(this.#random() * MOST_SHARDS);
      this.relay.die(death);
    });
  }

  /** Goes on until everything serves again, and holds the log against what is there. */
  #settle(): void {
    this.#ambush.length = 0;
    const isSettled = (): boolean => this.#deathsToCome === 0 && this.relay.isServing;
    if (!isSettled()) this.time.runUntilDone(isSettled, COMING_BACK_MS, 'coming back');
    const different = this.relay.threads.flatMap((thread) => [
      ...differences(this.relay, thread),
      ...unrecorded(this.relay.recorder, thread),
    ]);
    if (different.length > 0) throw new Error(different.join('\n'));
  }
}

/** Where the log of a shard, as a whole and its newest segment alone, tells something else than the shard holds. */
function differences(relay: SimulatedRelay, thread: SimulatedThread): string[] {
  thread.flush();
  const written = relay.written(thread.shard.number);
  const whole = difference(thread, written.fold, 'the log');
  return written.isNewestWhole ? [...whole, ...difference(thread, written.newest, 'the newest segment')] : whole;
}

/** What is not recorded though the state of its session says so; what is, though it does not, a dead thread may have begun. */
function unrecorded({ open }: TableRecorder, { shard }: SimulatedThread): string[] {
  return [...shard.directory.all()].flatMap(({ session, call, snapshot }) =>
    snapshot.context.recordings.flatMap(({ id, sides }) => {
      const kept = open.get(keyOf({ shard: shard.number, session, call, id }));
      const isKept = isDeepStrictEqual(new Set(kept?.sides ?? []), new Set(sides));
      return isKept ? [] : [`recording ${id} of ${call} is kept of ${kept?.sides ?? 'nobody'}, not of ${sides}`];
    }),
  );
}

function difference({ shard, counters }: SimulatedThread, fold: Fold, which: string): string[] {
  const found: string[] = [];
  const live = [...shard.directory.all()];
  const opened = (fold.counters.sessionsOpened ?? 0) + fold.openedSince;
  if (opened !== counters.shard('sessionsOpened'))
    found.push(`${opened} sessions were opened by ${which}, not ${counters.shard('sessionsOpened')}`);
  if (fold.sessions.size !== live.length) found.push(`${fold.sessions.size} sessions live by ${which}, not ${live.length}`);
  for (const { session, call, snapshot, touchedAt } of live) {
    const { sample, ...told } = fold.sessions.get(session) ?? { sample: null };
    const held = { session, call, snapshot, touchedAt };
    if (!isDeepStrictEqual(told, held)) found.push(`${which} tells ${JSON.stringify(told)} instead of ${JSON.stringify(held)}`);
  }
  return found;
}
