import { hostname } from 'node:os';
import { join } from 'node:path';
import { familyOf } from '../../../model/kernel/index.js';
import { CSV_HEADER, formatCsvRow } from '../../relay/accounting/csv.js';
import type { SessionAccount } from '../../relay/accounting/sessionAccount.js';
import type { ModuleSettings } from '../../relay/modules/config.js';
import type { RtcpReport } from '../../relay/session/tellers.js';
import { CsvFile } from './csvFile.js';
import { openHepSender } from './hepSender.js';

/** rtpproxy's name for it. */
const CSV_NAME = 'rtpproxy_acct.csv';

/** The modules that write down what happened on calls, as far as they are loaded. */
export type Accountants = {
  readonly account: (account: SessionAccount) => void;
  readonly reportRtcp: (report: RtcpReport) => void;
  /** Writes and sends what waits. */
  readonly close: () => Promise<void>;
};

/** `folder`: where the relay was started. `onError`: told, in a line, what could not be written or sent. */
export function openAccountants(modules: ModuleSettings, folder: string, onError: (text: string) => void): Accountants {
  const node = { hostname: hostname(), pid: process.pid };
  const csv = modules.acctCsv
    ? new CsvFile(join(folder, CSV_NAME), CSV_HEADER, (reason) => onError(`acct_csv: ${reason}`))
    : null;
  const { acctRtcpHep } = modules;
  const hep = acctRtcpHep === null ? null : openHepSender(acctRtcpHep, (reason) => onError(`acct_rtcp_hep: ${reason}`));
  return {
    account: (account) => csv?.append(formatCsvRow(account, node)),
    reportRtcp: ({ source, destination, at, callId, payload }) =>
      hep?.send({ family: familyOf(source.host), source, destination, atMs: at, callId, payload }),
    close: async () => {
      await Promise.all([csv?.close(), hep?.close()]);
    },
  };
}
