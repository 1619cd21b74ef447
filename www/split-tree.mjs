// Functions of a module as trees that JavaScript can walk, and which of their variables are read later.
import binaryen from 'binaryen';

/** Parts of an expression, in the order in which they are worked out. What is not named here has none. */
const PARTS = {
  Block: ['children'],
  If: ['condition', 'ifTrue', 'ifFalse'],
  Loop: ['body'],
  Break: ['value', 'condition'],
  Switch: ['value', 'condition'],
  Call: ['operands'],
  CallIndirect: ['operands', 'target'],
  LocalSet: ['value'],
  GlobalSet: ['value'],
  Load: ['ptr'],
  Store: ['ptr', 'value'],
  Unary: ['value'],
  Binary: ['left', 'right'],
  Select: ['ifTrue', 'ifFalse', 'condition'],
  Drop: ['value'],
  Return: ['value'],
  MemoryGrow: ['delta'],
  MemoryCopy: ['dest', 'source', 'size'],
  MemoryFill: ['dest', 'value', 'size'],
  SIMDExtract: ['vec'],
  SIMDReplace: ['vec', 'value'],
  SIMDShuffle: ['left', 'right'],
  SIMDTernary: ['a', 'b', 'c'],
  SIMDShift: ['vec', 'shift'],
  SIMDLoad: ['ptr'],
  SIMDLoadStoreLane: ['ptr', 'vec'],
  TableGet: ['index'],
  TableSet: ['index', 'value'],
  TableGrow: ['value', 'delta'],
  RefIsNull: ['value'],
  TupleMake: ['operands'],
  TupleExtract: ['tuple'],
};
const LEAVES = [
  'Const',
  'LocalGet',
  'GlobalGet',
  'Nop',
  'Unreachable',
  'MemorySize',
  'TableSize',
  'RefNull',
  'RefFunc',
];
const KINDS = new Map([...Object.keys(PARTS), ...LEAVES].map((kind) => [binaryen[`${kind}Id`], kind]));
const PLAIN = new Set(['Nop', 'Unreachable', 'RefNull', 'RefFunc', 'Const', 'MemorySize', 'TableSize', 'GlobalGet']);

/** An expression with its parts; `weight` is about how many bytes it takes. */
export function treeOf(ref) {
  const kind = KINDS.get(binaryen.getExpressionId(ref));
  if (kind === undefined) throw new Error(`unknown expression ${binaryen.getExpressionId(ref)}`);
  const type = binaryen.getExpressionType(ref);
  if (PLAIN.has(kind)) return { ref, kind, type, parts: [], weight: kind === 'Const' ? 3 : 1 };
  const info = binaryen.getExpressionInfo(ref);
  const refs = (PARTS[kind] ?? []).flatMap((field) => info[field] || []);
  const parts = refs.map(treeOf);
  const { name, index } = info;
  const targets = kind === 'Switch' ? [...info.names, info.defaultName] : kind === 'Break' ? [name] : [];
  const carries = targets.length > 0 && info.value !== 0;
  const conditional = kind === 'Break' && info.condition !== 0;
  const weight = parts.reduce((sum, part) => sum + part.weight, 2);
  return { ref, kind, type, parts, name, index, targets, carries, conditional, weight };
}

export function* within(node) {
  yield node;
  for (const part of node.parts) yield* within(part);
}

/** Whether the expression that follows may not be reached. */
export function turns(node) {
  for (const { kind } of within(node)) if (['Break', 'Switch', 'Return', 'Unreachable'].includes(kind)) return true;
  return false;
}

/**
 * Which variables are read later, as sets of bits: `before` and `after` each expression, and where each label leads to, which
 * is what it returns.
 */
export function liveness(body) {
  const labels = new Map();
  let changed = true;
  const at = (label) => labels.get(label) ?? 0n;
  const through = (parts, after) => parts.reduceRight((live, part) => before(part, live), after);
  const before = (node, after) => {
    node.after = after;
    node.before = readBefore(node, after);
    return node.before;
  };
  const readBefore = (node, after) => {
    const [first, ...others] = node.parts;
    switch (node.kind) {
      case 'Block':
        if (node.name) labels.set(node.name, after);
        return through(node.parts, after);
      case 'Loop': {
        const live = before(first, after) | at(node.name);
        changed ||= live !== at(node.name);
        labels.set(node.name, live);
        return live;
      }
      case 'If': {
        const passed = others.length > 1 ? 0n : after;
        return before(
          first,
          others.reduce((live, arm) => live | before(arm, after), passed),
        );
      }
      case 'Break':
      case 'Switch': {
        const there = node.targets.reduce((live, label) => live | at(label), node.conditional ? after : 0n);
        return through(node.parts, there);
      }
      case 'Return':
      case 'Unreachable':
        return through(node.parts, 0n);
      case 'LocalGet':
        return after | (1n << BigInt(node.index));
      case 'LocalSet':
        return before(first, after & ~(1n << BigInt(node.index)));
      default:
        return through(node.parts, after);
    }
  };
  // Of loops it is known only then what is read in the next turn.
  while (changed) {
    changed = false;
    before(body, 0n);
  }
  return labels;
}

/** The variables of a set. */
export function members(set) {
  const all = [];
  for (let at = 0; set !== 0n; at++, set >>= 1n) if (set & 1n) all.push(at);
  return all;
}
