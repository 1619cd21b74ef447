// split.mjs MODULE MAP GLUE FIRST REST: divides a module into what the first picture needs and the rest, which is loaded later.
//
// What the first picture needs is found out, not written down: the module runs the page's first program here, and every
// function, and every place in one that may not be reached, says that it was. In the first module, functions that were not
// called are stubs, and so are pieces of the others: they see to it that the rest is there, and call it through a table that
// both modules share, as memory and globals are. So a function may be in either, and code that nobody has used yet costs
// nobody a download. Constants that nothing in the first module refers to are in the other one.
import binaryen from 'binaryen';
import { readFileSync, writeFileSync } from 'node:fs';
import { firstVisit } from './first-visit.mjs';
import { Cutter, instrument, mark } from './split-cold.mjs';
import { constants, unused } from './split-data.mjs';
import { treeOf } from './split-tree.mjs';

const { none, i32 } = binaryen;
// Names stay until functions have been put in their order.
binaryen.setDebugInfo(true);
/** The table of functions that one module calls of the other. */
const TABLE = 'split';
/** A global: whether the rest is there. */
const READY = 'ready';
/** Of a memory without a maximum. */
const UNLIMITED = -1;

/** What a module may use: as in build.sh. */
const FEATURES = [
  'SIMD128',
  'BulkMemory',
  'BulkMemoryOpt',
  'NontrappingFPToInt',
  'SignExt',
  'MutableGlobals',
  'ReferenceTypes',
  'CallIndirectOverlong',
  'Multivalue',
]
  .map((name) => binaryen.Features[name] ?? 0)
  .reduce((all, feature) => all | feature);

const [from, map, glue, first, rest] = process.argv.slice(2);
const whole = readFileSync(from);
const memory = memoryOf(read(whole));
const { needed, reached } = await reachedBy((module) => firstVisit(module, glue));
const { cut, cold, callers } = cutCold();
const [firstModule, restModule] = split(0);
writeFileSync(first, firstModule);
writeFileSync(rest, restModule);

// Where a constant was that is in the rest, there is rubbish for once: whatever read it would show another picture.
const [poisoned, itsRest] = split(0xa5);
const visit = await firstVisit({ module: new WebAssembly.Module(whole), imports: {} }, glue);
const again = await firstVisit(
  { module: new WebAssembly.Module(poisoned), imports: { split: { load: missing } } },
  glue,
  (shared, glue) => {
    new WebAssembly.Instance(new WebAssembly.Module(itsRest), { first: shared, './systole_bg.js': glue });
    shared[READY].value = 1;
  },
);
if (again.seen !== visit.seen) throw new Error('the first visit sees something else without the rest of the module');
if (again.later() !== visit.later()) throw new Error('the two parts do not do what the whole module does');

function missing() {
  throw new Error('the first visit needs the rest of the module');
}

/** Names of the functions that something calls, and which places in them it reaches. */
async function reachedBy(run) {
  const module = read(whole);
  const names = ownFunctions(module).map(({ name }) => name);
  module.addFunctionImport('split-called', 'split', 'called', i32, none);
  const says = (at) => module.call('split-called', [module.i32.const(at)], none);
  // Places are numbered behind the functions.
  let next = names.length;
  const places = new Map();
  names.forEach((name, at) => {
    const func = binaryen.Function(module.getFunction(name));
    const tree = treeOf(func.body);
    places.set(name, next);
    next = mark(tree, next);
    instrument(module, tree, says);
    func.body = module.block(null, [says(at), func.body], binaryen.getFunctionInfo(module.getFunction(name)).results);
  });
  const called = new Set();
  const instrumented = new WebAssembly.Module(emit(module));
  await run({ module: instrumented, imports: { split: { called: (at) => called.add(at) } } });
  return {
    needed: new Set(names.filter((_, at) => called.has(at))),
    reached: (name) => (place) => called.has(places.get(name) + place),
  };
}

/** The module with what was not reached cut out of the functions that are needed. */
function cutCold() {
  const module = read(whole);
  const cutter = new Cutter(module);
  for (const name of needed) cutter.cut(name, reached(name));
  return { cut: emit(module), cold: new Set(cutter.cold), callers: cutter.callers };
}

/** Both modules; `blank` is what the first one has in place of the other's constants. */
function split(blank) {
  // Where each function that the other module calls lies in the table; which ones that are, is known when both have been made.
  // What has been cut out lies where its callers say.
  const names = ownFunctions(read(cut))
    .map(({ name }) => name)
    .filter((name) => !cold.has(name));
  let slots = new Map([...cold, ...names].map((name, at) => [name, at]));
  const make = () => {
    const first = firstOf(slots);
    const ofRest = kept(first, (name) => !needed.has(name) && !callers.has(name));
    const rest = restOf(slots, ofRest);
    return { first, rest, ofRest, ofFirst: kept(rest, (name) => needed.has(name)) };
  };
  const draft = make();
  slots = new Map([...cold, ...draft.ofRest, ...draft.ofFirst].map((name, at) => [name, at]));
  for (const name of names) if (!slots.has(name)) slots.set(name, 0);
  const { first, rest, ofRest, ofFirst } = make();
  fill(first, ofFirst, slots);
  // Where data lies is no reference to it.
  setData(first, []);
  const ranges = unused(first.emitText(), constants(map, memory), memory);
  setData(first, without(ranges, blank));
  setData(
    rest,
    ranges.map(({ from, to }) => ({ from, data: memory.subarray(from, to) })),
  );
  rest.addMemoryImport('0', 'first', 'memory', false);
  return [emit(first), emit(rest)];
}

function firstOf(slots) {
  const module = read(cut);
  module.addTable(TABLE, slots.size, slots.size, binaryen.funcref);
  module.addTableExport(TABLE, TABLE);
  for (const [at, { name }] of globals(module).entries()) module.addGlobalExport(name, `global${at}`);
  module.addTableExport('0', 'functions');
  module.addGlobal(READY, i32, true, module.i32.const(0));
  module.addGlobalExport(READY, READY);
  module.addFunctionImport('load-rest', 'split', 'load', none, none);
  const missing = module.i32.eqz(module.global.get(READY, i32));
  module.addFunction('ensure-rest', none, none, [], module.if(missing, module.call('load-rest', [], none)));
  for (const func of ownFunctions(module)) {
    if (needed.has(func.name) || func.name === 'ensure-rest') continue;
    const ensured = module.call('ensure-rest', [], none);
    if (cold.has(func.name)) module.removeFunction(func.name);
    else if (callers.has(func.name)) replace(module, func, [ensured, farther(module, callers.get(func.name))]);
    else replace(module, func, [ensured, far(module, func, slots)]);
  }
  module.runPasses(['remove-unused-module-elements']);
  return module;
}

function restOf(slots, called) {
  const module = read(cut);
  for (let at = module.getNumExports() - 1; at >= 0; at--) {
    module.removeExport(binaryen.getExportInfo(module.getExportByIndex(at)).name);
  }
  for (let at = module.getNumElementSegments() - 1; at >= 0; at--) {
    module.removeElementSegment(binaryen.getElementSegmentInfo(module.getElementSegmentByIndex(at)).name);
  }
  setData(module, []);
  module.addTable(TABLE, slots.size, slots.size, binaryen.funcref);
  module.addTableImport(TABLE, 'first', TABLE);
  module.addTableImport('0', 'first', 'functions');
  module.addTableImport('__wbindgen_externrefs', 'first', '__wbindgen_externrefs');
  for (const [at, { name, type, mutable }] of globals(module).entries()) {
    module.addGlobalImport(name, 'first', `global${at}`, type, mutable);
  }
  for (const func of ownFunctions(module)) {
    if (needed.has(func.name)) replace(module, func, [far(module, func, slots)]);
  }
  fill(module, [...cold, ...called], slots);
  module.runPasses(['remove-unused-module-elements']);
  return module;
}

/** The memory of a module as it begins, as far as it has data. */
function memoryOf(module) {
  const segments = Array.from({ length: module.getNumDataSegments() }, (_, at) =>
    module.getDataSegmentInfo(module.getDataSegmentByIndex(at)),
  );
  const whole = new Uint8Array(Math.max(...segments.map(({ offset, data }) => offset + data.byteLength)));
  for (const { offset, data } of segments) whole.set(new Uint8Array(data), offset);
  return whole;
}

/** All data but some ranges, as one segment: what is blank costs next to nothing packed. */
function without(ranges, blank) {
  const from = memory.findIndex((byte) => byte !== 0);
  const left = memory.slice();
  for (const range of ranges) left.fill(blank, range.from, range.to);
  return [{ from, data: left.subarray(from) }];
}

function setData(module, segments) {
  const { initial, max } = module.getMemoryInfo();
  const all = segments.map(({ from, data }) => ({ offset: module.i32.const(from), data, passive: false }));
  module.setMemory(initial, max ?? UNLIMITED, null, all, false, false, '0');
}

/** A function's call through the table. */
function far(module, { name, params, results }, slots) {
  const given = binaryen.expandType(params).map((type, at) => module.local.get(at, type));
  return module.call_indirect(TABLE, module.i32.const(slots.get(name)), given, params, results);
}

/** A call through the table of the function at a place, which is the last parameter. */
function farther(module, { types, result }) {
  const given = types.map((type, at) => module.local.get(at, type));
  const place = module.local.get(types.length, i32);
  return module.call_indirect(TABLE, place, given, binaryen.createType(types), result);
}

function replace(module, { name, params, results }, body) {
  module.removeFunction(name);
  module.addFunction(name, params, results, [], module.block(null, body, results));
}

/** Puts functions where the other module finds them. */
function fill(module, names, slots) {
  const sorted = [...names].sort((a, b) => slots.get(a) - slots.get(b));
  for (let at = 0; at < sorted.length;) {
    const from = slots.get(sorted[at]);
    let to = at + 1;
    while (to < sorted.length && slots.get(sorted[to]) === from + (to - at)) to++;
    module.addActiveElementSegment(TABLE, `split-${from}`, sorted.slice(at, to), module.i32.const(from));
    at = to;
  }
}

/** Own functions of a kind that are still there. */
function kept(module, kind) {
  return ownFunctions(module)
    .map(({ name }) => name)
    .filter((name) => kind(name) && name !== 'ensure-rest');
}

function globals(module) {
  return Array.from({ length: module.getNumGlobals() }, (_, at) => binaryen.getGlobalInfo(module.getGlobalByIndex(at)));
}

function read(bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(FEATURES);
  return module;
}

function ownFunctions(module) {
  return Array.from({ length: module.getNumFunctions() }, (_, at) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(at)),
  ).filter(({ base }) => base === '');
}

function emit(module) {
  if (!module.validate()) throw new Error('the divided module is not valid');
  return module.emitBinary();
}
