import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { findExecutable } from './peers.js';

/** Networks that are for measurements (RFC 2544, RFC 6890): nobody on this machine should have an address there. */
const FIRST_OCTETS = '198.18';

/** A network that is reached from a namespace of its own, and from there nothing else is. */
export type FarNetwork = {
  /** Of the namespace. */
  readonly name: string;
  /** Our address in that network, … */
  readonly near: string;
  /** … and that of whoever runs in the namespace. */
  readonly far: string;
  /** What a command begins with that is to run there. */
  readonly enter: readonly string[];
};

let made = 0;

/**
 * Makes networks, each a pair of virtual Ethernet interfaces of which one end is in a namespace. They are gone after the test.
 * @returns null when that is not permitted here and the test is skipped
 */
export function openFarNetworks(t: TestContext, count: number): readonly FarNetwork[] | null {
  const ip = findExecutable('ip');
  const problem = ip === null ? 'ip not found; install with: apt-get install -y --no-install-recommends iproute2' : null;
  const networks: FarNetwork[] = [];
  const close = (): void => {
    for (const { name } of networks.splice(0)) run('netns', 'delete', name);
  };
  function run(...words: readonly string[]): string | null {
    const { status, stderr } = spawnSync(ip ?? 'ip', words, { encoding: 'utf8' });
    return status === 0 ? null : `ip ${words.join(' ')}: ${stderr.trim()}`;
  }
  const refused = problem ?? tryNetwork(run);
  if (refused !== null) {
    t.skip(`network namespaces cannot be made: ${refused}`);
    return null;
  }
  // Whatever ends this process: an interface that is left over would stay until the machine starts anew.
  process.once('exit', close);
  t.after(() => {
    close();
    process.off('exit', close);
  });
  for (let n = 0; n < count; n++) {
    const network = networkOf(++made);
    networks.push(network);
    const failed = makeNetwork(network, run);
    if (failed !== null) throw new Error(failed);
  }
  return networks;
}

type Run = (...words: readonly string[]) => string | null;

/** Whether it is permitted: why not, or null. */
function tryNetwork(run: Run): string | null {
  const name = `rtpbridge-${process.pid}-try`;
  const failed = run('netns', 'add', name) ?? run('-n', name, 'link', 'set', 'lo', 'up');
  run('netns', 'delete', name);
  return failed;
}

function networkOf(n: number): FarNetwork {
  const name = `rtpbridge-${process.pid}-${n}`;
  const third = (process.pid * 8 + n) % 256;
  const prefix = `${FIRST_OCTETS}.${third}`;
  return { name, near: `${prefix}.1`, far: `${prefix}.2`, enter: ['ip', 'netns', 'exec', name] };
}

/** Why it could not be made, or null. */
function makeNetwork({ name, near, far }: FarNetwork, run: Run): string | null {
  // At most 15 characters.
  const device = `rb${process.pid}-${name.split('-').at(-1)}`;
  const steps: readonly (readonly string[])[] = [
    ['netns', 'add', name],
    ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'far', 'netns', name],
    ['address', 'add', `${near}/24`, 'dev', device],
    ['link', 'set', device, 'up'],
    ['-n', name, 'address', 'add', `${far}/24`, 'dev', 'far'],
    ['-n', name, 'link', 'set', 'far', 'up'],
    ['-n', name, 'link', 'set', 'lo', 'up'],
  ];
  for (const step of steps) {
    const failed = run(...step);
    if (failed !== null) return failed;
  }
  return null;
}
