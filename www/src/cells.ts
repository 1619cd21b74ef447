// The array for those who do not see it: a table of cells around the selected PE, moved through with the arrow keys.

import { byId, make, opColour } from './dom';
import type { Cell, Frame, Pe } from './protocol';

export class Cells {
  private readonly table = make('table', { role: 'grid', 'aria-labelledby': 'cells-title' });
  private cells: HTMLTableCellElement[] = [];
  private shape = '';
  private selected: Pe = { row: 0, col: 0 };
  /** Where keys have led that no frame has shown yet: they may come faster than frames. */
  private wanted: Pe | null = null;
  private size = { rows: 1, cols: 1 };

  constructor(private readonly select: (pe: Pe) => void) {
    byId('cells').append(this.table);
    this.table.addEventListener('keydown', (event) => this.key(event));
    this.table.addEventListener('click', (event) => {
      const cell = (event.target as Element).closest<HTMLElement>('td');
      if (cell) this.select({ row: Number(cell.dataset['row']), col: Number(cell.dataset['col']) });
    });
  }

  /** A PE has been chosen, here or elsewhere. */
  want(pe: Pe): void {
    this.wanted = pe;
  }

  /** The PE so many rows and columns from the one that is or will be selected; at the array's edge, the one there. */
  near(rows: number, cols: number): Pe {
    const { row, col } = this.wanted ?? this.selected;
    return this.within({ row: row + rows, col: col + cols });
  }

  /** A PE, or the nearest one that there is. */
  within({ row, col }: Pe): Pe {
    const clamp = (value: number, most: number) => Math.max(0, Math.min(most - 1, value));
    return { row: clamp(row, this.size.rows), col: clamp(col, this.size.cols) };
  }

  setSize(rows: number, cols: number): void {
    this.size = { rows, cols };
    this.wanted = null;
    this.table.setAttribute('aria-rowcount', String(rows));
    this.table.setAttribute('aria-colcount', String(cols));
  }

  show({ window, selected }: Frame): void {
    const focused = this.table.contains(document.activeElement);
    this.selected = selected;
    if (this.wanted?.row === selected.row && this.wanted.col === selected.col) this.wanted = null;
    this.build(window.rows, window.cols);
    this.table.querySelectorAll('thead th').forEach((th, at) => {
      th.textContent = String(window.col + at);
    });
    this.table.querySelectorAll('tbody tr').forEach((tr, at) => {
      tr.setAttribute('aria-rowindex', String(window.row + at + 1));
      tr.firstElementChild!.textContent = String(window.row + at);
    });
    window.cells.forEach((cell, at) => {
      const row = window.row + Math.floor(at / window.cols);
      const col = window.col + (at % window.cols);
      const isSelected = row === selected.row && col === selected.col;
      fill(this.cells[at]!, cell, row, col, isSelected);
      if (isSelected && focused) this.cells[at]!.focus({ preventScroll: true });
    });
  }

  /** The same nodes serve every cycle, so that focus stays. */
  private build(rows: number, cols: number): void {
    const shape = `${rows} x ${cols}`;
    if (shape === this.shape) return;
    this.shape = shape;
    const columns = Array.from({ length: cols }, () => make('th', { scope: 'col' }));
    this.cells = Array.from({ length: rows * cols }, () => make('td', { role: 'gridcell', tabindex: '-1' }));
    const body = Array.from({ length: rows }, (_, row) =>
      make('tr', {}, make('th', { scope: 'row' }), ...this.cells.slice(row * cols, (row + 1) * cols)),
    );
    const corner = make('td', {});
    this.table.replaceChildren(make('thead', {}, make('tr', {}, corner, ...columns)), make('tbody', {}, ...body));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, () => Pe> = {
      ArrowUp: () => this.near(-1, 0),
      ArrowDown: () => this.near(1, 0),
      ArrowLeft: () => this.near(0, -1),
      ArrowRight: () => this.near(0, 1),
      PageUp: () => this.near(-8, 0),
      PageDown: () => this.near(8, 0),
      Home: () => this.near(0, -Infinity),
      End: () => this.near(0, Infinity),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this.select(step());
  }
}

function fill(td: HTMLTableCellElement, cell: Cell, row: number, col: number, selected: boolean): void {
  const works = cell.colour !== null;
  const shown = cell.psum ?? product(cell) ?? cell.weight;
  td.textContent = shown === null ? '·' : String(shown);
  td.className = cell.psum === null && !works ? 'rests' : 'works';
  td.classList.toggle('long', td.textContent.length > 4);
  td.style.setProperty('--cell', opColour(cell.colour));
  td.tabIndex = selected ? 0 : -1;
  td.setAttribute('aria-selected', String(selected));
  td.setAttribute('aria-colindex', String(col + 1));
  td.setAttribute('aria-label', describe(cell, row, col));
  const registers = { row, col, act: cell.act, weight: cell.weight, shadow: cell.shadow, psum: cell.psum };
  for (const [name, value] of Object.entries(registers)) td.dataset[name] = value === null ? '' : String(value);
}

/** What a PE multiplies, where the numbers are not known. */
function product({ act, weight }: Cell): string | null {
  return typeof act === 'string' ? `${act} × ${weight}` : null;
}

function describe(cell: Cell, row: number, col: number): string {
  const both = cell.psum === null ? product(cell) : null;
  const registers = [
    ['multiplies', both],
    ['activation', both ? null : cell.act],
    ['weight', both ? null : cell.weight],
    ['shadow', cell.shadow],
    ['sum', cell.psum],
  ] as const;
  const held = registers.filter(([, value]) => value !== null).map(([name, value]) => `${name} ${value}`);
  return `PE ${row}, ${col}: ${held.join(', ') || 'empty'}`;
}
