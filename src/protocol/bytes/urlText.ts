/**
 * Undoes the encoding in which clients put arbitrary bytes into one token: `%HH` is a byte, `+` a blank, anything else itself. Null
 * where a `%` is not followed by two hexadecimal digits. The result has one character a byte (Latin-1) and may hold any of them, line
 * ends and NUL included.
 */
export function decodeUrlText(text: string): string | null {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return null;
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
