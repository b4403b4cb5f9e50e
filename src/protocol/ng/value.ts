/**
 * A value of the NG protocol, whichever way it is encoded. Strings hold one character a byte: what is text in JSON is its UTF-8 here, so that
 * a session description is the same bytes in both encodings.
 */
export type NgValue = string | number | readonly NgValue[] | NgDictionary;
export type NgDictionary = { readonly [key: string]: NgValue };

/** By the first byte of a payload: `d` or `{`. An answer is encoded as what it answers. */
export type NgEncoding = 'bencode' | 'json';
