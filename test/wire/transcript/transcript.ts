/** Plays transcripts to a relay, over every kind of control socket. */
import { equal, fail } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KINDS, type Kind, openClient, type TranscriptClient } from './kinds.js';
import { ReplyCheck } from './reply.js';
import { type Server, startServer } from './server.js';
import { type Group, parseTranscript, type Section } from './text.js';

const BOUND = { timeout: 30_000 };

/** `RTPBRIDGE_TRANSCRIPT_KINDS=udp,tcp` limits a run to these, for whoever looks for a fault; UDP is always among them. */
const { RTPBRIDGE_TRANSCRIPT_KINDS } = process.env;
const PLAYED: readonly Kind[] = KINDS.filter(
  (kind) => kind === 'udp' || (RTPBRIDGE_TRANSCRIPT_KINDS?.split(',').includes(kind) ?? true),
);

/** Registers a test for each section of a transcript and each kind of socket. */
export function playTranscript(file: string, text: string): void {
  for (const group of parseTranscript(file, text)) describe(`${file}, ${group.options.join(' ')}`, () => playGroup(file, group));
}

function playGroup(file: string, group: Group): void {
  let server: Server;
  const clients = new Map<Kind, TranscriptClient>();
  before(async () => {
    server = await startServer(group.options, PLAYED);
    for (const kind of PLAYED) clients.set(kind, await openClient(kind, server.sockets[kind]!, server.pipes));
  }, BOUND);
  after(async () => {
    for (const client of clients.values()) client.close();
    equal(await server?.stop(), 0, `exit code after SIGTERM; it wrote:\n${server?.stderr()}`);
  }, BOUND);
  for (const section of group.sections)
    for (const kind of PLAYED)
      test(`${section.title} (${kind})`, BOUND, () => playSection(file, section, server, clients.get(kind)!, kind));
}

async function playSection(file: string, section: Section, server: Server, client: TranscriptClient, kind: Kind): Promise<void> {
  equal(await client.ask('X', 1), '0', `${file}:${section.line} over ${kind}: X, so that the section begins without sessions`);
  const check = new ReplyCheck(server.media);
  for (const { line, command, reply } of section.exchanges) {
    const sent = server.fill(command);
    const where = `${file}:${line} over ${kind}`;
    const answer = await client.ask(sent, reply.length).catch((error: Error) => fail(`${where}: ${error.message}`));
    const lines = answer.split('\n');
    const problems = reply.map((expected, n) => (lines[n] === undefined ? 'it is missing' : check.problem(expected, lines[n])));
    if (lines.length > reply.length) problems.push(`${lines.length - reply.length} more lines than expected`);
    const problem = problems.find((found) => found !== null);
    if (problem === undefined) continue;
    const known = check.names === '' ? '' : `\n  known     ${check.names}`;
    fail(
      `${where}: ${problem}\n  sent      ${JSON.stringify(sent)}\n  expected  ${reply.join(' | ')}\n  answered  ${lines.join(' | ')}${known}`,
    );
  }
}
