/** CRC-32 as in ISO-HDLC, zip and PNG: reflected polynomial 0xEDB88320, eight bytes a step ("slicing"). */
const POLYNOMIAL = 0xedb88320;
const STEP = 8;
/** A table of 256 words for each byte of a step, the last byte's first. One array, so that one check of its kind does for all. */
const TABLE = makeTable();

function makeTable(): Int32Array {
  const table = new Int32Array(STEP * 256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    table[i] = value;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256]!;
    table[i] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
}

/** The checksum of `length` bytes from `start`, as an unsigned number. */
export function crc32(bytes: Uint8Array, start = 0, length = bytes.length - start): number {
  const table = TABLE;
  const end = start + length;
  let crc = -1;
  let i = start;
  for (; i + STEP <= end; i += STEP) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      table[1792 + (crc & 255)]! ^
      table[1536 + ((crc >>> 8) & 255)]! ^
      table[1280 + ((crc >>> 16) & 255)]! ^
      table[1024 + (crc >>> 24)]! ^
      table[768 + bytes[i + 4]!]! ^
      table[512 + bytes[i + 5]!]! ^
      table[256 + bytes[i + 6]!]! ^
      table[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}
