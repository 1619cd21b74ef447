// package.mjs OUT: writes the npm package into a folder, from target/wasm and dist/, but for its module, which build.sh adds.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [out] = process.argv.slice(2);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
cpSync(join(ROOT, 'www/package'), out, { recursive: true });
cpSync(join(ROOT, 'target/wasm/systole_bg.js'), join(out, 'systole_bg.js'));
cpSync(join(ROOT, 'dist'), join(out, 'site'), { recursive: true });
cpSync(join(ROOT, 'dist/systole.js'), join(out, 'element.js'));
for (const name of ['LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT']) cpSync(join(ROOT, name), join(out, name));
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);

function manifest() {
  const repository = crate('repository');
  return {
    name: 'systole',
    version: crate('version'),
    description: crate('description'),
    license: `(${crate('license')})`,
    keywords: ['systolic', 'tpu', 'simulator', 'accelerator', 'wasm'],
    ...(repository ? { repository: { type: 'git', url: repository } } : {}),
    type: 'module',
    engines: { node: '>=20' },
    exports: {
      '.': { types: './index.d.ts', node: './node.js', default: './index.js' },
      './element': { types: './element.d.ts', default: './element.js' },
      './site/*': './site/*',
      './package.json': './package.json',
    },
    types: './index.d.ts',
    files: ['*.js', '*.d.ts', 'systole.wasm', 'site', 'LICENSE*'],
    sideEffects: ['./element.js', './site/**'],
  };
}

/** What the crate says of itself. */
function crate(key) {
  const text = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8');
  return new RegExp(`^${key} = "(.*)"$`, 'm').exec(text)?.[1];
}
