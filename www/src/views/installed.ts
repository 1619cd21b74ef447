// The site is kept in the browser, so that it is there without a network: see service-worker/.

/** Beside others' pages nothing is kept, nor where browsers do not allow it. */
export function keepSite(): void {
  if (import.meta.env.DEV || self !== top || !('serviceWorker' in navigator) || !isSecureContext) return;
  // Without it the page is what it was.
  navigator.serviceWorker.register(new URL('service-worker.js', siteOf(document.baseURI))).catch(() => {});
}

/** Where the site lies, seen from one of its pages. */
function siteOf(page: string): URL {
  return new URL(/\/docs\/[^/]*$/.test(new URL(page).pathname) ? '..' : '.', page);
}
