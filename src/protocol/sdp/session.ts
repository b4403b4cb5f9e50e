import { changeAttributes, markLoop, SESSION_KIND } from './attributes.js';
import { dropsForIce } from './ice.js';
import { wordsOf } from './lines.js';
import { originValue } from './origin.js';
import { isBundle } from './parse.js';
import type { Sdp, SdpAddress, SdpLine, SdpPlan } from './sdp.js';
import { connectionValue } from './section.js';
import type { Wishes } from './wishes.js';

/** The session part. `connection`: what its `c=` is to say (null: as it is); `gone`: the mids of sections that are refused now. */
export function rewrittenSession(
  sdp: Sdp,
  plan: SdpPlan,
  wishes: Wishes,
  given: { readonly connection: SdpAddress | null; readonly gone: ReadonlySet<string>; readonly end: string },
): readonly SdpLine[] {
  const lines: SdpLine[] = [];
  let hasConnection = false;
  for (const line of sdp.session) {
    const isRepeated = line.type === 'c' && hasConnection && given.connection !== null;
    if (line.type === 'c') hasConnection = true;
    const value = isRepeated ? null : editedValue(sdp, plan, wishes, given, line);
    if (value !== null) lines.push(value === line.value ? line : { ...line, value });
  }
  const changes = wishes.attributes.get(SESSION_KIND);
  const changed = changes === undefined ? lines : changeAttributes(lines, changes, given.end);
  return plan.loopMark === null ? changed : markLoop(changed, plan.loopMark, given.end);
}

function editedValue(
  sdp: Sdp,
  plan: SdpPlan,
  wishes: Wishes,
  { connection, gone }: { readonly connection: SdpAddress | null; readonly gone: ReadonlySet<string> },
  line: SdpLine,
): string | null {
  const { type, value } = line;
  switch (type) {
    case 'a':
      if (wishes.dropsIce && dropsForIce(value)) return null;
      if (wishes.dropsExtmap && value.startsWith('extmap')) return null;
      return isBundle(line) ? bundleValue(value, wishes, gone) : value;
    case 'c':
      return connection === null ? value : connectionValue(value, connection);
    case 'o':
      return originValue(value, sdp, plan);
    case 's':
      return plan.replace.has('session-name') ? plan.origin.sessionName || '-' : value;
    default:
      return value;
  }
}

/** RFC 9143 §7.3.3: a section that is refused is in no bundle. */
function bundleValue(value: string, { breaksBundles }: Wishes, gone: ReadonlySet<string>): string | null {
  if (breaksBundles) return null;
  if (gone.size === 0) return value;
  const [name, ...mids] = wordsOf(value);
  const staying = mids.filter((mid) => !gone.has(mid));
  if (staying.length === mids.length) return value;
  return staying.length === 0 ? null : [name, ...staying].join(' ');
}
