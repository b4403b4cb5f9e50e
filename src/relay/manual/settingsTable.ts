/** A setting by its path; NAME stands for any name. `text`: what it means, and what it may be. */
export type SettingText = { readonly path: string; readonly text: string };

/** Everything that may stand in the settings file. */
export const SETTING_TEXTS: readonly SettingText[] = [
  {
    path: 'networks.NAME',
    text: 'A network by which the relay is reached, for direction of NG and l{NAME} of the classic protocol. NAME has up to 64 letters, digits, _ . and -, and is none of those on the command line.',
  },
  {
    path: 'networks.NAME.addresses',
    text: 'Its local addresses, of one family or both: a list, or a single one. * are all addresses of IPv4. Calls take turns where there are several of a family.',
  },
  { path: 'networks.NAME.addresses.address', text: 'Where an address needs more to be said: the address itself.' },
  {
    path: 'networks.NAME.addresses.advertised',
    text: 'What descriptions and replies name instead of it, an address or a host name: where a translator stands in front.',
  },
  {
    path: 'networks.NAME.ports',
    text: 'LOWEST-HIGHEST. Otherwise those of -m and -M. Networks on the same address have the same ports.',
  },
  {
    path: 'networks.NAME.policy.latching',
    text: 'symmetric: where a party is, its packets tell; asymmetric: its description. What a request says counts more.',
  },
  { path: 'networks.NAME.policy.tos', text: 'The TOS byte of what is sent there, 0 to 255, instead of -t.' },
  { path: 'default', text: 'The network of legs for which none is named; otherwise that of -l, or the first one.' },
  { path: 'bridge.internal', text: 'The network that i of the classic protocol means.' },
  { path: 'bridge.external', text: 'The one that e means.' },
  { path: 'limits.calls', text: 'How many calls there may be at a time, of either protocol. More are refused.' },
  { path: 'limits.calls-per-second', text: 'How many may begin in a second.' },
  {
    path: 'control.allow',
    text: 'Who may send requests of NG: addresses, and networks such as 192.0.2.0/24. Left out: all that can reach a listener.',
  },
  {
    path: 'control.tokens.NAME',
    text: 'A token by which a client shows who it is, over TCP, HTTP and WebSocket. Where there are any, one of them is asked for. The file must not be readable by others then.',
  },
  {
    path: 'control.tokens-file',
    text: 'A file of tokens, NAME and TOKEN in a line, with # in front of remarks, that others cannot read.',
  },
  {
    path: 'control.tls.certificate',
    text: 'The certificate of https: and wss:, a file in PEM format. It is read again by a reload.',
  },
  { path: 'control.tls.key', text: 'Its key.' },
  {
    path: 'control.tls.client-ca',
    text: 'The certificate of an authority: clients that show one that it has signed need no token.',
  },
  {
    path: 'events.secret',
    text: 'What webhooks are signed with. The file must not be readable by others then.',
  },
  { path: 'events.secret-file', text: 'A file that has it, and that others cannot read.' },
  {
    path: 'events.ways',
    text: 'Where the events of calls go whose controller does not say: connection, http://..., https://..., xmlrpc:http://..., unix:PATH or tcp:HOST:PORT, a list or a single one. Requests may name these, too, and URLs below them; others only if -n permits them.',
  },
  { path: 'events.silence', text: 'Seconds: a party that was heard and is silent for so long is told of. Left out: it is not.' },
  { path: 'events.keep', text: 'Seconds that an event waits for a controller that is away; 600 unless given.' },
];

/** A settings file that has everything, with a word on each. */
export const SETTINGS_EXAMPLE: readonly string[] = [
  '# Networks by name: direction=["office","internet"], or l{office}.',
  'networks:',
  '  office:',
  '    addresses: 10.0.0.1',
  '    ports: 30000-39999',
  '    policy: { latching: asymmetric, tos: 0xb8 }',
  '  internet:',
  '    addresses:',
  '      - { address: 10.0.1.1, advertised: 203.0.113.5 }  # a translator is in front',
  '      - 2001:db8::1',
  'default: internet',
  'bridge: { internal: office, external: internet }        # i and e of the classic protocol',
  '',
  'limits:',
  '  calls: 5000',
  '  calls-per-second: 100',
  '',
  'control:',
  '  allow: [127.0.0.0/8, 10.0.0.0/24, "::1"]',
  '  tokens-file: tokens              # a line each: NAME TOKEN',
  '  tokens: { console: 3kX.9-yQ }    # only where others cannot read this file',
  '  tls:',
  '    certificate: /etc/ssl/relay.pem',
  '    key: /etc/ssl/private/relay.key',
  '    client-ca: /etc/ssl/clients.pem',
  '',
  'events:',
  '  secret-file: event-secret        # or secret: TEXT',
  '  ways: [https://billing.example.net/calls]',
  '  silence: 20',
  '  keep: 600',
];
