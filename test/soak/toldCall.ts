import type { Outcome } from './patientClient.js';

export type Side = 'caller' | 'callee';
const other = (side: Side): Side => (side === 'caller' ? 'callee' : 'caller');

/** A control command of a call, before it is put into words. */
export type CallCommand =
  | {
      readonly verb: 'U' | 'L';
      readonly from: string;
      readonly to: string | null;
      readonly port: number;
      readonly codecs: readonly number[];
      readonly isWeak: boolean;
      readonly isNewPort: boolean;
    }
  | { readonly verb: 'D'; readonly from: string; readonly to: string; readonly isWeak: boolean }
  | { readonly verb: 'Q'; readonly from: string; readonly to: string };

export function commandText(call: string, command: CallCommand): string {
  const { verb, from, to } = command;
  if (verb === 'Q') return `Q ${call} ${from} ${to}`;
  if (verb === 'D') return `D${command.isWeak ? 'w' : ''} ${call} ${from} ${to}`;
  const codecs = command.codecs.length > 0 ? `c${command.codecs.join(',')}` : '';
  const letters = `${command.isWeak ? 'w' : ''}${command.isNewPort ? 'n' : ''}${codecs}`;
  return `${verb}${letters} ${call} 127.0.0.1 ${command.port} ${from}${to === null ? '' : ` ${to}`}`;
}

/** A port as a client knows it: none, one that it was told, or one that it was never told. */
type KnownPort = number | null | 'untold';

/** A session as far as clients have a say in it. */
export type Dialog = {
  readonly tag: string;
  /** Of the sockets that face each side. */
  readonly ports: Readonly<Record<Side, KnownPort>>;
  readonly references: { readonly strong: boolean; readonly caller: boolean; readonly callee: boolean };
  /** Where each side said that it receives. */
  readonly remotes: Readonly<Record<Side, number | null>>;
  readonly codecs: Readonly<Record<Side, readonly number[]>>;
};

/** The sessions of a call, the oldest first. */
type Dialogs = readonly Dialog[];

const NO_PORTS = { caller: null, callee: null } as const;
const NO_REFERENCES = { strong: false, caller: false, callee: false } as const;

/** Most of what a call may be after commands of which nothing was heard. */
const MOST_POSSIBLE = 64;

/**
 * What a client knows of a call by what it was told, and nothing else. A command that was never answered may have been carried out or not:
 * then the call may be this or that, until an answer fits only one of them.
 */
export class ToldCall {
  readonly call: string;
  #possible: readonly Dialogs[] = [[]];
  /** What was asked and answered, for whoever wants to know how it came to this. */
  readonly history: string[] = [];

  constructor(call: string) {
    this.call = call;
  }

  /** Whether it may have a session, for all that the client knows. */
  get mayLive(): boolean {
    return this.#possible.some((dialogs) => dialogs.length > 0);
  }

  /** The ports that its sessions have for sure. */
  get portsTold(): readonly number[] {
    const [only, ...others] = this.#possible;
    if (only === undefined || others.length > 0) return [];
    return only.flatMap(({ ports }) => [ports.caller, ports.callee]).filter((port) => typeof port === 'number');
  }

  /** Takes what became of a command. Answers what is wrong with it, or null. */
  take(command: CallCommand, { reply, isDoubtful }: Outcome): string | null {
    const text = commandText(this.call, command);
    this.history.push(`${text} -> ${reply ?? 'nothing'}${isDoubtful ? ' (killed meanwhile)' : ''}`);
    const before = this.#possible;
    const once = before.flatMap((dialogs) => carryOut(dialogs, command, reply));
    let after: readonly Dialogs[] = once;
    if (reply === null) after = [...before, ...once];
    else if (isDoubtful) {
      // Its first try was carried out and is in the log, but what was answered is not.
      const unheard = before.flatMap((dialogs) => carryOut(dialogs, command, null));
      after = [...once, ...unheard.flatMap((dialogs) => carryOut(dialogs, command, reply))];
    }
    if (after.length === 0) return `${text} was answered ${reply}, and the call was ${JSON.stringify(before)}`;
    this.#possible = distinct(after);
    return this.#possible.length > MOST_POSSIBLE ? `${this.call} may be anything: ${this.#possible.length}` : null;
  }

  /** Whether the sessions are what they may be; then nothing else is possible any more. Answers what is wrong, or null. */
  settle(real: Dialogs): string | null {
    const fitting = this.#possible.filter((dialogs) => isThis(dialogs, real));
    if (fitting.length === 0)
      return `${this.call} is ${JSON.stringify(real)}, and by what was told ${JSON.stringify(this.#possible)}`;
    this.#possible = [real];
    return null;
  }
}

function distinct(all: readonly Dialogs[]): readonly Dialogs[] {
  return [...new Map(all.map((dialogs) => [JSON.stringify(dialogs), dialogs])).values()];
}

function isThis(possible: Dialogs, real: Dialogs): boolean {
  if (possible.length !== real.length) return false;
  return possible.every((dialog, i) => {
    const of = (side: Side): KnownPort => (dialog.ports[side] === 'untold' ? real[i]!.ports[side] : dialog.ports[side]);
    return JSON.stringify({ ...dialog, ports: { caller: of('caller'), callee: of('callee') } }) === JSON.stringify(real[i]);
  });
}

/** What the sessions may be after a command that was answered so; null: it was carried out, but nothing was heard. None: it cannot be. */
function carryOut(dialogs: Dialogs, command: CallCommand, reply: string | null): readonly Dialogs[] {
  switch (command.verb) {
    case 'Q': {
      const isKnown = find(dialogs, command.from, command.to) !== null;
      return reply === null || (isKnown ? /^\d+( 0){4}$/ : /^E50$/).test(reply) ? [dialogs] : [];
    }
    case 'D':
      return end(dialogs, command, reply);
    default:
      return describe(dialogs, command, reply);
  }
}

type Found = { readonly dialog: Dialog; readonly speaker: Side };

/** The tag that made a session is that of its caller. */
function find(dialogs: Dialogs, from: string, to: string | null): Found | null {
  for (const dialog of dialogs) {
    if (dialog.tag === from) return { dialog, speaker: 'caller' };
    if (dialog.tag === to) return { dialog, speaker: 'callee' };
  }
  return null;
}

/** U says where whoever asks receives, L where the other one does; both are answered with the port that faces the one not spoken of. */
function describe(
  dialogs: Dialogs,
  command: Extract<CallCommand, { verb: 'U' | 'L' }>,
  reply: string | null,
): readonly Dialogs[] {
  const { verb, from, to, port, codecs, isWeak, isNewPort } = command;
  const found = find(dialogs, from, to);
  if (found === null && verb === 'L') return reply === null || reply === '0' ? [dialogs] : [];
  const told = reply === null ? 'untold' : portOf(reply);
  if (told === null) return [];
  const asker = found?.speaker ?? 'caller';
  const side = verb === 'U' ? asker : other(asker);
  const facing = other(side);
  const before = found?.dialog ?? newDialog(from);
  const had = before.ports[facing];
  const isOpened = had === null || isNewPort;
  // What is told must be the port it had, and another one where another was asked for.
  if (told !== 'untold' && typeof had === 'number' && (told === had) === isOpened) return [];
  const reference = isWeak ? facing : verb === 'U' ? 'strong' : null;
  const after: Dialog = {
    tag: before.tag,
    ports: { ...before.ports, [facing]: isOpened || had === 'untold' ? told : had },
    references: reference === null ? before.references : { ...before.references, [reference]: true },
    remotes: { ...before.remotes, [side]: port },
    codecs: { ...before.codecs, [side]: codecs },
  };
  return [found === null ? [...dialogs, after] : dialogs.map((dialog) => (dialog === before ? after : dialog))];
}

const newDialog = (tag: string): Dialog => ({
  ...{ tag, ports: NO_PORTS, references: NO_REFERENCES, remotes: NO_PORTS, codecs: { caller: [], callee: [] } },
});

function portOf(reply: string): number | null {
  const [, port] = /^(\d+) 127\.0\.0\.1$/.exec(reply) ?? [];
  return port === undefined || Number(port) === 0 ? null : Number(port);
}

/** D means every medium where its tag names none, and otherwise the one. */
function end(
  dialogs: Dialogs,
  { from, to, isWeak }: Extract<CallCommand, { verb: 'D' }>,
  reply: string | null,
): readonly Dialogs[] {
  let hasFound = false;
  let isOver = false;
  const after = dialogs.flatMap((dialog): Dialog[] => {
    const side = isOver ? null : isMeant(dialog, from) ? 'caller' : isMeant(dialog, to) ? 'callee' : null;
    if (side === null) return [dialog];
    hasFound = true;
    isOver = dialog.tag === from || dialog.tag === to;
    const references = { ...dialog.references, [isWeak ? side : 'strong']: false };
    return Object.values(references).some((isHeld) => isHeld) ? [{ ...dialog, references }] : [];
  });
  return reply === null || reply === (hasFound ? '0' : 'E50') ? [after] : [];
}

const isMeant = ({ tag }: Dialog, given: string): boolean => tag === given || tag.startsWith(`${given};`);
