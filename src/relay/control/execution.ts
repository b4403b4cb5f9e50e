import type { Prompt } from '../../media/player/prompt.js';
import type { RouteTo } from '../networks/choose.js';
import type { Direction } from '../session/directory.js';
import type { SessionPlace } from '../session/forks.js';
import type { Shard } from '../session/shard.js';
import type { Origin } from './origin.js';
import type { ControlSetting } from './setting.js';

/** A session that a command names besides its own, wherever it lives. */
export type NamedSession = {
  readonly place: SessionPlace;
  readonly tag: string;
  readonly direction: Direction;
  /** The payload types that were last said of the side whose tag the command names first. */
  readonly codecs: readonly number[];
};

/** What commands are carried out with. */
export type ExecutionWorld = {
  readonly shard: Shard;
  readonly setting: ControlSetting;
  readonly routeTo: RouteTo;
  readonly warn: (text: string) => void;
};

/** The carrying out of one command. */
export type Execution = ExecutionWorld & {
  readonly origin: Origin;
  /** The sessions that `&& C` names, in the order of those sub-commands; null: there is none. */
  readonly sources: readonly (NamedSession | null)[];
  /** What P is to play; null: nothing, or there is no such prompt. */
  readonly prompt: Prompt | null;
};
