import { join } from 'node:path';

export const ADMIN_OPTIONS = { 'data-dir': { type: 'string' }, admin: { type: 'string' } } as const;

/** Their part of a usage text. */
export const ADMIN_USAGE = `  --data-dir DIR   data directory of the relay (./rtpbridge-data)
  --admin SOCKET   its admin socket (unix:DATA-DIR/admin.sock)`;

/** The path of the admin socket that is meant. Throws with one line if it cannot be told. */
export function adminPathOf(values: { readonly 'data-dir'?: string | undefined; readonly admin?: string | undefined }): string {
  const { 'data-dir': dataDir, admin } = values;
  if (admin !== undefined && dataDir !== undefined) throw new Error('--admin and --data-dir: expected one of them');
  if (admin === undefined) return join(dataDir ?? 'rtpbridge-data', 'admin.sock');
  const path = admin.replace(/^unix:/, '');
  if (path === '') throw new Error(`--admin ${admin}: expected unix:PATH`);
  return path;
}
