/** Settings files as texts, and a world for them without files, name servers or addresses. */
import { ok, type Result, refuse } from '../../model/kernel/index.js';
import { readYaml } from '../../src/io/settings/yamlTree.js';
import { readSettings } from '../../src/relay/settings/readSettings.js';
import type { Settings } from '../../src/relay/settings/settings.js';
import type { NamedFile, SettingsWorld } from '../../src/relay/settings/world.js';

const FILES: Readonly<Record<string, Omit<NamedFile, 'path'>>> = {
  'tokens.txt': { text: '# who may\nproxy abc.123\n\nspare  def-456=\n', isPrivate: true },
  'open.txt': { text: 'proxy abc\n', isPrivate: false },
  'odd.txt': { text: 'proxy\nspare a b\nthird s%cret\n', isPrivate: true },
  'secret.txt': { text: 'not known\n', isPrivate: true },
  'empty.txt': { text: ' \n', isPrivate: true },
  'cert.pem': { text: '-----BEGIN CERTIFICATE-----\n', isPrivate: false },
  'key.pem': { text: '-----BEGIN PRIVATE KEY-----\n', isPrivate: true },
};

export const WORLD: SettingsWorld = {
  file: 'relay.yaml',
  isPrivate: true,
  given: [],
  resolve: async (name, family) => {
    const known: Readonly<Record<string, string>> = { 'IPv4 lan.example': '10.0.0.9', 'IPv6 six.example': '2001:DB8:0::9' };
    const host = known[`${family} ${name}`];
    return host === undefined ? refuse(`no such ${family} address or host name (ENOTFOUND)`) : ok(host);
  },
  bindProblem: async (host) =>
    host === '10.99.0.1' ? 'the address is not on this host, which has 10.0.0.1 (EADDRNOTAVAIL)' : null,
  readFile: (name) => {
    const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    return file === undefined ? refuse('there is no such file (ENOENT)') : ok({ ...file, path: `/etc/relay/${name}` });
  },
};

/** The settings of a text; or all that is wrong with it. */
export async function settingsOf(text: string, world: Partial<SettingsWorld> = {}): Promise<Result<Settings, readonly string[]>> {
  const around = { ...WORLD, ...world };
  const tree = readYaml(text);
  if (!tree.ok) return refuse(tree.error.map((problem) => `${around.file}:${problem.line}: ${problem.text}`));
  return readSettings(tree.value, around);
}
