/** Bad settings files, and bad values of `--network`. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { refuse } from '../../model/kernel/index.js';
import { textOf } from '../../src/io/settings/settingsText.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import { parseNetworkOption } from '../../src/relay/networks/written.js';
import { settingsOf } from '../rig/settingsGiven.js';
import { FUZZ_BOUND, search } from './budget.js';

const piece = fc.oneof(
  fc.constantFrom(
    ...['networks', 'default', 'bridge', 'limits', 'control', 'events', 'addresses', 'ports', 'policy', 'tokens', 'tls', 'ways'],
    ...[
      ': ',
      '\n',
      '\n  ',
      '\n    ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ', ',
      '&a ',
      '*a',
      '!!str ',
      '"',
      "'",
      '# ',
      '---\n',
      '? ',
      '|\n',
      '<<: ',
    ],
    ...[
      '10.0.0.1',
      '::1',
      '"*"',
      '30000-30009',
      'office',
      'null',
      '0x7f',
      '.inf',
      'secret.txt',
      '__proto__',
      'constructor',
      '\u0000',
      '\u001b[2J',
    ],
  ),
  fc.string({ maxLength: 5 }),
);
const loose = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('10.0.0.1', '::1', '30000-30009', 'a', 'b'),
);
/** JSON is YAML, and gets past its grammar to the settings. */
const strict = fc
  .record(
    {
      networks: fc.dictionary(
        fc.constantFrom('a', 'b', '__proto__', 'x y'),
        fc.oneof(
          value,
          fc.record(
            { addresses: fc.oneof(value, fc.array(value, { maxLength: 3 })), ports: value, policy: value },
            { requiredKeys: [] },
          ),
        ),
        { maxKeys: 3 },
      ),
      default: value,
      bridge: fc.record({ internal: value, external: value }, { requiredKeys: [] }),
      limits: fc.record({ calls: value, 'calls-per-second': value }, { requiredKeys: [] }),
      control: fc.record({ allow: value, tokens: value, 'tokens-file': value, tls: value }, { requiredKeys: [] }),
      events: fc.record({ secret: value, ways: value, silence: value, keep: value }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  .map((settings) => JSON.stringify(settings));

test('[SY-04] any settings file is read, or refused in lines that name file and line', FUZZ_BOUND, async (t) => {
  await search(t, fc.oneof(loose, strict), async (text) => {
    const settings = await settingsOf(text);
    if (!settings.ok) {
      ok(settings.error.length > 0 && settings.error.length < 60);
      for (const line of settings.error)
        ok(/^relay\.yaml(:\d+)?: \P{Cc}*$/u.test(line) && line.length < 600, JSON.stringify(line));
      return;
    }
    const { networks } = settings.value;
    for (const { addresses, ports } of networks) {
      ok(addresses.length > 0 && addresses.every(({ host, advertised }) => isIP(host) > 0 && advertised !== ''));
      ok(ports === null || (ports.pairs > 0 && ports.first % 2 === 0 && ports.first + ports.pairs * 2 <= 65_536));
    }
    const merged = mergeNetworks({ given: null, named: [], settings: settings.value });
    if (networks.length > 0) ok(merged.ok, merged.ok ? '' : merged.error);
    deepEqual(structuredClone(settings.value), settings.value, 'it crosses threads');
  });
});

const bytes = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc
      .constantFrom('a: 1\n', '\ufeff', '\r', '\n', '\u20ac')
      .chain((text) => fc.constantFrom(Buffer.from(text), Buffer.from(text, 'utf16le'), Buffer.from(text, 'latin1'))),
  ),
  { maxLength: 8 },
);

test('[SY-04] of any bytes the text is known, or the line where they are none', FUZZ_BOUND, async (t) => {
  await search(t, bytes, async (parts) => {
    const all = Buffer.concat(parts);
    const text = textOf(all);
    if (text.ok) return equal(Buffer.from(text.value).equals(all.subarray(all.indexOf('\ufeff') === 0 ? 3 : 0)), true);
    const { line, text: told } = text.error;
    ok(line >= 1 && line <= all.filter((byte) => byte === 0x0a).length + 1, `${line}`);
    ok(told.endsWith('expected UTF-8'), told);
  });
});

const word = fc.oneof(
  fc.constantFrom('a', '=', '!', ',', '10.0.0.1', '[::1]', '*', 'x.example', '', '\n'),
  fc.string({ maxLength: 4 }),
);

test('[SY-04] any --network is read, or refused in words', FUZZ_BOUND, async (t) => {
  await search(t, fc.array(word, { maxLength: 8 }), async (words) => {
    const text = words.join('');
    const read = await parseNetworkOption(text, async () => refuse('expected another name'));
    if (!read.ok) return ok(read.error.startsWith(`--network ${text}: `) && read.error.includes('expected '), read.error);
    equal(
      read.value.addresses.every(({ host }) => isIP(host) > 0),
      true,
    );
  });
});
