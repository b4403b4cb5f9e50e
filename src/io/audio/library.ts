import koffi from 'koffi';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** A C library that is there. */
export type Library = {
  /** A function by its C prototype, in koffi's writing (`double floor(double x)`). Throws where the library has none of that name. */
  readonly declare: <F extends (...args: never[]) => unknown>(prototype: string) => F;
};

/** Loads a library of the machine by its soname. Where it is missing or is no library, the error names the Debian package that has it. */
export function loadLibrary(soname: string, debianPackage: string): Result<Library, string> {
  try {
    const library = koffi.load(soname);
    return ok({
      declare: <F extends (...args: never[]) => unknown>(prototype: string) => library.func(prototype) as unknown as F,
    });
  } catch {
    return refuse(`${soname} not found: it is in the Debian package ${debianPackage} (apt-get install ${debianPackage})`);
  }
}
