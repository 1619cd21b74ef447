// Bytes for people, everywhere in the units in which chips give the sizes of their memories.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** In up to four figures, with the largest unit of which there is at least one. */
export function bytes(count: number): string {
  const figures = (value: number) => Number(value.toPrecision(4));
  let [value, unit] = [Math.round(count), 0];
  // What is rounded to 1024 of a unit is one of the next.
  for (; unit < UNITS.length - 1 && figures(value) >= 1024; unit++) value /= 1024;
  return `${figures(value)} ${UNITS[unit]}`;
}
