import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { requirePeer } from './peers.js';
import { temporaryFolder } from './startAttempt.js';

/** A certificate and its key: files in the PEM format, and what is in them. */
export type Certificate = {
  readonly certificate: string;
  readonly key: string;
  readonly texts: { readonly cert: string; readonly key: string };
};

/** Makes certificates by `openssl`, for 127.0.0.1; signed by themselves, or by another. */
export class CertificateMaker {
  readonly #folder: string;
  #made = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where there is no `openssl`; the test is skipped then. */
  static async open(t: TestContext): Promise<CertificateMaker | null> {
    if (!requirePeer(t, ['openssl'], 'apt-get install openssl')) return null;
    return new CertificateMaker(await temporaryFolder(t));
  }

  make(commonName: string, signer?: Certificate): Certificate {
    const name = `${++this.#made}`;
    const [certificate, key] = [join(this.#folder, `${name}.pem`), join(this.#folder, `${name}.key`)];
    const config = join(this.#folder, 'openssl.cnf');
    writeFileSync(config, '[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n');
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key];
    const who = ['-config', config, '-subj', commonName === '' ? '/O=nobody' : `/CN=${commonName}`];
    const isAuthority = signer === undefined;
    const basics = `basicConstraints=critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}`;
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-addext', basics];
    const by = signer === undefined ? [] : ['-CA', signer.certificate, '-CAkey', signer.key];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...ec, ...who, ...names, ...by, '-out', certificate], {
      stdio: 'pipe',
    });
    return { certificate, key, texts: { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') } };
  }
}
