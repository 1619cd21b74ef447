// Modules are published deflated: as small from any host, whether it packs what it sends or not.

/** A module's bytes as they arrive. */
export async function fetchModule(url: string): Promise<Response> {
  // Its name changes with what is in it: whatever the host says, what is there is right, for each figure of a page.
  const response = await fetch(url, { cache: import.meta.env.DEV ? 'default' : 'force-cache' });
  if (!response.ok || !response.body) throw new Error(`the module could not be loaded (${response.status})`);
  const bytes = response.body.pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(bytes, { headers: { 'Content-Type': 'application/wasm' } });
}
