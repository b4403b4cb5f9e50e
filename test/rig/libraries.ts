import { fail } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import koffi from 'koffi';

/** A shared library, as koffi has it. */
export type Library = ReturnType<typeof koffi.load>;

/**
 * Loads the library of another project that a test compares with. When it is missing the test is skipped with the command that installs
 * it, and the caller must return on null; with RTPBRIDGE_REQUIRE_PEERS=1, as on a build machine, it fails.
 * @example const libgsm = requireLibrary(t, 'libgsm.so.1', 'libgsm1');
 */
export function requireLibrary(t: TestContext, soname: string, debianPackage: string): Library | null {
  try {
    return koffi.load(soname);
  } catch (cause) {
    const message = `${soname} not loaded (${cause instanceof Error ? cause.message : cause}); install with: apt-get install ${debianPackage}`;
    const { RTPBRIDGE_REQUIRE_PEERS } = process.env;
    if (RTPBRIDGE_REQUIRE_PEERS === '1') fail(message);
    t.skip(message);
    return null;
  }
}
