// Which input of a run holds digits, for a pad that is loaded only if there is one.

import type { Input, Report } from './protocol';

/** Small enough for the page to have its values, and as wide as a digit has pixels. */
export function digitsOf(report: Report): Input | undefined {
  return report.inputs.find(
    ({ dtype, shape, path, values }) => dtype === 'i8' && shape.length === 2 && shape[1] === 64 && path && values,
  );
}
