// A run's report as JSON, and as a table for spreadsheets: one line a counter, as deep names as the report has.

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const HEAD = ['of', 'name', 'line', 'counter', 'value'];

export function jsonOf(report: object): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** By RFC 4180. Values of outputs are no counters. */
export function csvOf(report: object): string {
  const { ops = [], units = [], outputs: _, ...run } = report as Record<string, Json>;
  const rows = [
    ...counters(run).map((each) => ['run', '', '', ...each]),
    ...listed(units).flatMap((unit) => numbers(unit).map((each) => ['unit', text(unit['name']), '', ...each])),
    ...listed(ops).flatMap((op) =>
      numbers(op).map((each) => ['operator', text(op['name']), text(op['line']), ...each]),
    ),
  ];
  return [HEAD, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}

type Listed = { [key: string]: Json };

function listed(value: Json): Listed[] {
  return Array.isArray(value) ? (value as Listed[]) : [];
}

/** What is not already in a column of its own. */
function numbers({ name: _, line: __, ...rest }: Listed): [string, string][] {
  return counters(rest);
}

function counters(value: Json, path = ''): [string, string][] {
  if (value === null) return [];
  if (typeof value !== 'object') return [[path, text(value)]];
  return Object.entries(value).flatMap(([key, inner]) => counters(inner as Json, path === '' ? key : `${path}.${key}`));
}

function text(value: Json | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}

/** A name from a program must be no formula where it is opened. */
function cell(value: string): string {
  const safe = /^[=+@\t\r-]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
