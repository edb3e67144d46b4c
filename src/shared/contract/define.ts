import type { z } from 'zod';

/** A method: what it takes, checked on arrival, and the type of what it gives. */
export interface Method<Input extends z.ZodType = z.ZodType, Output = unknown> {
  input: Input;
  /** Only a type: results come from our own services and are not checked again. */
  output?: Output;
}

/** An event stream: only a type, for the same reason. */
export interface EventStream<Payload = unknown> {
  payload?: Payload;
  /** Whether a later one says all that this one says: a window that cannot keep up gets the newest alone. */
  replaceable: boolean;
}

export interface ServiceContract {
  methods: Record<string, Method>;
  events: Record<string, EventStream>;
}

export function method<Input extends z.ZodType>(input: Input) {
  return { returns: <Output>(): Method<Input, Output> => ({ input }) };
}

/** An event of which every one counts. */
export function event<Payload>(): EventStream<Payload> {
  return { replaceable: false };
}

/** An event that tells a whole state: the newest replaces those before. */
export function latest<Payload>(): EventStream<Payload> {
  return { replaceable: true };
}

/** The methods of a contract as its implementation has them: may be synchronous. */
export type Handlers<C extends ServiceContract> = {
  [K in keyof C['methods']]: C['methods'][K] extends Method<infer Input, infer Output>
    ? (input: z.output<Input>) => Output | Promise<Output>
    : never;
};

/** The methods of a contract as a client sees them. */
export type ClientOf<C extends ServiceContract> = {
  [K in keyof C['methods']]: C['methods'][K] extends Method<infer Input, infer Output>
    ? (...input: undefined extends z.input<Input> ? [] : [z.input<Input>]) => Promise<Output>
    : never;
};

export type PayloadOf<E> = E extends EventStream<infer Payload> ? Payload : never;
