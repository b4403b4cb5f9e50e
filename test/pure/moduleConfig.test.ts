import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineModules, type ModuleSettings, moduleInstances } from '../../src/relay/modules/config.js';

const NONE: ModuleSettings = { catchDtmf: 0, acctCsv: false, acctRtcpHep: null };
const DEFAULT_TARGET = { host: '10.0.0.1', port: 9060, transport: 'udp', captureId: 101 } as const;

function settingsOf(config: string | null, dso: readonly string[] = []): ModuleSettings {
  const result = combineModules(dso, config);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

function errorOf(config: string | null, dso: readonly string[] = []): string {
  const result = combineModules(dso, config);
  assert.ok(!result.ok, `accepted: ${JSON.stringify(result)}`);
  assert.ok(!result.error.includes('\n'), 'one line');
  return result.error;
}

/** Settings of acct_rtcp_hep with these lines in its section. */
const target = (lines: string) => settingsOf(`modules { acct_rtcp_hep { ${lines} } }`).acctRtcpHep;
const targetError = (lines: string) => errorOf(`modules {\n acct_rtcp_hep {\n ${lines}\n } }`);

test('without options there are no modules', () => {
  assert.deepEqual(settingsOf(null), NONE);
  assert.deepEqual(settingsOf(''), NONE);
  assert.deepEqual(settingsOf('# nothing\n\n/* at /* all */ */'), NONE);
  assert.deepEqual(settingsOf('modules { }'), NONE);
});

test('[CW-38] --dso loads a built-in module by the name of its file', () => {
  for (const path of [
    '/usr/lib/rtpproxy/rtpp_catch_dtmf.so',
    '../modules/catch_dtmf/.libs/rtpp_catch_dtmf_debug.so',
    'rtpp_catch_dtmf.so',
    'rtpp_catch_dtmf',
    'catch_dtmf',
    'catch_dtmf_debug',
  ]) {
    assert.deepEqual(settingsOf(null, [path]), { ...NONE, catchDtmf: 1 }, path);
  }
  assert.deepEqual(settingsOf(null, ['rtpp_acct_csv.so']), { ...NONE, acctCsv: true });
});

test('[CW-38] each load of catch_dtmf is an instance that a sub-command may name, wherever it was loaded', () => {
  const settings = settingsOf('modules { catch_dtmf { } }', ['catch_dtmf', 'catch_dtmf']);
  assert.equal(settings.catchDtmf, 3);
  assert.equal(moduleInstances(settings, 3), 3);
});

test('only catch_dtmf takes sub-commands', () => {
  const settings = settingsOf('modules { acct_csv { }, acct_rtcp_hep { } }', ['catch_dtmf']);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((id) => moduleInstances(settings, id)),
    [0, 0, 0, 1, 0, 0, 0],
  );
  assert.equal(moduleInstances(NONE, 3), 0);
});

test('what cannot be loaded by --dso is refused in one line that names the option, the value and the way out', () => {
  assert.equal(
    errorOf(null, ['catch_dtmf', '/x/rtpp_nosuch.so']),
    '--dso /x/rtpp_nosuch.so: there is no such module; expected one of acct_csv, acct_rtcp_hep, catch_dtmf',
  );
  assert.equal(
    errorOf(null, ['/x/rtpp_acct_rtcp_hep.so']),
    '--dso /x/rtpp_acct_rtcp_hep.so: acct_rtcp_hep must be told where to report: load it with a configuration file (--config)',
  );
  for (const name of ['dtls_gw', 'ice_lite']) {
    assert.equal(
      errorOf(null, [`rtpp_${name}.so`]),
      `--dso rtpp_${name}.so: the module ${name} is not available yet; expected one of acct_csv, acct_rtcp_hep, catch_dtmf`,
    );
  }
  for (const path of ['', 'badmod1', 'rtpp_', 'toString', 'catch_dtmf.so.1', 'catch_dtmf/']) errorOf(null, [path]);
});

test('a configuration as people write it for rtpproxy is understood', () => {
  const config = `
    # HOMER
    modules {
        rtpp_acct_rtcp_hep {
            load = ../modules/acct_rtcp_hep/.libs/rtpp_acct_rtcp_hep.so
            capt_host  = 192.0.2.7   # the server
            capt_port  = 9061
            capt_ptype = tcp
            capt_id = 4294967295
        }
        acct_csv {
            load = ../modules/acct_csv/.libs/rtpp_acct_csv_debug.so
        }
        catch_dtmf { }
    }`;
  assert.deepEqual(settingsOf(config), {
    catchDtmf: 1,
    acctCsv: true,
    acctRtcpHep: { host: '192.0.2.7', port: 9061, transport: 'tcp', captureId: 0xffff_ffff },
  });
});

test('acct_rtcp_hep without its keys reports where rtpproxy would', () => {
  assert.deepEqual(target(''), DEFAULT_TARGET);
  assert.deepEqual(target('capt_id = 0'), { ...DEFAULT_TARGET, captureId: 0 });
});

test('a key and its value may be written in every way of UCL', () => {
  const expected = { ...DEFAULT_TARGET, host: 'homer.example', port: 5000 };
  for (const lines of [
    'capt_host = homer.example; capt_port = 5000',
    'capt_host homer.example\ncapt_port 5000',
    'capt_host: "homer.example", capt_port: 5000',
    "capt_host = 'homer.example'\n\n\n;;capt_port=0x1388;",
    '"capt_host" = "\\u0068omer.example" /* a /* nested */ one */ \n "CAPT_PORT" 5000',
    'CAPT_HOST = homer.example # comment\n Capt_Port = 5000#9\n',
    'capt_host = <<EOD\nhomer.example\nEOD\n capt_port = 5000',
    'capt_host = <<EOD\r\nhomer.example\r\nEOD\r\ncapt_port = 5000',
    'capt_port = 1\ncapt_host=homer.example\r\ncapt_port=5000\r\n',
  ]) {
    assert.deepEqual(target(lines), expected, lines);
  }
});

test('a whole file may be in braces as JSON is, sections may begin on the next line and may come again', () => {
  assert.deepEqual(settingsOf('{"modules": {"catch_dtmf": {}, "acct_csv": {}}}'), { ...NONE, catchDtmf: 1, acctCsv: true });
  assert.deepEqual(settingsOf('\uFEFFMODULES\n{\n CATCH_DTMF\n\n # here\n {\n }\n}\n'), { ...NONE, catchDtmf: 1 });
  assert.deepEqual(settingsOf('modules catch_dtmf { }\nmodules "acct_csv" { }'), { ...NONE, catchDtmf: 1, acctCsv: true });
  assert.deepEqual(settingsOf('modules { catch_dtmf { } catch_dtmf { } }'), { ...NONE, catchDtmf: 2 });
});

test('the path behind load says which module it is, not the key', () => {
  assert.deepEqual(settingsOf('modules { mine { load = /opt/rtpp_catch_dtmf.so } }'), { ...NONE, catchDtmf: 1 });
  assert.match(
    errorOf('modules {\n catch_dtmf {\n load = /opt/other.so } }'),
    /^line 3: \/opt\/other\.so: there is no such module/,
  );
});

test('other sections are not ours, whatever is in them', () => {
  const others = `
    all {
      file = /var/log/all.log ; size = * ; when = @T00
      text = don't { mind } [me]
      list = [ 1, "two", { three = [ ] }, <<END
      } ] not the end
END
      ]
      server one "two" three { key value; "}" = "{" }
      .include "other.conf"
      modules = 5; modules { catch_dtmf { } }
      empty
      last = }
    loose = value
    list [ a b ]`;
  assert.deepEqual(settingsOf(`${others}\n modules { acct_csv { } }`), { ...NONE, acctCsv: true });
});

test('wrong values are refused with the line, the key, the value and what was expected', () => {
  const port = 'expected a whole number from 1 to 65535, without quotes';
  const id = 'expected a whole number from 0 to 4294967295, without quotes';
  assert.equal(targetError('capt_port = 65536'), `line 3: capt_port 65536: ${port}`);
  assert.equal(targetError('CAPT_PORT = 0'), `line 3: CAPT_PORT 0: ${port}`);
  assert.equal(targetError('capt_port = "9060"'), `line 3: capt_port "9060": ${port}`);
  assert.equal(targetError('capt_port = 9060.5'), `line 3: capt_port 9060.5: ${port}`);
  assert.equal(targetError('capt_port ='), `line 3: capt_port (nothing): ${port}`);
  assert.equal(targetError('capt_port [ 9060 ]'), `line 3: capt_port […]: ${port}`);
  assert.equal(targetError('\ncapt_id = 4294967296'), `line 4: capt_id 4294967296: ${id}`);
  assert.equal(targetError('capt_id = -1'), `line 3: capt_id -1: ${id}`);
  assert.equal(targetError('capt_id { }'), `line 3: capt_id {…}: ${id}`);
  assert.equal(targetError('capt_ptype = sctp'), 'line 3: capt_ptype sctp: expected udp or tcp');
  assert.equal(targetError('capt_host = two words'), 'line 3: capt_host two words: expected a host name or address');
  assert.equal(targetError('capt_host'), 'line 3: capt_host (nothing): expected a host name or address');
  assert.equal(targetError('load = [ x ]'), 'line 3: load: expected the path of a module');
});

test('keys and modules that do not exist are refused with the line and what there is', () => {
  assert.equal(
    targetError('capt_hots = x'),
    'line 3: capt_hots: no such key of acct_rtcp_hep; expected load, capt_host, capt_port, capt_ptype, capt_id',
  );
  assert.equal(
    errorOf('modules {\n  acct_csv {\n    logfile = /tmp/x.csv\n } }'),
    'line 3: logfile: no such key of acct_csv; expected load',
  );
  assert.match(errorOf('\nmodules {\n toString { } }'), /^line 3: toString: there is no such module; expected one of acct_csv,/);
  assert.match(errorOf('modules { ice_lite { } }'), /^line 1: ice_lite: the module ice_lite is not available yet/);
  assert.equal(errorOf('modules { catch_dtmf = 1 }'), 'line 1: catch_dtmf: expected a section in braces');
  assert.equal(errorOf('modules = catch_dtmf'), 'line 1: modules: expected a section in braces');
  assert.equal(errorOf('\n.include "modules.conf"'), 'line 2: .include: macros are not supported');
  const twice = 'modules {\n acct_rtcp_hep { }\n acct_rtcp_hep { } }';
  assert.equal(errorOf(twice), 'line 3: acct_rtcp_hep: acct_rtcp_hep is loaded a second time');
});

test('an error of syntax is refused with the line it is in', () => {
  assert.equal(errorOf('modules {\n catch_dtmf {\n }\n'), 'line 1: the brace { that opens here is not closed');
  assert.equal(errorOf('modules { }\n}'), 'line 2: expected a key, found }');
  assert.equal(errorOf('modules {\n = 5 }'), 'line 2: expected a key, found =');
  assert.equal(errorOf('empty\n\n\n= 5'), 'line 4: expected a key, found =');
  assert.equal(errorOf('x = "open\n"'), 'line 1: the quote " is not closed on its line');
  assert.equal(errorOf("\nx = 'open"), "line 2: the quote ' is not closed on its line");
  assert.equal(errorOf('x = "a" b'), 'line 1: expected the end of the line behind the text in quotes, found b');
  assert.equal(errorOf('\n/* open\n'), 'line 2: the comment /* that opens here is not closed');
  assert.equal(errorOf('\nx [ 1,\n'), 'line 2: the bracket [ that opens here is not closed');
  assert.equal(errorOf('x { y = [ 1 } }'), 'line 1: expected ], found }');
  assert.equal(errorOf('\nx = <<EOD\n EOD'), 'line 2: the text <<EOD is not ended by a line EOD');
  assert.equal(errorOf('{ modules { } } more'), 'line 1: expected the end of the file, found m');
});

test('sections may stand within each other 32 times, and an endless row of braces is no danger', () => {
  const nested = (depth: number) => `${'a{'.repeat(depth)}${'}'.repeat(depth)}`;
  assert.deepEqual(settingsOf(nested(32)), NONE);
  assert.equal(errorOf(nested(33)), 'line 1: more than 32 sections within each other');
  errorOf('a['.repeat(100_000));
});

test('a file of more than a mebibyte is none that a person wrote', () => {
  const text = 'modules { catch_dtmf { } }'.padEnd(1 << 20);
  assert.deepEqual(settingsOf(text), { ...NONE, catchDtmf: 1 });
  assert.equal(errorOf(`${text} `), 'line 1: 1048577 characters; expected at most 1048576');
});
