/** Where a notification goes. */
export type NotifyTarget =
  | { readonly kind: 'unix'; readonly path: string }
  /** `host`: a name or numeric. `bind`: the local address to connect from; null: whichever leads there. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly bind: string | null }
  /** An XML-RPC server that is called to end the dialog. */
  | { readonly kind: 'xmlrpc'; readonly url: string };

/** Whom to tell that the session ended for want of media, or which digits were pressed. */
export type Notify = {
  readonly target: NotifyTarget;
  /** What the control client wants to read there. */
  readonly tag: string;
  /** The To tag of the dialog, where it was known. */
  readonly toTag: string | null;
};

const sameTarget = (a: NotifyTarget, b: NotifyTarget): boolean => formatTarget(a) === formatTarget(b);

/** As operators write it: `unix:/path`, `tcp:host:port`, `xmlrpc:url`. */
export function formatTarget(target: NotifyTarget): string {
  switch (target.kind) {
    case 'unix':
      return `unix:${target.path}`;
    case 'tcp':
      return `tcp:${target.host}:${target.port}${target.bind === null ? '' : ` from ${target.bind}`}`;
    case 'xmlrpc':
      return `xmlrpc:${target.url}`;
  }
}

export const sameNotify = (a: Notify | null, b: Notify | null): boolean =>
  a === null || b === null ? a === b : sameTarget(a.target, b.target) && a.tag === b.tag && a.toTag === b.toTag;
