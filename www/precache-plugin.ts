// The list of files that the service worker keeps, put into it when all of them have been written.

import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Plugin } from 'vite';

export const SERVICE_WORKER = 'service-worker';
/** What no page asks for: pictures for other sites' links. */
const LEFT_OUT = new Set([`${SERVICE_WORKER}.js`, 'og.png']);

export function precache(folder: string): Plugin {
  return {
    name: 'systole-precache',
    apply: 'build',
    closeBundle: { order: 'post', sequential: true, handler: () => writeList(folder) },
  };
}

/** Puts the list of a built site's files, as they are now, into its service worker. */
export async function writeList(folder: string): Promise<void> {
  const path = `${folder}/${SERVICE_WORKER}.js`;
  const code = await readFile(path, 'utf8');
  const list = /JSON\.parse\((['"`])(.*?)\1\)/.exec(code);
  if (!list) throw new Error(`${path} has no place for its list`);
  const files = JSON.stringify(await filesIn(folder));
  await writeFile(
    path,
    code.replace(list[0], () => `JSON.parse('${files}')`),
  );
}

/** Paths, in their order, with the first 64 bits of each file's SHA-256. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !LEFT_OUT.has(path))
    .sort();
  const sums = paths.map(async (path) => [path, sumOf(await readFile(`${folder}/${path}`))] as const);
  return Object.fromEntries(await Promise.all(sums));
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
