const hex = (code: number): string => `%${code.toString(16).padStart(2, '0')}`;

/**
 * Text of the NG protocol, which holds one character a byte, as the text that its UTF-8 stands for. What is no UTF-8, or no bytes, stays as
 * it is: every byte is then a character of Latin-1.
 */
export function textOfBytes(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes) || /[^\0-\xff]/.test(bytes)) return bytes;
  try {
    return decodeURIComponent(bytes.replace(/[%\x80-\xff]/g, (character) => hex(character.charCodeAt(0))));
  } catch {
    return bytes;
  }
}

/** The other way round: text as its UTF-8, one character a byte. Half a surrogate pair becomes U+FFFD. */
export function bytesOfText(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  const whole = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
  return encodeURIComponent(whole).replace(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
