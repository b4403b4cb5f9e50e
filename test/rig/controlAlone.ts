import type { TestContext } from 'node:test';
import type { CommandHandler, Listener, UnixFileOptions } from '../../src/io/control/listener.js';
import { openControl } from '../../src/io/control/openControl.js';
import type { Origin } from '../../src/relay/control/origin.js';
import { type ControlAddress, parseControlAddress } from '../../src/relay/controlAddress.js';

export const PLAIN_FILES: UnixFileOptions = { mode: null, uid: null, gid: null };

/** What control sockets without a relay behind them have seen. */
export type ControlAlone = {
  readonly listener: Listener;
  readonly commands: string[];
  readonly origins: Origin[];
  readonly duplicates: () => number;
};

export type ControlAloneOptions = { readonly handle?: CommandHandler; readonly unixFiles?: UnixFileOptions };

/** Answers `heard COMMAND`, at once. */
const echo: CommandHandler = (command, _origin, answer) => answer(`heard ${command}`);

/** Opens control sockets in this process, closed with the test. Rejects as `openControl` does. */
export async function openAlone(
  t: TestContext,
  names: readonly string[],
  options: ControlAloneOptions = {},
): Promise<ControlAlone> {
  const commands: string[] = [];
  const origins: Origin[] = [];
  let duplicates = 0;
  const listener = await openControl(names.map(addressOf), {
    handle: (command, origin, answer) => {
      commands.push(command);
      origins.push(origin);
      (options.handle ?? echo)(command, origin, answer);
    },
    onDuplicate: () => {
      duplicates++;
    },
    onEnd: () => {},
    unixFiles: options.unixFiles ?? PLAIN_FILES,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= listener.close();
    return closing;
  };
  t.after(close);
  return { listener: { close }, commands, origins, duplicates: () => duplicates };
}

function addressOf(name: string): ControlAddress {
  const parsed = parseControlAddress(name);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
