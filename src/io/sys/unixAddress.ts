const AF_UNIX = 1;
/** The family, then `sun_path`. */
const PATH_AT = 2;
const PATH_BYTES = 108;

/** What a `struct sockaddr_un` takes, bytes. */
export const UNIX_ADDRESS_BYTES = PATH_AT + PATH_BYTES;

/**
 * Writes a `struct sockaddr_un` to `bytes`: a path, or a name in the abstract namespace behind an at sign (unix(7)). Answers its length;
 * 0 if it is empty or too long.
 */
export function writeUnixAddress(path: string, bytes: Buffer): number {
  const length = Buffer.byteLength(path);
  if (length === 0 || length >= PATH_BYTES) return 0;
  bytes.fill(0, 0, UNIX_ADDRESS_BYTES);
  bytes[0] = AF_UNIX;
  bytes.write(path, PATH_AT);
  const isAbstract = path.startsWith('@');
  if (isAbstract) bytes[PATH_AT] = 0;
  return PATH_AT + length + (isAbstract ? 0 : 1);
}
