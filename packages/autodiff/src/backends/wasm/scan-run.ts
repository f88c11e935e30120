/** A loop of fixed length inside a plan: the steps of its body, turn after turn, on the memory of the plan around it. */
import type { EngineMemory } from './memory.js';
import type { Plan, Result, Step } from './plan.js';
import { bytesOfAval } from './planner.js';
import type { Run } from './run.js';

type ScanStep = Extract<Step, { readonly kind: 'scan' }>;

/**
 * The loop as a function of the addresses of a call. The carry lies in the buffers where its last value is wanted: a turn reads it
 * there, and what the turn makes replaces it at its end.
 *
 * @param turn - the steps of the body
 */
export const scanRun = (
  { params, body, reads, writes, avals, node, scratch }: ScanStep,
  turn: readonly Run[],
  memory: EngineMemory,
): Run => {
  const { constants, carries, length, reverse } = params;
  const first = constants + carries;
  const isCarry = (input: number): boolean => input >= constants && input < first;
  // How far an argument or a result moves from one slice to the next.
  const strides = avals.map((aval, k) => (k < first ? 0 : bytesOfAval(aval) / Math.max(1, length)));
  const sizes = body.results.map(({ aval }) => bytesOfAval(aval));
  const moving = body.buffers.flatMap(({ storage }, buffer) =>
    storage.kind === 'argument' && storage.index >= first ? [{ buffer, index: storage.index }] : [],
  );
  const numbered = body.results.map((result, k) => ({ result, k }));
  const slices = numbered.slice(carries);
  // A carry that is handed on as another must be read before that one is replaced: it waits behind the arena.
  const handedOn = numbered
    .slice(0, carries)
    .filter(({ result }) => result.kind === 'argument' && isCarry(result.index));
  const made = numbered.slice(0, carries).filter((each) => !handedOn.includes(each));

  return ({ address }) => {
    const at = (buffer: number): number => address[buffer] as number;
    const copy = (from: number, to: number, bytes: number): void => {
      if (from !== to) memory.u8().copyWithin(to, from, from + bytes);
    };
    const kept = body.graph.constants.map((tensor) => memory.resident(tensor));
    const targets = writes.map(at);
    const given = reads.map((buffer, k) => (isCarry(k) ? (targets[k - constants] as number) : at(buffer)));
    targets.slice(0, carries).forEach((target, k) => {
      copy(at(reads[constants + k] as number), target, bytesOfAval(node.avals[k] as (typeof node.avals)[number]));
    });
    const place = ({ storage }: Plan['buffers'][number]): number => {
      if (storage.kind === 'argument') return given[storage.index] as number;
      if (storage.kind === 'constant') return kept[storage.index] as number;
      // A body has no results of their own: all of them are in its arena.
      return at(scratch) + (storage.kind === 'arena' ? storage.offset : 0);
    };
    const addresses = body.buffers.map(place);
    const frame = { address: addresses, args: null };
    const sourceOf = (result: Result, i: number): number => {
      if (result.kind === 'buffer') return addresses[result.buffer] as number;
      if (result.kind === 'constant') return kept[result.index] as number;
      return (given[result.index] as number) + i * (strides[result.index] as number);
    };
    for (let count = 0; count < length; count += 1) {
      const i = reverse ? length - 1 - count : count;
      for (const { buffer, index } of moving)
        addresses[buffer] = (given[index] as number) + i * (strides[index] as number);
      for (const step of turn) step(frame);
      for (const { result, k } of slices)
        copy(sourceOf(result, i), (targets[k] as number) + i * (sizes[k] as number), sizes[k] as number);
      let waiting = at(scratch) + body.arena.bytes;
      for (const { result, k } of handedOn) {
        copy(sourceOf(result, i), waiting, sizes[k] as number);
        waiting += sizes[k] as number;
      }
      for (const { result, k } of made) copy(sourceOf(result, i), targets[k] as number, sizes[k] as number);
      waiting = at(scratch) + body.arena.bytes;
      for (const { k } of handedOn) {
        copy(waiting, targets[k] as number, sizes[k] as number);
        waiting += sizes[k] as number;
      }
    }
  };
};
