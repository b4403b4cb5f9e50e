/** Command lines are read as getopt_long(3) reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommandLine } from '../../src/relay/commandLine.js';
import type { ProgramName } from '../../src/relay/optionRow.js';

/** What was read, as `key=value` or `key`; or the complaint. */
function read(line: string | readonly string[], program: ProgramName = 'rtpproxy'): string {
  const result = readCommandLine(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, program);
  if (!result.ok) return result.error;
  return result.value.map(({ key, value }) => (value === null ? key : `${key}=${value}`)).join(' ');
}

test('letters are clustered, values glued on or behind, also when they begin with a dash', () => {
  assert.equal(read('-fF'), 'foreground noRootCheck');
  assert.equal(read('-fFT5'), 'foreground noRootCheck ttl=5');
  assert.equal(read('-fT 5 -F'), 'foreground ttl=5 noRootCheck');
  assert.equal(read('-T=5'), 'ttl==5');
  assert.equal(read('-t -1 -s -f'), 'tos=-1 control=-f');
  assert.equal(read(['-d', '']), 'logLevel=');
  assert.equal(read(['-p', 'a b']), 'pidFile=a b');
});

test('every occurrence is kept, in the order of the command line', () => {
  assert.equal(read('-l a -6 b -l c -T1 -T2'), 'listen=a listen6=b listen=c ttl=1 ttl=2');
});

test('long names take their value behind a blank or an equals sign, and may be cut short', () => {
  assert.equal(read('--nice 5 --nice=-5 --nice -6'), 'nice=5 nice=-5 nice=-6');
  assert.equal(read('--force --bridge --no_res'), 'forceAsymmetric bridgeSymmetric noResolve');
  assert.equal(read('--config='), 'config=');
  assert.equal(read('--config=a=b'), 'config=a=b');
  assert.equal(read('--no_re'), "'--no_re': expected one of --no_resolve, --no_redirect");
  assert.equal(read('--log-level ERR --listen6 ::1 --listen ::1', 'rtpbridge'), 'logLevel=ERR listen6=::1 listen=::1');
});

test('hyphens and underscores in long names are the same', () => {
  assert.equal(read('--no-resolve'), 'noResolve');
  assert.equal(read('--no_resolve --log_level ERR', 'rtpbridge'), 'noResolve logLevel=ERR');
});

test('an optional value is glued on only', () => {
  assert.equal(read('--overload_prot -f'), 'overload foreground');
  assert.equal(read('--overload_prot=0.5'), 'overload=0.5');
  assert.equal(read('--overload_prot='), 'overload=');
  assert.equal(read('--overload_prot 0.5'), "'0.5': expected nothing but options");
});

test('rtpproxy has no names for what has a letter, and none of our options', () => {
  for (const name of ['--ttl', '--workers', '--engine', '--data-dir', '--profile', '--help'])
    assert.equal(read(`${name} x`), `'${name}': no such option`);
  for (const letter of ['-h', '-x', '-N', '-z', '-?', '-Z']) assert.equal(read(letter), `'${letter}': no such option`);
  assert.equal(read('--profile x', 'rtpproxy_debug'), 'profile=x');
});

test('two dashes end the options, and whatever is no option is surplus', () => {
  assert.equal(read('-f --'), 'foreground');
  assert.equal(read('-f -- -F'), "'-F': expected nothing but options");
  for (const surplus of ['x', '-']) assert.equal(read(`-f ${surplus} -F`), `'${surplus}': expected nothing but options`);
  assert.equal(read(['']), "'': expected nothing but options");
});

test('what is missing or too much is said', () => {
  assert.equal(read('-T'), '-T: expected SECONDS behind it');
  assert.equal(read('-fT'), '-T: expected SECONDS behind it');
  assert.equal(read('--nice'), '--nice: expected N behind it');
  assert.equal(read('--no_resolve=1'), '--no_resolve=1: expected no value');
  for (const odd of ['--=', '--=x', '---', '--__proto__', '--constructor=1']) assert.match(read(odd), /^'--.*': no such option$/);
  assert.equal(read('-fé'), "'-é': no such option");
});

test('an option that prints something and leaves ends the reading, as it does in programs that use getopt', () => {
  assert.equal(read('-V -nonsense --'), 'version');
  assert.equal(read('x -fvZ'), 'foreground protocols');
  assert.equal(read('-C'), 'clock');
  assert.equal(read('--help --nonsense', 'rtpbridge'), 'help');
  assert.equal(read('-Z -V'), "'-Z': no such option");
});
