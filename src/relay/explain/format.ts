import type { CloseReason } from '../../../model/session/event.js';
import { SIDES } from '../../../model/session/side.js';
import { muteWords } from '../events/dialogueWords.js';
import { printableText } from '../events/timeline.js';
import { PLAYBACK_END_WORDS } from '../events/words.js';
import type { MoveReason } from './evidence.js';
import type { ExplainedDialogue, ExplainedSession, Explanation } from './explain.js';
import type { Finding } from './finding.js';
import type { ExplainedCodec, ExplainedLeg, ExplainedStream } from './legs.js';
import { SCOPE_WORDS } from './scope.js';
import { type Clock, countText, percentText, shortClock, spanText, timesText } from './words.js';

/** Of longer timelines the middle is left out: `rtpbridge replay --call` has it. */
const MOST_CHANGES = 40;

const ENDINGS: Readonly<Record<CloseReason, string>> = {
  deleted: 'the proxy deleted it',
  timeout: 'nothing was heard for too long',
  purged: 'all sessions were deleted at once (X)',
  shutdown: 'the relay was stopped',
  'port-lost': 'one of its ports was lost in a crash',
  'set-aside': 'it was set aside, because it made its media thread die',
  defect: 'a bug in the relay',
};

const REASONS: Readonly<Record<MoveReason, string>> = {
  'as-signalled': 'a packet came from where it was signalled',
  'first-packet': 'its first packet came from there',
  'after-signalling': 'it moved after signalling had said something new',
  'same-stream': 'its stream came from there with the same SSRC',
  before: 'known when the log begins',
};

/** The explanation as lines of plain ASCII, whatever strangers have put into Call-IDs and tags. `formatTime`: ISO 8601, UTC. */
export function formatExplanation(explanation: Explanation, formatTime: Clock): string[] {
  const { call, sessions, failed } = explanation;
  const lines = [`call ${call}: ${countText(sessions.length, 'session')}. Times are UTC.`];
  for (const session of sessions) lines.push('', ...sessionLines(session, formatTime));
  if (failed.length > 0) lines.push('', 'commands that were refused');
  for (const { at, command, reply, meaning } of failed)
    lines.push(`  ${formatTime(at)}  ${command} => ${reply}${meaning === '' ? '' : `: ${meaning}`}`);
  return lines.map(printableText);
}

/** The same as one line of JSON, ASCII only. */
export const formatJson = (explanation: Explanation): string =>
  JSON.stringify(explanation).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

function sessionLines(session: ExplainedSession, formatTime: Clock): string[] {
  const { causes, remarks, legs, problems } = session;
  const [first, ...others] = causes;
  const lines = [headline(session, formatTime)];
  if (first === undefined) lines.push(`  ${session.verdict}`);
  else lines.push(`  most likely: ${first.sentence}`, ...supportLines(first));
  for (const cause of others) lines.push(`  also: ${cause.sentence}`, ...supportLines(cause));
  for (const remark of remarks) lines.push(`  by the way: ${remark.sentence}`);
  for (const problem of problems) lines.push(`  ! the log is wrong here: ${problem}`);
  const clock = shortClock(session.openedAt, formatTime);
  for (const side of SIDES) lines.push(...legLines(legs[side], clock));
  lines.push(...recordingLines(session, clock));
  return [...lines, ...changeLines(session, clock)];
}

function headline(session: ExplainedSession, formatTime: Clock): string {
  const { tag, dialogue, shard, phase, openedAt, relayingAt, endedAt, knownUntil, closeReason, isLive, isWhole } = session;
  if (phase === 'new') return `no session (media thread ${shard}): refused at ${formatTime(knownUntil)}`;
  const clock = shortClock(openedAt, formatTime);
  const answered = relayingAt === null ? 'never answered' : `both legs open since ${clock(relayingAt)}`;
  const since = `opened ${formatTime(openedAt)}, ${answered}`;
  const end =
    endedAt !== null && closeReason !== null
      ? `ended ${clock(endedAt)} after ${spanText(endedAt - openedAt)}: ${ENDINGS[closeReason]}${closeReason === 'deleted' && dialogue === null ? ' (D)' : ''}`
      : isLive
        ? `still there at ${clock(knownUntil)}`
        : `still open where the log ends for it, at ${clock(knownUntil)}`;
  const trimmed = isWhole ? '' : '; its beginning is not in the log';
  return `session of tag ${tag} (${dialogue === null ? '' : `${dialogueText(dialogue)}, `}media thread ${shard}): ${since}; ${end}${trimmed}`;
}

function dialogueText({ tags, labels, branch, media, networks }: ExplainedDialogue): string {
  const who = SIDES.map((side) => `${tags[side] ?? 'nobody yet'}${labels[side] === null ? '' : ` "${labels[side]}"`}`).join(
    ' and ',
  );
  return `dialogue of ${who}${branch === null ? '' : `, branch ${branch}`}, media line ${media}, networks ${networks.caller}/${networks.callee}`;
}

function supportLines({ evidence, advice }: Finding): string[] {
  const seen = evidence.length === 0 ? [] : [`    evidence: ${evidence.join('; ')}`];
  return advice === null ? seen : [...seen, `    to do: ${advice}`];
}

function legLines(leg: ExplainedLeg, clock: Clock): string[] {
  const rows: (readonly [string, string])[] = [['signalled', signalledText(leg, clock)]];
  if (leg.signalled.description !== null) rows.push(['described', leg.signalled.description]);
  if (leg.offered !== null) rows.push(['offers', offeredText(leg.offered, clock)]);
  rows.push(['seen', seenText(leg)]);
  for (const { at, address, reason } of leg.learned) {
    rows.push(['learned', `${address}${at === null ? '' : ` at ${clock(at)}`}: ${REASONS[reason]}`]);
  }
  const told = leg.advertised === null ? '' : `, advertised as ${leg.advertised}`;
  rows.push(['our port', leg.port === null ? 'none: this leg was never opened' : `${leg.port}${told}`]);
  rows.push(['in', streamText(leg.rtp)]);
  const silent = leg.silentForMs === null ? '' : `, silent for ${spanText(leg.silentForMs)}`;
  if (leg.seen !== null) rows.push(['heard', heardText(leg.seen, clock) + silent]);
  rows.push(['out', `${countText(leg.out)}${leg.sentTo === null ? '; nobody knows where to' : ` to ${leg.sentTo}`}`]);
  if (leg.rtcp.received + leg.rtcp.refused > 0) rows.push(['RTCP in', streamText(leg.rtcp)]);
  for (const prompt of leg.prompts) rows.push(['prompt', promptText(prompt, clock)]);
  for (const { to, from, until } of leg.copies) rows.push(['copied', `to ${to}${spanWords(from, until, clock)}`]);
  for (const { mute, from, until } of leg.muted) rows.push(['muted', `${muteWords([mute])}${spanWords(from, until, clock)}`]);
  if (leg.refusedFrom.length > 0) rows.push(['refused', `sources ${leg.refusedFrom.join(', ')}`]);
  return [`  ${leg.side}`, ...rows.map(([name, text]) => `    ${name.padEnd(9)} ${text}`)];
}

const codecsText = (codecs: readonly ExplainedCodec[]): string =>
  codecs.map(({ payloadType, name }) => (name === null ? `${payloadType}` : `${payloadType} ${name}`)).join(', ');

function signalledText({ signalled }: ExplainedLeg, clock: Clock): string {
  const { address, scope, at, times, codecs, asymmetric, held, holds } = signalled;
  const kind = scope === null || scope === 'public' ? '' : `, ${SCOPE_WORDS[scope]}`;
  const again = times > 1 ? ` (${times} times)` : '';
  const words = [address === null ? 'no address' : `${address}${kind}${at === null ? '' : `, at ${clock(at)}`}${again}`];
  if (codecs.length > 0) words.push(`offers ${codecsText(codecs)}`);
  if (asymmetric) words.push('asymmetric');
  if (held) words.push('on hold');
  else if (holds > 0) words.push(`was on hold ${countText(holds, 'time')}`);
  return words.join('; ');
}

const offeredText = ({ at, address, description }: NonNullable<ExplainedLeg['offered']>, clock: Clock): string =>
  `since ${clock(at)}${address === null ? '' : `, at ${address}`}: ${description}`;

function seenText({ seen }: ExplainedLeg): string {
  if (seen === null) return 'nothing';
  const words = [seen.address ?? 'packets from the signalled host'];
  if (seen.codecs.length > 0) words.push(codecsText(seen.codecs));
  if (seen.ssrc !== null) words.push(`SSRC ${seen.ssrc}${seen.ssrcCount > 1 ? `, the last of ${seen.ssrcCount}` : ''}`);
  return words.join('; ');
}

function streamText({ received, relayed, dropped, refused, early, unreachable }: ExplainedStream): string {
  const words = [`${countText(received)}, ${relayed} sent on`];
  if (dropped > 0) words.push(`${dropped} dropped (no destination, or not wanted)`);
  if (refused > 0) words.push(`${refused} from refused sources`);
  if (early > 0) words.push(`${early} early, before the answer`);
  if (unreachable > 0) words.push(`${unreachable} times unreachable (ICMP)`);
  return words.join(', ');
}

function heardText(seen: NonNullable<ExplainedLeg['seen']>, clock: Clock): string {
  const { firstAt, lastAt, longestSilenceMs, lossPercent, jitterMs } = seen;
  const words: string[] = [];
  if (firstAt !== null) words.push(`first ${clock(firstAt)}`);
  if (lastAt !== null) words.push(`last ${clock(lastAt)}`);
  if (longestSilenceMs !== null) words.push(`longest silence ${spanText(longestSilenceMs)}`);
  if (lossPercent !== null) words.push(`${percentText(lossPercent)} lost`);
  if (jitterMs !== null) words.push(`jitter ${Math.round(jitterMs.average)} ms, at most ${Math.round(jitterMs.max)} ms`);
  return words.join(', ');
}

function promptText({ prompt, count, from, until, end, ...codec }: ExplainedLeg['prompts'][number], clock: Clock): string {
  const ending = end === null ? '' : `: ${PLAYBACK_END_WORDS[end]}`;
  return `${prompt} as ${codecsText([codec])}, ${timesText(count)}${spanWords(from, until, clock)}${ending}`;
}

function spanWords(from: number | null, until: number | null, clock: Clock): string {
  const begun = from === null ? '' : until === null ? `, since ${clock(from)}` : `, from ${clock(from)}`;
  return until === null ? begun : `${begun}${from === null ? ',' : ''} until ${clock(until)}`;
}

function recordingLines({ recordings }: ExplainedSession, clock: Clock): string[] {
  if (recordings.length === 0) return [];
  const lines = recordings.map(({ id, sides, form, startedAt, endedAt, failed, files, packets, durationMs }) => {
    const what = form === null ? '' : ` ${sides.join(' and ')}, ${form}`;
    const made = packets === null ? '' : `: ${countText(packets)} of ${spanText(durationMs ?? 0)}`;
    const where = files.length === 0 ? '' : ` in ${files.join(', ')}`;
    return `    ${id}${what}${spanWords(startedAt, endedAt, clock)}${made}${where}${failed ? '; it could not be written any more' : ''}`;
  });
  return ['  recordings', ...lines];
}

function changeLines({ changes }: ExplainedSession, clock: Clock): string[] {
  if (changes.length === 0) return [];
  const lines = changes.map(({ at, text }) => `    ${clock(at)}  ${text}`);
  const kept = MOST_CHANGES / 2;
  const left = lines.length - MOST_CHANGES;
  const shown =
    left > 0 ? [...lines.slice(0, kept), `    ... ${left} more: rtpbridge replay has them`, ...lines.slice(-kept)] : lines;
  return ['  what happened', ...shown];
}
