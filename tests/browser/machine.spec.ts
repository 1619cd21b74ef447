// The machine around the array: where the cycles went, and what each unit did.

import { expect, test } from './page.ts';

/** The numbers of a column of a table. */
async function column(rows: { allInnerTexts(): Promise<string[]> }): Promise<number[]> {
  return (await rows.allInnerTexts()).map((text) => Number(text.replaceAll(',', '')));
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

test('every cycle is in one class, in total and by operator', async ({ app, page }) => {
  await app.open();
  const legend = page.locator('#cycles .legend').first();
  await expect(legend.getByRole('row', { name: /^weight stall/ })).toContainText('14');
  expect(sum(await column(legend.locator('td:nth-child(2)')))).toBe(60);
  await app.chooseDigits();
  expect(sum(await column(legend.locator('td:nth-child(2)')))).toBe(862);
  const operators = page.locator('#cycles h3 + .legend');
  await expect(operators.getByRole('row')).toHaveCount(2);
  expect(sum(await column(operators.locator('td')))).toBe(862);
});

test('a lane a unit: the timeline seeks where it is clicked, and its cursor follows', async ({ app, page }) => {
  await app.open();
  const lanes = page.locator('#lanes');
  const box = (await lanes.boundingBox())!;
  const gutter = 100;
  const at = (cycle: number) => box.x + gutter + ((box.width - gutter) * cycle) / 60;
  await page.mouse.click(at(30), box.y + 20);
  await app.shows(30);
  await page.mouse.move(at(30), box.y + 20);
  await page.mouse.down();
  await page.mouse.move(at(45), box.y + 20);
  await page.mouse.up();
  await app.shows(45);
  const cursor = (await page.locator('#now').boundingBox())!;
  expect(Math.abs(cursor.x + cursor.width / 2 - at(45))).toBeLessThan(2);
  // Names are no place in time.
  await page.mouse.click(box.x + 20, box.y + 20);
  await app.shows(45);

  await page.getByText('How busy each unit was').click();
  const units = page.getByRole('table', { name: 'Cycles in which each unit was busy' });
  await expect(units.getByRole('rowheader')).toHaveText([
    'DMA in 0',
    'weight fetch 0',
    'weight load 0',
    'matrix 0',
    'vector 0',
    'DMA out 0',
  ]);
});
