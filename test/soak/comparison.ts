/** What must be one: what clients were told, what is, and what the log tells. */
import { firstDifference } from '../../src/relay/events/difference.js';
import type { SnapshotRecord } from '../../src/relay/events/record.js';
import type { RunLog } from './runLog.js';
import type { Dialog, Side } from './toldCall.js';

/** Sessions that only read their clock a moment later have the same time left. */
const CLOCK_TOLERANCE_MS = 1_000;

/** `call`: the one that it is about; null: none in particular. */
export type Wrong = { readonly call: string | null; readonly text: string };

const SIDES: readonly Side[] = ['caller', 'callee'];
const each = <T>(of: (side: Side) => T): Record<Side, T> => ({ caller: of('caller'), callee: of('callee') });

/** The session as far as clients know it. */
export function dialogOf({ state }: SnapshotRecord): Dialog {
  const { tag, references, legs } = state;
  return {
    tag,
    ports: each((side) => legs[side].local?.port ?? null),
    references,
    remotes: each((side) => legs[side].rtp.address?.port ?? null),
    codecs: each((side) => legs[side].codecs),
  };
}

/** The sessions of the log are those that live, and each is as it lives. */
export function compareFold({ shards }: RunLog, live: readonly SnapshotRecord[]): Wrong[] {
  const keyOf = (shard: number, session: number): string => `${shard}/${session}`;
  const folded = new Map(
    shards.flatMap(({ shard, check }) =>
      [...check.fold.sessions.values()].map((session) => [keyOf(shard, session.session), session]),
    ),
  );
  const wrong: Wrong[] = [];
  for (const { call, shard, session, phase, state, sample } of live) {
    const known = folded.get(keyOf(shard, session));
    folded.delete(keyOf(shard, session));
    if (known === undefined) {
      wrong.push({ call, text: `${call} lives, and the log does not know it` });
      continue;
    }
    const { value, context } = known.snapshot;
    const differs = firstDifference({ call, phase, state }, { call: known.call, phase: value, state: context });
    if (differs !== null)
      wrong.push({
        call,
        text: `${call}: ${differs.at} is ${JSON.stringify(differs.left)}, in the log ${JSON.stringify(differs.right)}`,
      });
    for (const side of SIDES) {
      const apart = Math.abs(sample.touchedAt[side] - known.touchedAt[side]);
      if (apart > CLOCK_TOLERANCE_MS) wrong.push({ call, text: `${call}: the time of the ${side} began ${apart} ms apart` });
    }
  }
  for (const { call } of folded.values()) wrong.push({ call, text: `${call} is in the log, and does not live` });
  return wrong;
}

export function sharedPorts(live: readonly SnapshotRecord[]): Wrong[] {
  const holders = new Map<number, string>();
  return live.flatMap(({ call, state }) =>
    SIDES.flatMap((side): Wrong[] => {
      const port = state.legs[side].local?.port;
      if (port === undefined) return [];
      const holder = holders.get(port);
      holders.set(port, call);
      return holder === undefined ? [] : [{ call, text: `port ${port} is held by ${holder} and by ${call}` }];
    }),
  );
}

/** Sessions that were taken up, but could not go on; nobody but the relay ends a session by itself here. */
export function lostOnes({ shards }: RunLog, live: readonly SnapshotRecord[]): Wrong[] {
  return shards.flatMap(({ lost, taken }) =>
    lost.map(({ call, session, command }) => {
      const { legs } = taken.find((one) => one.session === session)?.state ?? {};
      const ports: number[] = SIDES.flatMap((side) => legs?.[side].local?.port ?? []);
      const holders = live.filter(({ state }) => SIDES.some((side) => ports.includes(state.legs[side].local?.port ?? 0)));
      const now = holders.length > 0 ? `, which ${holders.map((holder) => holder.call).join(', ')} has` : '';
      return { call, text: `${call} was ended: ${JSON.stringify(command)}; it had ports ${ports.join(', ')}${now}` };
    }),
  );
}

/** What a run began with is what the one before it has left: every session, as it was. Only where nobody died in between. */
export function inheritance(runs: readonly RunLog[]): Wrong[] {
  if (runs.length !== 2) return [];
  const [before, after] = runs as [RunLog, RunLog];
  const byPort = (session: { readonly call: string; readonly state: SnapshotRecord['state'] }): string =>
    `${session.call} ${session.state.tag} ${JSON.stringify(session.state)}`;
  const left = before.shards.flatMap(({ check }) =>
    [...check.fold.sessions.values()].map(({ call, snapshot }) => byPort({ call, state: snapshot.context })),
  );
  const taken = after.shards.flatMap((shard) => shard.taken.map(byPort));
  const [leftSet, takenSet] = [new Set(left), new Set(taken)];
  return [
    ...left
      .filter((one) => !takenSet.has(one))
      .map((one) => ({ call: one.split(' ')[0]!, text: `was left, and not taken up: ${one}` })),
    ...taken
      .filter((one) => !leftSet.has(one))
      .map((one) => ({ call: one.split(' ')[0]!, text: `was taken up, and not left so: ${one}` })),
  ];
}

/** Every answer that a client got is in the log, as it got it; and no command is there twice, whoever repeated it. By cookie. */
export function compareAnswers(runs: readonly RunLog[], outcomes: ReadonlyMap<string, string | null>): Wrong[] {
  const wrong: Wrong[] = [];
  const logged = new Set<string>();
  for (const { call, from, command, reply } of runs.flatMap(({ shards }) => shards.flatMap(({ exchanges }) => exchanges))) {
    const cookie = from.slice(from.lastIndexOf(' ') + 1);
    if (logged.has(cookie)) wrong.push({ call, text: `${command} was carried out twice` });
    logged.add(cookie);
    const told = outcomes.get(cookie) ?? null;
    if (told !== null && told !== reply) wrong.push({ call, text: `${command} was answered ${told}, in the log ${reply}` });
  }
  for (const [cookie, told] of outcomes) {
    if (told !== null && !logged.has(cookie))
      wrong.push({ call: null, text: `${cookie} was answered ${told}, and is not in the log` });
  }
  return wrong;
}
