// Every example of the list, one after the other. The longest of all tests begins early.

import { expect, test } from './page.ts';

test('every example that is offered runs as it is offered', async ({ app, page }) => {
  test.setTimeout(180_000);
  await app.open();
  const options = page.locator('#example option');
  const names = await options.evaluateAll((all) => all.map((option) => (option as HTMLOptionElement).value));
  expect(names.length).toBeGreaterThan(25);
  let shown = '';
  for (const name of names.slice(1)) {
    await page.locator('#example').selectOption(name);
    await expect(page.locator('#counts'), name).not.toHaveText(shown, { timeout: 60_000 });
    await app.ready();
    await expect(page.locator('#problems li.error'), name).toHaveCount(0);
    shown = await page.locator('#counts').innerText();
  }
});
