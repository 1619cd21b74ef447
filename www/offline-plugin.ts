// figure.html: a figure with everything that it needs in one file, for the page to put a program into and save. It is made of
// embed.html by a build of its own, in which every address is what lies there.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type Plugin, type Rolldown, type UserConfig, build } from 'vite';

const here = (path: string) => decodeURIComponent(new URL(path, import.meta.url).pathname);

/** What is otherwise in a single file. */
const replaced: Plugin = {
  name: 'systole-one-file',
  enforce: 'pre',
  resolveId: (id) => (id === './new-worker' ? here('src/offline/new-worker.ts') : null),
  // The rest comes with the first part, so that no worker has to fetch it: there is no second copy of it.
  load: (id) => (id.includes('systole_rest.wasm?url') ? "export default '';" : null),
};

export function offline(config: UserConfig): Plugin {
  return {
    name: 'systole-offline',
    apply: 'build',
    async closeBundle() {
      const built = (await build({
        ...config,
        configFile: false,
        logLevel: 'warn',
        plugins: [replaced],
        worker: { format: 'iife', plugins: () => [replaced] },
        build: {
          write: false,
          target: 'es2022',
          assetsInlineLimit: Number.MAX_SAFE_INTEGER,
          cssCodeSplit: false,
          modulePreload: false,
          rolldownOptions: { input: here('src/offline/entry.ts'), output: { format: 'iife' } },
        },
      })) as Rolldown.RolldownOutput;
      await writeFile(here('../dist/figure.html'), fileOf(built.output));
    },
  };
}

function fileOf(output: Rolldown.RolldownOutput['output']): string {
  const script = output.flatMap((part) => (part.type === 'chunk' ? [part.code] : [])).join('\n');
  const style = output.flatMap((part) =>
    part.type === 'asset' && part.fileName.endsWith('.css') ? [part.source] : [],
  );
  // What ends an element, or begins a comment, may stand in a string only.
  const safe = script.trim().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(safe)}' 'wasm-unsafe-eval'`,
    "style-src 'unsafe-inline'",
    'worker-src blob:',
    'connect-src data:',
    // Its own pictures, on their way to a PNG.
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return readFileSync(here('embed.html'), 'utf8')
    .replace(/ *<link rel="icon"[^>]*>\n/, '')
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${style.join('\n')}</style>`)
    .replace(/ *<script type="module"[^>]*><\/script>\n/, '')
    .replace('<meta charset="utf-8" />', (charset) => `${charset}\n    ${policyElement(policy.join('; '))}`)
    .replace(
      '</body>',
      () => `<script type="application/json" id="content"></script>\n<script>${safe}</script>\n  </body>`,
    );
}

function policyElement(policy: string): string {
  return `<meta http-equiv="Content-Security-Policy" content="${policy}" />`;
}

function hashOf(script: string): string {
  return `sha256-${createHash('sha256').update(script).digest('base64')}`;
}
