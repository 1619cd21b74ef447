// Runs a program as it is, then change by change. A worker of its own: the page ends it when it is busy with what is no longer asked.

import { addRest, type Module, start } from '../module';
import type { Advice, FromAdvisor, LimitsOf, ToAdvisor } from '../protocol';

let module: Module | null = null;

self.onmessage = ({ data }: MessageEvent<ToAdvisor>) => {
  try {
    if (!module) {
      module = start(data.module.first);
      addRest(data.module.rest);
    }
    advise(module, data);
  } catch (error) {
    post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
};

function advise({ Advisor }: Module, { text, chip: { base, words, changes } }: ToAdvisor): void {
  const advisor = new Advisor(text, base, words, Object.keys(changes), Object.values(changes));
  const limits = advisor.limits() as LimitsOf;
  post({ kind: 'limits', limits });
  for (let number = 0; number < limits.changes; number++) {
    const advice = (advisor.attempt(number) as Advice[] | undefined) ?? null;
    post({ kind: 'tried', tried: number + 1, advice });
  }
  advisor.free();
}

function post(message: FromAdvisor): void {
  postMessage(message);
}
