// Cuts out of functions what the first picture does not need: ends of blocks and arms of choices that were never reached.
//
// What is cut out becomes a function of its own, which the rest of the module has. It takes the variables that it reads, and
// leaves in globals those that it has written and that are read later, and which of its ways out it took.
import binaryen from 'binaryen';
import { liveness, members, treeOf, turns, within } from './split-tree.mjs';

const { none, unreachable, i32 } = binaryen;

/** About so many bytes; what is smaller stays, since the call would be no smaller. */
const LEAST = 12;
/** The global that says which way out was taken: to the caller's caller, to the first label, the second, ..., or just on. */
const WAY = 'cold-way';
const RETURNS = 0;
/** In what is cut out, where it goes that wants to leave the function it was cut out of. */
const OUT = 'cold-return';

/** Numbers the places in a function's body that may not be reached, from a number on. Returns the next one. */
export function mark(node, next = 0) {
  const places = [...node.parts.keys()].filter((at) => {
    if (node.kind === 'If') return at > 0;
    return node.kind === 'Block' && (at === 0 || turns(node.parts[at - 1]));
  });
  node.marks = places.map((at) => ({ at, id: next++ }));
  return node.parts.reduce((next, part) => mark(part, next), next);
}

/** Puts at each place what `say` makes of its number. */
export function instrument(module, node, say) {
  for (const part of node.parts) instrument(module, part, say);
  for (const { at, id } of node.marks.toReversed()) {
    if (node.kind === 'Block') binaryen.Block.insertChildAt(node.ref, at, say(id));
    else setPart(node, at, module.block(null, [say(id), node.parts[at].ref], node.parts[at].type));
  }
}

function setPart({ kind, ref }, at, part) {
  if (kind === 'Block') binaryen.Block.setChildAt(ref, at, part);
  else if (kind === 'Loop') binaryen.Loop.setBody(ref, part);
  else if (kind === 'If' && at === 1) binaryen.If.setIfTrue(ref, part);
  else if (kind === 'If' && at === 2) binaryen.If.setIfFalse(ref, part);
  else throw new Error(`a part of ${kind} cannot be replaced`);
}

/** Cuts functions of one module. */
export class Cutter {
  /** Names of what has been cut out, in the order of their places in the table. */
  cold = [];
  /** Functions that call these through the table, by what they take and return. */
  callers = new Map();
  globals = new Set();

  constructor(module) {
    this.module = module;
  }

  /** Cuts out of a function what was not reached. */
  cut(name, reached) {
    const { params, vars, results, body } = binaryen.getFunctionInfo(this.module.getFunction(name));
    const tree = treeOf(body);
    mark(tree);
    this.func = { name, results, types: [...binaryen.expandType(params), ...vars] };
    this.labels = liveness(tree);
    this.walk(tree, reached);
  }

  walk(node, reached) {
    const cut = node.marks.filter(({ at, id }) => !reached(id) && this.cutOut(node, at)).map(({ at }) => at);
    const gone = node.kind === 'If' ? (at) => cut.includes(at) : (at) => at >= cut[0];
    node.parts.forEach((part, at) => gone(at) || this.walk(part, reached));
  }

  /** An arm, or the end of a block. Whether it could be cut out. */
  cutOut(node, at) {
    const parts = node.kind === 'If' ? [node.parts[at]] : node.parts.slice(at);
    // What ended further on has been cut out.
    if (parts.some(({ gone }) => gone)) return false;
    const call = this.outlined(parts, node.after);
    if (!call) return false;
    for (const part of parts) part.gone = true;
    if (node.kind === 'If') setPart(node, at, this.module.block(null, call, parts[0].type));
    else {
      for (let last = node.parts.length - 1; last >= at; last--) binaryen.Block.removeChildAt(node.ref, last);
      for (const ref of call) binaryen.Block.appendChild(node.ref, ref);
    }
    return true;
  }

  /** Makes a function of parts. Returns what calls it in their place, or nothing if they stay. */
  outlined(parts, after) {
    const piece = this.pieceOf(parts, after);
    if (!isWorthIt(piece)) return null;
    const call = this.call(piece);
    this.define(piece);
    return call;
  }

  /** What is to be known of parts that are cut out. */
  pieceOf(parts, after) {
    const { types, results } = this.func;
    const nodes = parts.flatMap((part) => [...within(part)]);
    const labels = new Set(nodes.filter(({ kind }) => kind === 'Block' || kind === 'Loop').map(({ name }) => name));
    const jumps = nodes.filter(({ targets }) => targets?.some((label) => !labels.has(label)));
    const targets = [...new Set(jumps.flatMap(({ targets }) => targets).filter((label) => !labels.has(label)))];
    const { type } = parts.at(-1);
    const falls = type !== unreachable;
    const returns = nodes.some(({ kind }) => kind === 'Return');
    const ways = targets.length + Number(falls) + Number(returns);

    const locals = nodes.filter(({ kind }) => kind === 'LocalGet' || kind === 'LocalSet');
    const written = setOf(locals.filter(({ kind }) => kind === 'LocalSet'));
    const used = setOf(locals);
    const later = targets.reduce((live, label) => live | this.labels.get(label), falls ? after : 0n);
    const taken = used & parts[0].before;
    const given = members(written & later);
    const value = falls && type !== none ? type : null;
    // Of the same types in the same order, they are called in the same way.
    const params = members(taken).sort((a, b) => types[a] - types[b] || a - b);
    return {
      parts,
      nodes,
      targets,
      carries: jumps.some(({ carries }) => carries),
      falls,
      returns,
      ways,
      value,
      // If it always returns, it returns what the function does. Beside variables, a value is left in a global, too.
      result: (value && given.length === 0 ? value : null) ?? (returns && ways === 1 ? results : none),
      locals,
      params,
      vars: members(used & ~taken),
      given,
    };
  }

  /** The function of a piece. */
  define(piece) {
    const { module, func } = this;
    const { locals, params, vars, result } = piece;
    const order = [...params, ...vars];
    for (const { kind, ref, index } of locals) binaryen[kind].setIndex(ref, order.indexOf(index));
    const name = `${func.name}$cold${this.cold.length}`;
    const typesOf = (indices) => indices.map((index) => func.types[index]);
    const body = module.block(null, this.body(piece, order), piece.value && result !== none ? result : unreachable);
    module.addFunction(name, binaryen.createType(typesOf(params)), result, typesOf(vars), body);
    this.cold.push(name);
  }

  /** What it does, and how it leaves by each of its ways. */
  body({ parts, nodes, targets, falls, returns, ways, value, result, given }, order) {
    const { module, func } = this;
    if (returns && ways > 1) this.redirect(parts, nodes);
    const body = parts.map(({ ref, kind, parts }) => (kind === 'Return' && ways > 1 ? this.leaving(parts) : ref));
    if (value && result !== none) return body;
    const leave = (way) => [
      ...given.map((index) =>
        module.global.set(this.left(index, given), module.local.get(order.indexOf(index), func.types[index])),
      ),
      ...(ways > 1 ? [module.global.set(this.global(WAY, i32), module.i32.const(way))] : []),
      module.return(),
    ];
    const on = targets.length + 1;
    if (value) return [module.global.set(this.kept(value), module.block(null, body, value)), ...leave(on)];
    const labels = returns && ways > 1 ? [...targets, OUT] : targets;
    return labels.reduce(
      (inner, label, at) => [module.block(label, inner, none), ...leave(label === OUT ? RETURNS : at + 1)],
      falls ? [...body, ...leave(on)] : body,
    );
  }

  /** Lets returns go to where a piece is left. */
  redirect(parts, nodes) {
    for (const node of nodes) {
      node.parts.forEach((part, at) => part.kind === 'Return' && setPart(node, at, this.leaving(part.parts)));
    }
  }

  leaving([value]) {
    const { module, func } = this;
    const keep = value ? [module.global.set(this.kept(func.results), value.ref)] : [];
    return module.block(null, [...keep, module.break(OUT)], unreachable);
  }

  /** What a function does where a piece was. */
  call({ targets, falls, returns, ways, value, result, params, given }) {
    const { module, func } = this;
    const args = params.map((index) => module.local.get(index, func.types[index]));
    const types = params.map((index) => func.types[index]);
    const call = module.call(this.caller(types, result), [...args, module.i32.const(this.cold.length)], result);
    const take = given.map((index) =>
      module.local.set(index, module.global.get(this.left(index, given), func.types[index])),
    );
    if (value && result !== none) return [call];
    if (value) return [call, ...take, module.global.get(this.kept(value), value)];
    if (returns && ways === 1) return result === none ? [call, module.return()] : [module.return(call)];
    const way = () => module.global.get(this.global(WAY, i32), i32);
    const back = func.results === none ? undefined : module.global.get(this.kept(func.results), func.results);
    const out = returns ? [module.if(module.i32.eqz(way()), module.return(back))] : [];
    return [call, ...out, ...take, ...this.dispatch(targets, falls, way)];
  }

  dispatch(targets, falls, way) {
    const { module } = this;
    if (targets.length === 0) return falls ? [] : [module.unreachable()];
    if (targets.length === 1 && !falls) return [module.break(targets[0])];
    if (targets.length === 1) return [module.break(targets[0], module.i32.eq(way(), module.i32.const(1)))];
    if (!falls) return [module.switch([targets[0], ...targets.slice(0, -1)], targets.at(-1), way())];
    const on = `cold-on-${this.cold.length}`;
    return [module.block(on, [module.switch([on, ...targets], on, way())], none)];
  }

  /** The function that calls, through the table, one that takes and returns these. */
  caller(types, result) {
    const name = `far ${types.join(' ')} ${result}`;
    if (!this.callers.has(name)) {
      this.module.addFunction(name, binaryen.createType([...types, i32]), result, [], this.module.unreachable());
      this.callers.set(name, { types, result });
    }
    return name;
  }

  /** The global in which a piece leaves a variable: of each type the first, second, ... */
  left(index, given) {
    const { types } = this.func;
    const nth = given.filter((other) => types[other] === types[index]).indexOf(index);
    return this.global(`cold-${types[index]}-${nth}`, types[index]);
  }

  /** The global in which it leaves its own value, or what the function is to return. */
  kept(type) {
    return this.global(`cold-value-${type}`, type);
  }

  global(name, type) {
    if (!this.globals.has(name)) this.module.addGlobal(name, type, true, zero(this.module, type));
    this.globals.add(name);
    return name;
  }
}

/** Whether a piece is large enough, and of a kind that can be cut out: hardly any is not. */
function isWorthIt({ parts, nodes, carries, value, returns, ways, result }) {
  const small = parts.reduce((sum, { weight }) => sum + weight, 0) < LEAST;
  // A return that is part of an expression has no place where it could be replaced.
  const stuck = ({ kind, parts }) =>
    !['Block', 'Loop', 'If'].includes(kind) && parts.some((part) => part.kind === 'Return');
  const tangled = ways > 1 && (value !== null || (returns && nodes.some(stuck)));
  return !small && !carries && !tangled && binaryen.expandType(result).length <= 1;
}

function setOf(locals) {
  return locals.reduce((set, { index }) => set | (1n << BigInt(index)), 0n);
}

function zero(module, type) {
  switch (type) {
    case binaryen.i32:
      return module.i32.const(0);
    case binaryen.i64:
      return module.i64.const(0n);
    case binaryen.f32:
      return module.f32.const(0);
    case binaryen.f64:
      return module.f64.const(0);
    case binaryen.v128:
      return module.v128.const(Array(16).fill(0));
    default:
      return module.ref.null(type);
  }
}
