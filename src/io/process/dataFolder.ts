import { accessSync, constants, mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { makeFolder } from '../log/segmentFile.js';

export type DataFolder = {
  readonly path: string;
  /** Something to say about it, if there is. */
  readonly warning: string | null;
};

/**
 * A folder of its own for the event log of an rtpproxy, which has no option for it: below `$RTPBRIDGE_DATA_DIR`, the system's folder for
 * such things, `$XDG_STATE_HOME` or `~/.local/state`, whichever can be written first. Two instances never have a control socket in common,
 * so its name tells them apart, and the next run of an instance finds its folder again. Where nothing can be written it is a temporary
 * folder, so that a relay on a read-only system starts all the same. Refuses, in one line, where there is not even that.
 */
export function openDataFolder(
  systemFolder: string,
  control: readonly string[],
  env: NodeJS.ProcessEnv,
): Result<DataFolder, string> {
  const { RTPBRIDGE_DATA_DIR, XDG_STATE_HOME } = env;
  const state = XDG_STATE_HOME?.startsWith('/') ? XDG_STATE_HOME : join(homedir(), '.local', 'state');
  const bases = RTPBRIDGE_DATA_DIR ? [RTPBRIDGE_DATA_DIR] : [systemFolder, join(state, 'rtpbridge')];
  const tried: string[] = [];
  for (const base of bases) {
    const path = join(base, instanceName(control, env));
    const problem = openFolder(base, path);
    if (problem === null) return ok({ path, warning: null });
    tried.push(`${path} (${problem})`);
  }
  try {
    const path = mkdtempSync(join(tmpdir(), 'rtpbridge-'));
    return ok({ path, warning: `the event log goes to ${path}, because these cannot be written: ${tried.join(', ')}` });
  } catch (error) {
    tried.push(`${tmpdir()} (${(error as NodeJS.ErrnoException).code})`);
    return refuse(`there is no place for the event log, because these cannot be written: ${tried.join(', ')}`);
  }
}

/**
 * What the instance is called: its first control socket that nobody else can have, made safe as a name of a folder. A socket that is handed
 * over has the name of its unit, where the service manager says it.
 */
function instanceName(control: readonly string[], { LISTEN_FDNAMES }: NodeJS.ProcessEnv): string {
  const isHandedOver = control.includes('systemd:') && LISTEN_FDNAMES !== undefined;
  const own =
    control.find((name) => !/^(stdioc?|systemd):/.test(name)) ?? (isHandedOver ? `systemd:${LISTEN_FDNAMES}` : undefined);
  if (own === undefined) return `process-${process.pid}`;
  return (
    own
      .replace(/^unix:/, '')
      .replaceAll(/[^\w.*-]+/g, '_')
      .replace(/^[_.]+/, '') || 'rtpproxy'
  );
}

function openFolder(base: string, path: string): string | null {
  try {
    // Instances of several users may stand side by side; what is in them is nobody's but the operator's.
    makeFolder(base);
    makeFolder(path, 0o750);
    accessSync(path, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}
