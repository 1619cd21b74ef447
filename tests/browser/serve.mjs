// Serves dist/ and nothing else. `--base /some/where/` puts it below a path, as a host may; `--port N` chooses the
// first port to try.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(new URL('../../dist', import.meta.url)));
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const base = option('base', '/');
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.systole': 'text/plain; charset=utf-8',
};

async function fileOf(url) {
  const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  if (!path.startsWith(base)) return null;
  const file = join(root, normalize(`/${path.slice(base.length)}`));
  const found = await stat(file).catch(() => null);
  if (found?.isDirectory()) return join(file, 'index.html');
  return found ? file : null;
}

const server = createServer(async (request, response) => {
  const file = await fileOf(request.url ?? '/').catch(() => null);
  if (!file) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    return;
  }
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'cache-control': 'no-cache',
  });
  createReadStream(file)
    .on('error', () => response.destroy())
    .pipe(response);
});

let port = Number(option('port', '8080'));
server.on('error', (error) => {
  if (error.code !== 'EADDRINUSE' || process.argv.includes('--exact')) throw error;
  server.listen(++port, '127.0.0.1');
});
server.on('listening', () => console.log(`  serving dist/ at http://127.0.0.1:${port}${base} (Ctrl+C ends it)`));
server.listen(port, '127.0.0.1');
