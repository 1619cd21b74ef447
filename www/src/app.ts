// The workbench: holds what the user has typed and chosen, and passes messages between the controls and the worker.

import { showAnswer } from './answer';
import { Bench } from './bench';
import { Cells } from './cells';
import { ChipDesk, sameChip, tabs } from './chip';
import { button, byId, grouped, make, opColour } from './dom';
import { type Editor, utf8Bytes } from './editor';
import { showCycles } from './cycles';
import { digitsOf } from './digits';
import { Engine } from './engine';
import { arrayOf, type Example, EXAMPLES, isFirst, programOf } from './examples';
import { download, FileDesk } from './files';
import { type Deed, History } from './history';
import { actionOf } from './keys';
import { notice } from './notices';
import type { Figure } from './link';
import type { Pad } from './pad';
import { PlainEditor } from './plain-editor';
import type {
  Assembled,
  Checked,
  Chip,
  Diagnostic,
  Edit,
  Frame,
  FromWorker,
  Limits,
  Pe,
  Report,
  View,
} from './protocol';
import { Speaker } from './speak';
import { onPresence } from './presence';
import { claimTab, type Draft, keepDraft, keepExample, keptFiles, otherDrafts, ownDraft, shelveDraft } from './storage';
import { keepTheme, keptTheme, systemTheme, type Theme } from './theme';
import { Transport } from './transport';
import { verdictOn } from './verdict';

/** What a link brings: a figure, whose program and chip are as it says unless they were changed before a reload. */
interface Link {
  figure: Figure;
  unchanged: boolean;
}

/** While playing, words are changed no sooner than this after they were; milliseconds. */
const READ = 100;

export class App {
  private readonly root = document.documentElement;
  private readonly chooser = byId<HTMLSelectElement>('example');
  private readonly engine = new Engine(
    { picture: byId('canvas-host'), timeline: byId('lanes') },
    () => this.view(),
    (message) => this.hear(message),
  );
  private readonly transport = new Transport((cycle, over) => {
    this.engine.seek(cycle, over);
    this.bench.moved(cycle);
  });
  private readonly desk = new ChipDesk(EXAMPLES[0]!.chip, {
    changed: (deed) => this.edited(deed),
    // What was changed of the chip before can be had again.
    replacing: () => shelveDraft(this.draft()),
    refused: (message) => notice(message),
    call: (name, ...args) => this.engine.call(name, ...args),
  });
  private readonly bench = new Bench({
    seek: (cycle) => this.transport.seek(cycle),
    arm: (next) => void this.transport.arm(next),
    turn: (move) => this.engine.turn(move),
    resize: () => this.engine.resize(),
    select: (pe) => this.select(this.cells.within(pe)),
    step: (rows, cols) => this.select(this.cells.near(rows, cols)),
    call: (name, ...args) => this.engine.call(name, ...args),
    pick: (op) => this.pick(op),
    showUnit: (unit) => this.engine.showUnit(unit),
    marks: () => this.marks,
    keepMarks: (marks) => {
      this.marks = marks;
      if (this.history.now) this.history.now.marks = marks;
      this.keep();
      this.bench.moved(this.bench.cycle);
    },
    text: () => this.editor.text(),
    assemble: (text) => this.assemble(text),
    run: () => this.run(),
    chip: () => this.desk.chip,
    change: ({ text, chip }) => this.change(text, chip),
    openExample: (example) => void this.openExample(example),
    draft: () => this.draft(),
    figure: () => this.figure(),
    ownArrays: () => this.loads.filter((path) => this.files.has(path)),
    arrays: () =>
      this.loads.flatMap((path): [string, Uint8Array][] => {
        const bytes = this.engine.file(path);
        return bytes ? [[path, bytes]] : [];
      }),
    openDraft: (draft) => void this.openDraft(draft),
    chips: () => this.desk.presets,
    dress: (theme) => this.applyTheme(theme),
    takeChip: (base) => this.desk.choose(base),
    twin: (...args) => this.engine.twin(...args),
    module: () => this.engine.whole,
  });
  private readonly unit = byId<HTMLSelectElement>('unit');
  private readonly cells = new Cells((pe) => this.select(pe));
  private readonly history = new History();
  private readonly speaker = new Speaker();
  private readonly files = new FileDesk(() => this.limits, {
    array: (name, bytes) => this.takeArray(name, bytes),
    program: (name, text) => this.takeProgram(name, text),
    chip: (name, text) => this.desk.open(name, text),
    forget: (path) => this.forgetArray(path),
  });
  /** For drawing digits; loaded with the first run that reads some. */
  private pad: Promise<Pad> | null = null;
  private readonly plain = new PlainEditor(() => this.limits.textBytes, {
    ask: (question, text, offset) => this.engine.ask(question, text, offset),
    changed: (_, deed) => this.edited(deed),
    tooLong: (bytes) => this.tooLong(bytes),
    run: () => this.run(),
    undo: () => this.recall(-1),
    redo: () => this.recall(1),
    at: (line) => this.bench.pickLine(line),
  });
  private editor: Editor = this.plain;

  // Before the module answers, these stand for its limits.
  private limits: Limits = { textBytes: 256 * 1024, fileBytes: 64 * 1024 * 1024, chipBytes: 64 * 1024 };
  private example: Example = EXAMPLES[0]!;
  private original = '';
  /** Bookmarks, as they are kept: a view knows what they are. */
  private marks: unknown = [];
  /** Arrays of examples that are being or have been fetched, by path. */
  private readonly searches = new Map<string, Promise<boolean>>();
  private loads: string[] = [];
  /** Arrays as they were before something was drawn in them; null for those that come with the page. */
  private readonly beforeDrawing = new Map<string, Uint8Array | null>();
  /** How many texts have been asked for, and links: only the last one is opened. */
  private openings = 0;
  private links = 0;
  private running = false;
  /** The engine's count of file changes when the newest run was asked for. */
  private filesOfRun = 0;
  /** After a crash or a cancel: the next edit, or a click, starts a new worker. */
  private halted = false;
  private saidNotKept = false;
  /** To be played as soon as there is something to play. */
  private playFirst = false;
  /** An example that has just been chosen starts at its beginning. */
  private rewind = true;
  /** Whether what is there came by a link, and has not been changed: it is nobody's work here. */
  private lent = false;
  /** What a link shows of its first run. */
  private arrival: Figure | null = null;
  /** The first run of what was opened last; earlier ones, which may still come to their end, are of something else. */
  private opened = 0;
  /** Whether the run shown has no values. */
  private unvalued = false;
  /** The operator in the selected PE, if its numbers are not known. */
  private computable: number | null = null;
  /** The cycle before anything enters an array. */
  private opens = 0;
  private furnished = false;
  /** A PE was pointed at: the operator at work there is picked as soon as it is known. */
  private picking = false;
  /** The newest frame, when words last told of one, and the timer that will. */
  private untold: Frame | null = null;
  private told = 0;
  private telling: ReturnType<typeof setTimeout> | undefined;
  private cancelTimer: ReturnType<typeof setTimeout> | undefined;

  async start(): Promise<void> {
    tabs((name) => name === 'chip' && this.desk.openForm());
    this.applyTheme(keptTheme() ?? systemTheme());
    this.listen();
    this.engine.prepare();
    void this.enrich();
    await claimTab();
    this.listExamples();
    for (const [path, bytes] of await keptFiles()) {
      this.engine.setFile(path, bytes);
      this.files.enlist(path);
    }
    const draft = ownDraft() ?? otherDrafts()[0]?.draft ?? null;
    if (await this.openLink(location.hash)) this.playFirst = false;
    else if (draft) await this.openDraft(draft);
    else {
      this.playFirst = !matchMedia('(prefers-reduced-motion: reduce)').matches;
      await this.openExample(this.example);
    }
    await this.startEngine();
    // The page may have written the address of its own figure over it meanwhile.
    addEventListener('hashchange', ({ newURL }) => void this.openLink(new URL(newURL).hash));
  }

  /** What is shown of a run besides its picture comes after it. */
  private async furnish(): Promise<void> {
    if (this.furnished) return;
    this.furnished = true;
    try {
      const { furnish } = await import('./views');
      await furnish(this.bench);
      // Only when all of it has its size, and the worker has drawn it.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      await this.engine.call('lanesOf').catch(() => undefined);
      this.root.dataset['furnished'] = '';
    } catch {
      this.furnished = false;
      notice('A part of the page could not be loaded; the next run tries again.');
    }
  }

  /** CodeMirror is a third of the whole page, and comes when somebody needs it. */
  private async enrich(): Promise<void> {
    await this.plain.wanted;
    try {
      this.editor = await this.plain.upgrade();
    } catch {
      notice('The editor could not be loaded; the plain one works as well.');
    }
  }

  // --- What the user does ---------------------------------------------------------------------------------------

  private listen(): void {
    this.chooser.addEventListener('change', () => void this.choose(this.chooser.value));
    byId('keep').addEventListener('click', () => this.bench.act('programs'));
    byId('reset').addEventListener('click', () => void this.openExample(this.example));
    byId('format').addEventListener('click', () => void this.format());
    byId('save').addEventListener('click', () =>
      download(`${this.example.name.split('/').pop()}.systole`, this.editor.text()),
    );
    byId('theme').addEventListener('click', () => {
      const theme = this.root.dataset['theme'] === 'dark' ? 'light' : 'dark';
      keepTheme(theme);
      this.applyTheme(theme);
    });
    for (const name of ['help', 'commands', 'undo', 'redo', 'share'] as const) {
      byId(name).addEventListener('click', () => this.bench.act(name));
    }
    this.offer();
    byId('cancel').addEventListener('click', () => this.stopped('The run was cancelled.'));
    byId('compute').addEventListener('click', () => {
      if (this.computable !== null) this.engine.compute(this.computable);
    });
    byId('canvas-host').addEventListener('click', (event) => {
      const { left, top } = byId('canvas-host').getBoundingClientRect();
      const { magnified } = this.bench;
      this.engine.pick((event.clientX - left) / magnified, (event.clientY - top) / magnified);
    });
    const resized = new ResizeObserver(() => this.engine.resize());
    for (const id of ['canvas-host', 'lanes']) resized.observe(byId(id));
    this.unit.addEventListener('change', () => this.engine.showUnit(Number(this.unit.value)));
    addEventListener('keydown', (event) => this.key(event));
    onPresence(() => void this.engine.complete());
    void this.plain.wanted.then(() => this.engine.complete());
  }

  /** What keys and commands do; views offer more. */
  private offer(): void {
    const { bench, transport } = this;
    const click = (id: string) => () => byId(id).click();
    bench.offer({
      play: () => transport.toggle(),
      back: () => transport.step(-1),
      forward: () => transport.step(1),
      back10: () => transport.step(-10),
      forward10: () => transport.step(10),
      start: click('to-start'),
      end: click('to-end'),
      faster: () => transport.faster(1),
      slower: () => transport.faster(-1),
      run: () => this.run(),
      format: () => void this.format(),
      undo: () => this.recall(-1),
      redo: () => this.recall(1),
      programs: () => void this.later(async () => (await import('./views/programs')).programs(bench)),
      tour: () => void this.later(async () => (await (await import('./views/tour')).tour(bench)).focus()),
      share: () => void this.later(async () => (await import('./views/share')).share(bench)),
      present: () => void this.later(async () => (await import('./views/present')).present(bench)),
      commands: () => void this.later(async () => (await import('./views/palette')).palette(bench)),
      help: () => void this.later(async () => (await import('./views/help')).help(bench)),
    });
  }

  private key(event: KeyboardEvent): void {
    const action = actionOf(event);
    if (!action || !this.bench.can(action)) return;
    event.preventDefault();
    this.bench.act(action);
  }

  /** What few visitors ask for is loaded for them. */
  private async later(show: () => Promise<void>): Promise<void> {
    try {
      await show();
    } catch {
      notice('A part of the page could not be loaded; try again.');
    }
  }

  /** The run from where the arrays begin, for those who did not ask for less motion. */
  private watch(): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.transport.seek(this.opens);
    this.transport.play();
  }

  private select(pe: Pe): void {
    this.cells.want(pe);
    this.engine.select(pe);
  }

  /** An operator stands out wherever it is shown. */
  private pick(op: number | null): void {
    this.engine.mark(op);
    const { report } = this.bench;
    this.editor.mark(op === null || report?.assembly ? null : (report?.ops[op]?.line ?? null));
  }

  private change(text: string, chip: Chip): void {
    this.desk.set(chip);
    if (text === this.editor.text()) this.edited('done');
    else this.editor.respace(text);
  }

  private edited(deed: Deed): void {
    this.arrival = null;
    this.lent = false;
    this.record(deed);
    this.keep();
    this.run();
  }

  private record(deed: Deed): void {
    const { example, original, marks } = this;
    this.history.record({ text: this.editor.text(), chip: this.desk.chip, example, original, marks }, deed);
    this.showSteps();
  }

  private showSteps(): void {
    byId<HTMLButtonElement>('undo').disabled = !this.history.can(-1);
    byId<HTMLButtonElement>('redo').disabled = !this.history.can(1);
  }

  /** Undoes, or does again. */
  private recall(by: -1 | 1): void {
    const state = this.history.move(by);
    if (!state) return;
    this.openings++;
    this.arrival = null;
    const { text, chip, example } = state;
    if (example !== this.example) this.begin(example);
    this.original = state.original;
    this.marks = state.marks;
    this.desk.set(chip);
    if (text !== this.editor.text()) this.editor.revert(text);
    this.showSteps();
    this.keep();
    this.listExamples();
    this.run();
    this.opened = this.engine.newest;
  }

  /** An example is seen from its beginning, at its speed. */
  private begin(example: Example): void {
    this.example = example;
    this.rewind = true;
    this.transport.pause();
    this.transport.setSpeed(example.speed);
  }

  /** Brings the text into the one style, if it is still there when that is known. */
  private async format(): Promise<void> {
    const text = this.editor.text();
    try {
      const formatted = await this.engine.call('formatProgram', text);
      if (this.editor.text() !== text) return;
      if (formatted === undefined) notice('A program with errors cannot be formatted.');
      else if (formatted !== text) this.editor.respace(formatted);
    } catch {
      notice('The program could not be formatted: the simulator is not running.');
    }
  }

  private async choose(value: string): Promise<void> {
    const example = EXAMPLES.find((example) => example.name === value);
    if (example) {
      await this.openExample(example);
      return;
    }
    const draft = otherDrafts().find(({ key }) => key === value)?.draft;
    if (draft) await this.openDraft(draft);
  }

  private async openExample(example: Example): Promise<void> {
    const opening = ++this.openings;
    try {
      const text = await programOf(example);
      if (opening === this.openings) this.open(text, example, example.chip, text, [], null);
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error));
    }
  }

  private async openDraft(draft: Draft, link: Link | null = null): Promise<void> {
    const opening = ++this.openings;
    const example = EXAMPLES.find((example) => example.name === draft.example) ?? EXAMPLES[0]!;
    const original = await programOf(example).catch(() => '');
    if (opening === this.openings) this.open(draft.text, example, draft.chip, original, draft.marks, link);
  }

  /** Opens the figure of an address, if there is one. */
  private async openLink(hash: string): Promise<boolean> {
    if (hash.length < 2) return false;
    const { openings } = this;
    const link = ++this.links;
    try {
      const { draftOf, figureOf } = await import('./link');
      const figure = await figureOf(hash);
      if (!figure) return false;
      const linked = await draftOf(figure);
      // Something else has been asked for since.
      if (link !== this.links || openings !== this.openings) return true;
      // What was typed last before a reload, the address may not have yet.
      const own = (reloads() && !this.engine.alive && ownDraft()) || linked;
      const unchanged = own.text === linked.text && sameChip(own.chip, linked.chip);
      await this.openDraft(own, { figure, unchanged });
      return true;
    } catch (error) {
      notice(`The link could not be opened: ${error instanceof Error ? error.message : error}.`);
      return false;
    }
  }

  /** What is seen now, for a link. */
  private figure(): Figure {
    const { example, original, marks, bench } = this;
    const { text, chip } = this.draft();
    const { frame, cycle } = bench;
    return {
      example: example.name,
      text: text === original ? null : text,
      chip: sameChip(chip, example.chip) ? null : chip,
      cycle: cycle === this.opens ? null : cycle,
      pe: frame?.selected ?? null,
      unit: frame?.unit ?? 0,
      level: frame?.level ?? 0,
      speed: this.transport.speed === example.speed ? null : this.transport.speed,
      notation: bench.notation,
      span: bench.span,
      marks,
    };
  }

  /** Shows of a run what a link shows. */
  private arrive({ cycle, pe, unit, level, speed }: Figure): void {
    if (speed !== null) this.transport.setSpeed(speed);
    if (cycle !== null) this.transport.seek(cycle);
    // What was looked at before is no part of it.
    const { frame } = this.bench;
    this.select(this.cells.within(pe ?? { row: 0, col: 0 }));
    if (unit !== (frame?.unit ?? 0)) this.engine.showUnit(unit);
    if (level !== (frame?.level ?? 0)) this.engine.turn({ by: 'look', level, smooth: false });
  }

  /** Another text takes the place of what is there, which is put aside if it is anybody's work. */
  private open(text: string, example: Example, chip: Chip, original: string, marks: unknown, link: Link | null): void {
    if (this.isEdited()) shelveDraft(this.draft());
    this.lent = link?.unchanged ?? false;
    this.marks = marks;
    this.begin(example);
    this.original = original;
    this.desk.set(chip);
    this.editor.setText(text);
    this.record('done');
    this.keep();
    this.listExamples();
    this.run();
    this.opened = this.engine.newest;
    this.arrival = link && link.figure;
  }

  private takeProgram(name: string, text: string): void {
    const bytes = utf8Bytes(text, this.limits.textBytes);
    if (bytes > this.limits.textBytes) {
      this.tooLong(bytes);
      return;
    }
    this.openings++;
    this.open(text, this.example, this.desk.chip, this.original, [], null);
    notice(`${name} is open. Reset brings the example back.`);
  }

  private takeArray(name: string, bytes: Uint8Array): void {
    const path = this.loads.find((path) => path.split('/').at(-1) === name) ?? name;
    this.beforeDrawing.delete(path);
    this.engine.setFile(path, bytes);
    this.files.keep(path, bytes);
    if (!this.loads.includes(path)) notice(`${path} is here: use it with load("${path}").`);
    this.run();
  }

  private forgetArray(path: string): void {
    this.beforeDrawing.delete(path);
    this.searches.delete(path);
    this.engine.removeFile(path);
    this.run();
  }

  /** What was there before the first stroke: the user's own array, or the one that comes with the page. */
  private restore(path: string): void {
    const before = this.beforeDrawing.get(path);
    if (!before) {
      void this.files.forget(path);
      return;
    }
    this.engine.setFile(path, before);
    this.files.keep(path, before);
    this.run();
  }

  private tooLong(bytes: number): void {
    const limit = `more than the ${grouped(this.limits.textBytes)} of a program`;
    notice(`That text has ${grouped(bytes)} bytes, ${limit}. Nothing has changed; values belong in .npy files.`);
  }

  private draft(): Draft {
    const { marks, example } = this;
    return { text: this.editor.text(), chip: this.desk.chip, example: example.name, time: Date.now(), marks };
  }

  /** Whether there is anything that the example does not have already, or the link. */
  private isEdited(): boolean {
    if (this.lent) return false;
    return this.editor.text() !== this.original || !sameChip(this.desk.chip, this.example.chip);
  }

  /** Keeps the text for a reload, and what the user has changed for longer. */
  private keep(): void {
    const draft = this.draft();
    if (!this.isEdited()) {
      keepExample(draft);
      return;
    }
    if (!keepDraft(draft) && !this.saidNotKept) {
      this.saidNotKept = true;
      notice('This browser keeps nothing: the text will be gone after a reload. Save it as a file.');
    }
  }

  // --- What the worker says -------------------------------------------------------------------------------------

  private async startEngine(): Promise<void> {
    this.halted = false;
    try {
      // A worker that found a part missing would have to fetch it, and stand still meanwhile.
      if (!isFirst(this.editor.text(), this.desk.chip, this.arrival ?? this.figure())) await this.engine.complete();
      await this.engine.start();
      this.run();
    } catch (error) {
      this.curtain(`Systole could not start: ${error instanceof Error ? error.message : error}`, [
        button('Try again', () => void this.startEngine()),
      ]);
    }
  }

  private run(): void {
    if (this.halted) void this.startEngine();
    if (!this.engine.alive) return;
    this.begun();
    this.filesOfRun = this.engine.fileChanges;
    this.engine.run(this.editor.text(), this.desk.chip);
  }

  private begun(): void {
    byId('curtain').hidden = true;
    this.running = true;
    this.phase('running');
    clearTimeout(this.cancelTimer);
    this.cancelTimer = setTimeout(() => (byId('progress').hidden = !this.running), 300);
  }

  /** Runs an assembly in the program's place. */
  private async assemble(text: string): Promise<Assembled> {
    const before = this.root.dataset['phase'] ?? 'ready';
    const asked = this.engine.assemble(text);
    const id = this.engine.newest;
    if (this.engine.alive) this.begun();
    const assembled = await asked;
    if (!assembled.runs && id === this.engine.newest) {
      this.idle();
      this.phase(before === 'running' ? 'ready' : before);
    }
    return assembled;
  }

  private hear(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.limits = message.limits;
        this.desk.setPresets(message.presets);
        this.bench.version = message.version;
        break;
      case 'chip':
        this.desk.show(message.chip, message.state);
        break;
      case 'checked':
        if (message.id === this.engine.newest) void this.checked(message.id, message.checked);
        break;
      case 'progress':
        if (message.id === this.engine.newest) byId('progress').querySelector('progress')!.value = message.done;
        break;
      case 'ran':
        this.ran(message.id, message.report);
        if (message.id === this.engine.newest) {
          this.idle();
          this.phase('ready');
        }
        break;
      case 'frame':
        this.frame(message.frame);
        break;
      case 'activity':
        this.transport.setActivity(message.samples);
        break;
      case 'picked':
        if (!message.pe) break;
        this.select(message.pe);
        this.picking = true;
        break;
      case 'file':
        this.files.keepSoon(message.path, message.bytes);
        break;
      case 'refused':
        notice(message.message);
        if (message.id === this.engine.newest) this.idle();
        break;
      case 'crashed':
        console.warn(message.message);
        this.stopped(
          message.missing
            ? 'A part of the simulator could not be loaded. Your text is safe.'
            : 'The simulator stopped because of a mistake of its own. Your text is safe.',
        );
        break;
    }
  }

  private async checked(id: number, { diagnostics, tokens, loads, runs }: Checked): Promise<void> {
    this.loads = loads;
    const found = await this.fetchLoads(loads);
    if (found || this.filesOfRun !== this.engine.fileChanges) {
      // Unless something newer is under way, the same text now finds its files.
      if (id === this.engine.newest) this.run();
      return;
    }
    if (id !== this.engine.newest) return;
    this.editor.show(diagnostics, tokens);
    this.problems(diagnostics);
    // Before the first run there is no picture of one.
    byId('stale').hidden = runs || !this.bench.report;
    if (!runs) {
      this.idle();
      this.phase('error');
    }
  }

  /** Whether an array that was not there for this check has been found among those that come with the page. */
  private async fetchLoads(loads: string[]): Promise<boolean> {
    const absent = loads.filter((path) => !this.engine.hasFile(path));
    const found = await Promise.all(absent.map((path) => this.find(path)));
    return found.includes(true);
  }

  /** One search a path, also when several checks ask for it. */
  private find(path: string): Promise<boolean> {
    const search =
      this.searches.get(path) ??
      arrayOf(path).then((bytes) => {
        // What could not be had may be had the next time.
        if (!bytes) this.searches.delete(path);
        else if (!this.engine.hasFile(path)) this.engine.setFile(path, bytes);
        return bytes !== null;
      });
    this.searches.set(path, search);
    return search;
  }

  private mend(checked: string, edit: Edit): void {
    if (this.editor.text() === checked) this.editor.edit(edit);
  }

  private problems(diagnostics: Diagnostic[]): void {
    const text = this.editor.text();
    const region = byId('problems');
    region.hidden = diagnostics.length === 0;
    const items = diagnostics.map((d) => {
      const where = `line ${d.line}, column ${d.column}`;
      const go = button('', () => this.editor.goTo(d.from, d.to), { class: 'problem-link' });
      go.append(make('b', {}, d.severity), ` ${where}: ${d.message}`);
      if (d.hint) go.append(make('span', { class: 'hint' }, d.hint));
      const item = make('li', { class: d.severity }, go);
      const { edit } = d;
      // Places are those of the text that was checked.
      if (edit) item.append(button('Mend', () => this.mend(text, edit), { class: 'mend' }));
      return item;
    });
    region.querySelector('ol')!.replaceChildren(...items);
  }

  /** A run is shown, be it the newest or one that a newer text has overtaken. */
  private ran(id: number, report: Report): void {
    const first = id >= this.opened;
    const arrival = first ? this.arrival : null;
    byId('counts').textContent =
      `${grouped(report.cycles)} cycles · the last MAC after ${grouped(report.cyclesToLastMac)}` +
      (report.inCommonMemory ? ' · all in the common memory, nothing in DRAM' : '');
    const verdict = byId('verdict');
    [verdict.textContent, verdict.className] = verdictOn(report);
    this.unvalued = report.unvalued !== null;
    this.sizeLanes(report);
    this.transport.setRun(report.cycles, report.activity);
    this.listUnits(report.matrixUnits);
    this.opens = report.opens;
    if (first && this.rewind) this.transport.seek(report.opens);
    if (first) this.rewind = false;
    this.cells.setSize(report.rows, report.cols);
    if (arrival) this.arrive(arrival);
    if (first) this.arrival = null;
    // Lines of an assembly are not the program's.
    this.editor.showOps(report.assembly ? [] : report.ops, report.colours);
    showAnswer(report);
    showCycles(report);
    void this.showPad(report);
    this.bench.ran(report, this.engine.source(id), arrival);
    if (this.playFirst) this.transport.play();
    this.playFirst = false;
  }

  private sizeLanes({ cycles, timeline }: Report): void {
    byId('stage').style.setProperty('--gutter', `${timeline.gutter}px`);
    byId('lanes').style.height = `${timeline.height}px`;
    byId('timeline').hidden = cycles === 0;
  }

  private async showPad(report: Report): Promise<void> {
    if (!this.pad && !digitsOf(report)) return;
    this.pad ??= this.loadPad();
    try {
      (await this.pad).show(report);
    } catch {
      this.pad = null;
      notice('The sheet for drawing digits could not be loaded.');
    }
  }

  private async loadPad(): Promise<Pad> {
    const { Pad } = await import('./pad');
    return new Pad(
      (path, row, values) => {
        if (!this.beforeDrawing.has(path))
          this.beforeDrawing.set(path, this.files.has(path) ? this.engine.file(path) : null);
        this.engine.setRow(path, row, values);
        this.run();
      },
      (path) => this.restore(path),
      () => this.watch(),
    );
  }

  /** A cycle has been painted. While playing, words and tables follow the picture no faster than they can be read. */
  private frame(frame: Frame): void {
    this.untold = frame;
    const wait = this.transport.playing ? READ - (performance.now() - this.told) : 0;
    if (wait <= 0) this.tell();
    else this.telling ??= setTimeout(() => this.tell(), wait);
  }

  private tell(): void {
    const frame = this.untold!;
    clearTimeout(this.telling);
    this.telling = undefined;
    this.told = performance.now();
    this.root.dataset['shown'] = String(frame.cycle);
    byId('caption').textContent = frame.caption;
    this.unit.value = String(frame.unit);
    this.cells.show(frame);
    byId('pe-title').textContent = `PE ${frame.selected.row}, ${frame.selected.col} in cycle ${grouped(frame.cycle)}`;
    const { op, line, colour, lines } = frame.pe;
    const owner = op === null ? 'none, at rest' : line === null ? op : `${op}, line ${line}`;
    const list = byId('pe').querySelector('dl')!;
    list.style.setProperty('--cell', opColour(colour));
    const all = [{ label: 'operator', value: owner }, ...lines];
    this.computable = frame.pe.compute;
    const compute = byId('compute');
    compute.hidden = this.computable === null || !this.unvalued;
    list.replaceChildren(...all.flatMap(({ label, value }) => [make('dt', {}, label), make('dd', {}, value)]));
    this.speaker.say(`Cycle ${frame.cycle}. ${frame.caption}`);
    this.bench.painted(frame);
    if (this.picking) this.bench.pick(frame.pe.index);
    this.picking = false;
    void this.furnish();
  }

  /** The worker is gone, by accident or on demand. The same text is not run again by itself. */
  private stopped(reason: string): void {
    this.engine.kill();
    this.halted = true;
    this.idle();
    this.transport.pause();
    this.phase('stopped');
    const again = button('Run again', () => void this.startEngine());
    const reset = button(
      'Reset to the example',
      () => void this.openExample(this.example).then(() => this.startEngine()),
    );
    this.curtain(reason, [again, reset]);
    again.focus();
  }

  private curtain(text: string, buttons: HTMLButtonElement[]): void {
    const curtain = byId('curtain');
    curtain.querySelector('p')!.textContent = text;
    curtain.querySelector('div')!.replaceChildren(...buttons);
    curtain.hidden = false;
  }

  // --- Looks ----------------------------------------------------------------------------------------------------

  private idle(): void {
    this.running = false;
    clearTimeout(this.cancelTimer);
    byId('progress').hidden = true;
    byId('progress').querySelector('progress')!.value = 0;
  }

  private phase(name: string): void {
    this.root.dataset['phase'] = name;
  }

  private applyTheme(theme: Theme): void {
    this.root.dataset['theme'] = theme;
    this.engine.resize();
    this.transport.redraw();
    if (this.pad && this.bench.report) void this.showPad(this.bench.report);
    this.bench.themed();
  }

  private view(): View {
    const { magnified } = this.bench;
    const { width, height } = byId('canvas-host').getBoundingClientRect();
    const theme = this.root.dataset['theme'] === 'dark' ? 'dark' : 'light';
    const timelineWidth = byId('lanes').clientWidth;
    return {
      width: width / magnified,
      height: height / magnified,
      pixelRatio: window.devicePixelRatio * magnified,
      theme,
      timelineWidth,
    };
  }

  /** A chip of several matrix units has one of them in the picture. */
  private listUnits(count: number): void {
    byId('unit-label').hidden = count === 1;
    if (this.unit.length === count) return;
    const options = Array.from({ length: count }, (_, unit) => make('option', { value: String(unit) }, String(unit)));
    this.unit.replaceChildren(...options);
  }

  private listExamples(): void {
    const listed = (group?: string) =>
      EXAMPLES.filter((example) => example.group === group).map(({ name, title }) =>
        make('option', { value: name }, title),
      );
    const drafts = otherDrafts().map(({ key, draft }) => {
      const first = draft.text.split('\n').find((line) => line.trim() !== '') ?? 'empty';
      return make('option', { value: key }, `${first.slice(0, 40)} (${new Date(draft.time).toLocaleString()})`);
    });
    this.chooser.replaceChildren(...listed());
    if (drafts.length > 0) this.chooser.append(make('optgroup', { label: 'Kept in this browser' }, ...drafts));
    for (const label of new Set(EXAMPLES.flatMap(({ group }) => group ?? []))) {
      this.chooser.append(make('optgroup', { label }, ...listed(label)));
    }
    this.chooser.value = this.example.name;
  }
}

function reloads(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation?.type === 'reload';
}
