import { contract, type ServiceName, type Services } from '../contract/index.ts';
import type { Method } from '../contract/define.ts';
import { AppError } from '../errors.ts';
import { issueText } from '../issue-text.ts';
import type { CallFrame, ResultFrame } from './frames.ts';
import { toWireError } from './wire-errors.ts';

type Handler = (input: unknown) => unknown;

/** The services, some of which are of the data set that a call is for: those are asked for when they are needed. */
export type ServiceTable = { [S in ServiceName]: Services[S] | (() => Services[S]) };

export interface DispatcherOptions {
  /** Turns an error of a library into one a person can act on. */
  explain: (error: unknown) => unknown;
  /** Gets errors that are not AppErrors, for the log. */
  report: (error: unknown, method: string) => void;
  /** The log that an `internal` error names; null where it goes to stderr. */
  logFile: string | null;
}

interface KnownMethod {
  service: ServiceName;
  name: string;
  input: Method['input'];
}

const methods = new Map<string, KnownMethod>();
for (const [service, { methods: of }] of Object.entries(contract)) {
  for (const [name, { input }] of Object.entries<Method>(of))
    methods.set(`${service}.${name}`, { service: service as ServiceName, name, input });
}

function call(table: ServiceTable, { method, input }: CallFrame): unknown {
  const found = methods.get(method);
  if (!found) throw new AppError('not-found', `There is no method "${method}"`);
  // msgpack has no undefined: a call without argument arrives as null.
  const checked = found.input.safeParse(input ?? undefined);
  if (!checked.success) {
    throw new AppError('invalid-argument', `${method}: ${issueText(checked.error.issues[0], 'its argument')}`);
  }
  const entry = table[found.service];
  const service = typeof entry === 'function' ? entry() : entry;
  return (service as unknown as Record<string, Handler>)[found.name](checked.data);
}

/**
 * Answers call frames. Only methods of the contract can be reached; every argument is checked on arrival.
 * @param servicesFor gives the services for a caller that shows a data set, or any
 */
export function createDispatcher(
  servicesFor: (dataset: string | undefined) => ServiceTable,
  { explain, report, logFile }: DispatcherOptions,
): (frame: CallFrame) => Promise<ResultFrame> {
  return async (frame) => {
    const { id, method, dataset } = frame;
    try {
      return { kind: 'result', id, ok: true, value: await call(servicesFor(dataset), frame) };
    } catch (thrown) {
      const error = explain(thrown);
      if (!(error instanceof AppError) || error.code === 'internal') report(thrown, method);
      const wire = toWireError(error);
      if (wire.code !== 'internal') return { kind: 'result', id, ok: false, error: wire };
      const message = `Something went wrong inside the workbench; ${logFile ?? 'what it wrote to the terminal'} has the details.`;
      return { kind: 'result', id, ok: false, error: { ...wire, message } };
    }
  };
}
