import { type Result, refuse } from '../../model/kernel/index.js';
import { type HeldNg, holdSockets } from '../io/control/holdSockets.js';
import { makeFolder } from '../io/log/segmentFile.js';
import { openDirectLogger } from '../io/logging.js';
import { removePidFile, writePidFile } from '../io/pidFile.js';
import type { ProcessAccount } from '../io/process/privileges.js';
import { notifyReadiness } from '../io/process/readiness.js';
import { Supervisor } from '../io/process/supervisor.js';
import { shardCount } from '../io/threads/shardCount.js';
import { type ControlAddress, controlProblem, parseControlAddress } from '../relay/controlAddress.js';
import { isForThreads, type NgAddress, parseNgAddresses } from '../relay/ng/ngAddress.js';
import type { RelayOptions } from '../relay/options.js';
import { ADMIN_IN_DATA_DIR } from '../relay/options.js';

/**
 * `rtpbridge serve --supervise`: holds the control sockets open and runs the relay in a process that inherits them, again and again. Answers
 * the exit code, or what is wrong in one line. This process stays who it is with -u: the relay becomes the user, each time anew, after
 * everything that takes privileges.
 */
export async function supervise(options: RelayOptions, account: ProcessAccount | null): Promise<Result<number, string>> {
  const control: ControlAddress[] = [];
  for (const text of options.control) {
    const parsed = parseControlAddress(text);
    if (!parsed.ok) return parsed;
    control.push(parsed.value);
  }
  const problem = controlProblem(control, options.foreground);
  if (problem !== null) return refuse(problem);
  const ng = parseNgAddresses(options.listenNg);
  if (!ng.ok) return ng;
  try {
    // Sockets may lie in there.
    makeFolder(options.dataDir);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const files = { mode: options.socketMode, uid: account?.user?.uid ?? null, gid: account?.gid ?? null };
  // One that nobody has asked for is no reason not to serve: the relay opens it itself.
  const isHeld = options.admin !== ADMIN_IN_DATA_DIR;
  const held = await holdSockets(
    { control, ng: ng.value.map((address) => heldNg(address, options)) },
    isHeld ? options.admin : null,
    files,
  );
  if (!held.ok) return held;
  const log = openDirectLogger(options);
  const { pidFile } = options;
  const written = pidFile === null ? null : writePidFile(pidFile);
  if (written?.ok === false) log.error(written.error);
  const supervisor = new Supervisor(held.value.sockets, {
    onServed: () => void notifyReadiness('READY=1'),
    onStopping: () => void notifyReadiness('STOPPING=1'),
    onRestart: (text) => log.error(text),
  });
  const ended = await supervisor.run();
  held.value.close();
  if (pidFile !== null) removePidFile(pidFile);
  return ended;
}

/** As many sockets of an address as the relay is going to read. */
const heldNg = (address: NgAddress, options: RelayOptions): HeldNg => ({
  address,
  sockets: isForThreads(address, options) ? shardCount(options.workers) : 1,
});
