import { readFileSync } from 'node:fs';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { ControlAccess } from '../../relay/settings/settings.js';

/** What is in the files of a server's certificate. */
export type TlsMaterial = {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Who signs certificates of clients; without it none is asked for. */
  readonly ca: Buffer | undefined;
};

/** Refuses with one line that names the setting and the file. */
export function readTls(tls: NonNullable<ControlAccess['tls']>): Result<TlsMaterial, string> {
  const files: Buffer[] = [];
  for (const [name, path] of Object.entries({ certificate: tls.certificate, key: tls.key, clientCa: tls.clientCa })) {
    if (path === null) continue;
    try {
      files.push(readFileSync(path));
    } catch (error) {
      return refuse(`control: tls: ${name}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  const [cert, key, ca] = files as [Buffer, Buffer, Buffer | undefined];
  try {
    createSecureContext({ cert, key, ca });
  } catch (error) {
    return refuse(`control: tls: ${tls.certificate} and ${tls.key} cannot be used (${(error as Error).message})`);
  }
  return ok({ cert, key, ca });
}

/** The common name of the certificate that a client has shown, if our authority has signed it. */
export function certificateName(socket: TLSSocket): string | null {
  if (!socket.authorized) return null;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' && name !== '' ? name : null;
}
