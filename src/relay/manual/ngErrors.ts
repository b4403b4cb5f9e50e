/** A reason that requests of the NG protocol are refused for, and what it means. In `text` capitals stand for what is filled in. */
export type NgErrorText = { readonly text: string; readonly meaning: string };

/** Every text that may stand in `error-reason`, in `message` of a `load limit`, or in `warning`. */
export const NG_ERROR_TEXTS: readonly NgErrorText[] = [
  { text: 'Invalid data (no payload)', meaning: 'Nothing stands behind the cookie.' },
  { text: 'Invalid NG data format', meaning: 'What stands there is neither bencode nor JSON.' },
  { text: 'Could not decode bencode dictionary', meaning: 'It begins as bencode, and is none.' },
  { text: 'Failed to parse JSON document', meaning: 'It begins as JSON, and is none.' },
  { text: 'Could not decode JSON dictionary', meaning: 'It is JSON that no request can be made of: too deep, or too much.' },
  { text: 'Dictionary contains no key "command"', meaning: 'It does not say what is to be done.' },
  { text: 'Unrecognized command', meaning: 'There is no such command.' },
  { text: 'rtpbridge does not do "COMMAND"', meaning: 'rtpengine knows the command, rtpbridge does not.' },
  { text: 'No SDP body in message', meaning: 'The command takes a session description, and none was given.' },
  { text: 'No call-id in message', meaning: 'It does not say which call is meant.' },
  { text: 'No from-tag in message', meaning: 'It does not say who offers.' },
  { text: 'No to-tag in message', meaning: 'It does not say who answers, or which subscription is meant.' },
  { text: "Out of range 'code' specified", meaning: 'That is no key of a telephone.' },
  { text: 'invalid limit, must be >= 0', meaning: 'A list cannot have less than nothing.' },
  { text: 'Failed to parse SDP: REASON', meaning: 'The session description cannot be read; the reason says where.' },
  {
    text: 'transport-protocol=PROTOCOL: REASON',
    meaning: 'Plain media would have to be encrypted, or encrypted media decrypted, which is not done yet.',
  },
  { text: 'Unknown call-id', meaning: 'There is no such call, or it has ended (answer, query, recording).' },
  { text: 'Unknown call-ID', meaning: 'There is no such call, or it has ended (other commands).' },
  {
    text: 'Ran out of ports',
    meaning: 'No port pair was free, so nothing was opened. Clients take another relay.',
  },
  {
    text: 'Parallel session limit reached',
    meaning: 'As many calls run as limits.calls of the settings allows. Clients take another relay.',
  },
  {
    text: 'Load limit exceeded',
    meaning:
      'The relay takes no new calls: its load is above --overload-prot, more come than limits.calls-per-second allows, or it is to end. Clients take another relay.',
  },
  {
    text: "Call-ID not found or tags didn't match",
    meaning: 'Nothing was found to delete: a warning, unless the flag fatal asks for an error.',
  },
  {
    text: 'Invalid dialogue association',
    meaning: 'The call is there, but nobody has offered what is answered: its tags are others.',
  },
  { text: 'From-tag given, but no such tag exists', meaning: 'No party of the call has that tag.' },
  { text: 'No monologue matching the given label', meaning: 'No party of the call has that label.' },
  { text: 'Failed to match address to any tag', meaning: 'No party of the call is at that address.' },
  { text: 'No participant party specified', meaning: 'It must be said who is meant: from-tag, label, address, or the flag all.' },
  { text: 'To-tag not found', meaning: 'There is no such subscription.' },
  { text: 'Not currently playing media', meaning: 'There is nothing to stop.' },
  { text: 'No media file specified', meaning: 'A prompt is a file, a blob or a blob64.' },
  {
    text: 'Failed to start media playback from FILE',
    meaning: 'There is no such file, or it cannot be encoded in what the party understands.',
  },
  {
    text: 'Failed to request subscription',
    meaning: 'No copy can be made of what was asked for: encrypted media, or no port was free.',
  },
  { text: 'Failed to play DTMF: REASON', meaning: 'A key cannot be pressed for that party; the reason says why.' },
  { text: 'No medias found (no monologues matched)', meaning: 'Nobody was found to copy, or nobody who has said what he sends.' },
  { text: 'Failed to process subscription answer', meaning: 'The answer has not the media lines of the offer.' },
  { text: 'Recording is not configured: REASON', meaning: 'The relay has no folder for recordings.' },
  { text: 'no network is called NAME: REASON', meaning: 'direction names a network that is not there.' },
  { text: 'network NAME has no FAMILY address', meaning: 'That network has no address of the family that is wanted.' },
  { text: 'no network has an FAMILY address: REASON', meaning: 'None of the networks has one.' },
  {
    text: 'no network has ADDRESS any more, and its ports are not known: no media line can be added to a call there',
    meaning: 'The network was taken out of the settings while the call ran, and the relay was started again since.',
  },
  { text: 'notify REASON', meaning: 'Events cannot go there, or it is not permitted; the reason says which.' },
  { text: 'notify: REASON', meaning: 'Too many ways of events.' },
  { text: 'controller REASON', meaning: 'That is no name of a controller.' },
  {
    text: 'events of NAME: REASON',
    meaning: 'A client that shows a token or a certificate may have the events of that name only.',
  },
  { text: 'No controller in message', meaning: 'It does not say whose events are wanted.' },
  {
    text: 'The media thread of this call has died over the request',
    meaning: 'A bug in the relay: the request made its thread die, twice.',
  },
  { text: 'Not permitted', meaning: 'The address, the token or the certificate of the client is not among those that may.' },
  { text: 'Reply too long for UDP (REASON', meaning: 'Ask over TCP, HTTP or WebSocket, or delete with the flag fast.' },
  { text: 'Request too long (REASON', meaning: 'No request is that long.' },
  {
    text: 'KEY VALUE: expected REASON',
    meaning: 'What stands behind the key is none of what it takes; the reason says what that is.',
  },
];

/** What a reason means; '' where it says so itself. */
export function ngErrorMeaning(reason: string): string {
  return NG_ERROR_TEXTS.find(({ text }) => isMeant(text, reason))?.meaning ?? '';
}

/** Up to the first word that is filled in; but for a key, which stands first. */
function isMeant(text: string, reason: string): boolean {
  if (text.startsWith('KEY ')) return /^[A-Za-z0-9-]+:? .*expected /.test(reason);
  const filledIn = /\b(?:COMMAND|REASON|PROTOCOL|FILE|NAME|FAMILY)\b/.exec(text);
  return filledIn === null ? reason === text : reason.startsWith(text.slice(0, filledIn.index));
}
