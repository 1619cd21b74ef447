// What can be measured of a run and held against another one's.

import { grouped } from '../../dom';
import { bytes } from '../bytes';
import type { Result } from './lone';

/** Whether less or more of it is better, if that can be said. */
export type Better = 'less' | 'more' | null;

export interface Measure {
  name: string;
  better: Better;
  show(value: number): string;
  /** Null: the run has no such thing. */
  of(result: Result): number | null;
}

export interface Group {
  title: string;
  measures: Measure[];
}

/** Of whole runs. */
export function wholeOf(results: Result[]): Measure[] {
  // A chip's common memory holds what lies in DRAM elsewhere.
  const memory = results.some(({ report }) => report.inCommonMemory) ? 'memory' : 'DRAM';
  return [
    measure('cycles', 'less', count, ({ report }) => report.cycles),
    measure('time', 'less', time, ({ figures }) => figures.seconds),
    measure('utilization', 'more', percent, ({ report }) => report.utilization),
    measure(`${memory} read`, 'less', bytes, ({ figures }) => figures.read),
    measure(`${memory} written`, 'less', bytes, ({ figures }) => figures.written),
    measure('MACs', null, count, ({ report }) => report.macs),
    measure('MACs of padding', 'less', count, ({ report }) => report.paddingMacs),
  ];
}

/** Everything that one of some runs has. */
export function groupsOf(results: Result[]): Group[] {
  const spent = results.flatMap(({ report }) => report.classShares.filter(({ cycles }) => cycles > 0));
  const classes = unique(spent.map(({ title }) => title));
  const ops = unique(results.flatMap(({ report }) => report.ops.map(({ name }) => name)));
  return [
    { title: 'The run', measures: wholeOf(results) },
    { title: 'Where the cycles went', measures: classes.map(classOf) },
    { title: 'From start to end of each operator', measures: ops.slice(0, MOST_OPS).map(opOf) },
  ].filter(({ measures }) => measures.length > 0);
}

/** Operators in a table. */
const MOST_OPS = 200;

function classOf(title: string): Measure {
  const of = ({ report }: Result) => report.classShares.find((share) => share.title === title)?.cycles ?? 0;
  return measure(title, title === 'active' ? null : 'less', count, of);
}

/** Of several of one name, all together. */
function opOf(name: string): Measure {
  return measure(name, 'less', count, ({ report }) => {
    const ops = report.ops.filter((op) => op.name === name);
    return ops.length === 0 ? null : ops.reduce((sum, { start, end }) => sum + end - start, 0);
  });
}

function measure(name: string, better: Better, show: Measure['show'], of: Measure['of']): Measure {
  return { name, better, show, of };
}

/** Which of two is better, in a word. */
export function verdict(better: Better, before: number, after: number): 'better' | 'worse' | 'same' | '' {
  if (before === after) return 'same';
  if (better === null) return '';
  return after < before === (better === 'less') ? 'better' : 'worse';
}

/** How many times as much. */
export function ratio(before: number, after: number): string {
  if (before === 0) return after === 0 ? '1×' : 'from 0';
  if (after === 0) return 'to 0';
  const times = after / before;
  const digits = times >= 100 ? 0 : times >= 10 ? 1 : 2;
  // What is hardly another is not shown as the same.
  if (times !== 1 && times.toFixed(digits) === '1.00') return times > 1 ? '>1×' : '<1×';
  return times < 0.01 && times > 0 ? '<0.01×' : `${times.toFixed(digits)}×`;
}

function unique(names: string[]): string[] {
  return [...new Set(names)];
}

/** In full as long as it is short. */
function count(value: number): string {
  return value < 1e7 ? grouped(value) : scaled(value, ['', ' k', ' M', ' G', ' T', ' P'], 1000);
}

function time(seconds: number): string {
  return scaled(seconds * 1e9, [' ns', ' µs', ' ms', ' s'], 1000);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}

/** With the largest unit of which there is at least one. */
function scaled(value: number, units: string[], step: number): string {
  let at = 0;
  for (; at < units.length - 1 && value >= step; at++) value /= step;
  return `${Number.isInteger(value) ? value : value.toPrecision(4)}${units[at]}`;
}
