// A module of its own for what few visitors need: the chip's form, reading chip files, formatting programs, answers to the
// editor, words for what is wrong with a program.

import script from 'systole-wasm/systole_files.js?url';
import wasmUrl from 'systole-wasm/systole_files_bg.wasm.deflate?url';

import { fetchModule } from './unpack';
import type { Answers, Calls, Chip, ChipForm, Diagnostic, Pass } from './protocol';

type Extras = typeof import('systole-wasm/systole_files.js');

let failures = 0;

async function extras(): Promise<Extras> {
  try {
    // A browser may remember that an address gave no script: the next try has another one.
    const again = failures > 0 ? `?${failures}` : '';
    const module = (await import(/* @vite-ignore */ script + again)) as Extras;
    await module.default({ module_or_path: fetchModule(wasmUrl) });
    return module;
  } catch (error) {
    failures += 1;
    throw error;
  }
}

/** A chip file's words, or what is wrong with it. */
export async function readChipFile(text: string): Promise<{ words: string[]; problems: string[] }> {
  const { ChipFile } = await extras();
  const file = new ChipFile(text);
  const { words, problems } = file;
  file.free();
  return { words, problems };
}

/** A chip with every field; null if its base cannot be read. */
export async function chipForm({ base, words, changes }: Chip): Promise<ChipForm | null> {
  const { chipForm } = await extras();
  return (chipForm(base, words, Object.keys(changes), Object.values(changes)) as ChipForm | undefined) ?? null;
}

/** A program in the one style; null if it has errors. */
export async function formatProgram(text: string): Promise<string | null> {
  const { formatProgram } = await extras();
  return formatProgram(text) ?? null;
}

/** What stands at a place of a program, where it is defined, or what could be written there; null if there is nothing. */
export async function answerTo<Question extends keyof Answers>(
  question: Question,
  text: string,
  offset: number,
): Promise<Answers[Question] | null> {
  const module = await extras();
  return module[question](text, offset) as Answers[Question] | null;
}

/** Findings in a program, with words for those that came without. */
export async function explained(text: string, found: Diagnostic[]): Promise<Diagnostic[]> {
  return worded(found, async () => (await extras()).explain(text) as Diagnostic[]);
}

/** The same of an assembly, on a chip. */
export async function assemblyExplained(text: string, chip: Chip, found: Diagnostic[]): Promise<Diagnostic[]> {
  const { base, words, changes } = chip;
  const [keys, values] = [Object.keys(changes), Object.values(changes)];
  return worded(found, async () => (await extras()).explainAssembly(text, base, words, keys, values) as Diagnostic[]);
}

/** What each pass of the compiler does with a program, in words; nothing of one that is not right. */
export async function passes(text: string, chip: Chip, without: string[]): Promise<Pass[] | undefined> {
  return compiling(text, chip, without, (compilation) => compilation.passes() as Pass[] | undefined);
}

/** What one pass changes of a program's plan. */
export async function passEffect(
  text: string,
  chip: Chip,
  without: string[],
  pass: number,
): Promise<Calls['passEffect']['answer']> {
  return compiling(text, chip, without, (it) => it.effect(pass) as Calls['passEffect']['answer']);
}

async function compiling<Answer>(
  text: string,
  { base, words, changes }: Chip,
  without: string[],
  ask: (compilation: InstanceType<Extras['Compilation']>) => Answer,
): Promise<Answer> {
  const { Compilation } = await extras();
  const it = new Compilation(text, base, words, Object.keys(changes), Object.values(changes), without);
  try {
    return ask(it);
  } finally {
    it.free();
  }
}

async function worded(found: Diagnostic[], words: () => Promise<Diagnostic[]>): Promise<Diagnostic[]> {
  const place = ({ severity, from, to }: Diagnostic) => `${severity} ${from} ${to}`;
  const bare = found.filter(({ message }) => message === '');
  if (bare.length === 0) return found;
  // Where there are no words to be had, the places are known all the same.
  const known = await words().catch(() => []);
  const places = new Set(bare.map(place));
  const told = known.filter((finding) => places.has(place(finding)));
  for (const finding of told) places.delete(place(finding));
  const untold = bare.filter((finding) => places.has(place(finding)));
  const all = [...found.filter(({ message }) => message !== ''), ...told, ...untold.map(unexplained)];
  return all.sort((a, b) => a.from - b.from || a.to - b.to);
}

function unexplained(finding: Diagnostic): Diagnostic {
  const hint = 'what could not be loaded is tried again with the next edit';
  return { ...finding, message: 'this is not right, but the part of the page that explains it did not come', hint };
}
