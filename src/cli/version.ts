import { readFileSync } from 'node:fs';
import { BASIC_VERSION, CAPABILITIES } from '../protocol/rtpproxy/capabilities.js';
import type { ProgramName } from '../relay/optionRow.js';
import { TICK_MS } from '../relay/timers/timingWheel.js';

/** The version of the package, from its package.json, which stands beside `dist`. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

/** What `-V` prints. The debug build says first how often it does what is to be done in time. */
export function formatVersion(program: ProgramName): string {
  const frequency = program === 'rtpproxy_debug' ? [`target_pfreq = ${1000 / TICK_MS}`] : [];
  return [...frequency, packageVersion()].join('\n');
}

/** What `-v` prints: the basic version of the control protocol, and a line for each dated extension. */
export function formatProtocols(): string {
  const extensions = Object.entries(CAPABILITIES).map(([date, text]) => `Extension ${date}: ${text}`);
  return [`Basic version: ${BASIC_VERSION}`, ...extensions].join('\n');
}
