import { readFileSync } from 'node:fs';
import { BASIC_VERSION, CAPABILITIES } from '../protocol/rtpproxy/capabilities.js';

/** The version of the package, from its package.json, which stands beside `dist`. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

/** What `-v` prints: the basic version of the control protocol, and a line for each dated extension. */
export function formatProtocols(): string {
  const extensions = Object.entries(CAPABILITIES).map(([date, text]) => `Extension ${date}: ${text}`);
  return [`Basic version: ${BASIC_VERSION}`, ...extensions].join('\n');
}
