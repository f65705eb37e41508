// Numbers in words.

/**
 * A whole number with commas.
 * @param {number} count
 */
export function countText(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ","); // `toLocaleString` takes a hundred times as long
}

/**
 * 1234567 as `1.23 M`; below 10,000 all digits.
 * @param {number} number
 * @param {string[]} units
 * @param {number} base
 */
function scaled(number, units, base) {
  if (number < 10 * base) return `${countText(number)} ${units[0]}`;
  let power = 0;
  let rest = number;
  while (rest >= base && power < units.length - 1) {
    rest /= base;
    power += 1;
  }
  return `${rest >= 100 ? Math.round(rest) : rest.toPrecision(3)} ${units[power]}`;
}

/** @param {number} number */
export function flopsText(number) {
  return scaled(number, [number === 1 ? "FLOP" : "FLOPs", "kFLOPs", "MFLOPs", "GFLOPs", "TFLOPs"], 1000);
}

/** @param {number} number */
export function bytesText(number) {
  return scaled(number, ["bytes", "KiB", "MiB", "GiB", "TiB"], 1024);
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function counted(count, noun) {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}
