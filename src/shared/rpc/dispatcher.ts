import { contract, type ServiceName, type Services } from '../contract/index.ts';
import type { Method } from '../contract/define.ts';
import { AppError } from '../errors.ts';
import type { CallFrame, ResultFrame } from './frames.ts';
import { toWireError } from './wire-errors.ts';

type Handler = (input: unknown) => unknown;

/** Every method of the contract with its check and its implementation. */
function methodTable(services: Services): Map<string, Handler> {
  const table = new Map<string, Handler>();
  for (const [service, { methods }] of Object.entries(contract)) {
    for (const [name, { input }] of Object.entries<Method>(methods)) {
      const implementation = (services[service as ServiceName] as Record<string, Handler>)[name];
      table.set(`${service}.${name}`, (value) => {
        // msgpack has no undefined: a call without argument arrives as null.
        const checked = input.safeParse(value ?? undefined);
        if (checked.success) return implementation(checked.data);
        const issue = checked.error.issues[0];
        throw new AppError('invalid-argument', `${service}.${name}: ${issue.path.join('.') || 'argument'}: ${issue.message}`);
      });
    }
  }
  return table;
}

/**
 * Answers call frames. Only methods of the contract can be reached; every argument is checked on arrival.
 * @param report gets errors that are not AppErrors, for the log
 */
export function createDispatcher(
  services: Services,
  report: (error: unknown, method: string) => void,
): (frame: CallFrame) => Promise<ResultFrame> {
  const table = methodTable(services);
  return async ({ id, method, input }) => {
    try {
      const handler = table.get(method);
      if (!handler) throw new AppError('not-found', `There is no method "${method}"`);
      return { kind: 'result', id, ok: true, value: await handler(input) };
    } catch (error) {
      if (!(error instanceof AppError)) report(error, method);
      return { kind: 'result', id, ok: false, error: toWireError(error) };
    }
  };
}
