import { app } from './app.ts';
import { datasets } from './datasets.ts';
import type { ClientOf, Handlers, PayloadOf } from './define.ts';
import { masks } from './masks.ts';
import { review } from './review.ts';
import { runs } from './runs.ts';
import { training } from './training.ts';

/** Every service that crosses a process border, by name. */
export const contract = { app, datasets, masks, review, runs, training };

export type Contract = typeof contract;
export type ServiceName = keyof Contract;

/** The services as a client sees them. */
export type Client = { [S in ServiceName]: ClientOf<Contract[S]> };

/** The services as main implements them. */
export type Services = { [S in ServiceName]: Handlers<Contract[S]> };

export type EventName = { [S in ServiceName]: `${S}.${Extract<keyof Contract[S]['events'], string>}` }[ServiceName];

/** Payload of each event by its full name, such as `training.step`. */
export type EventPayloads = {
  [Name in EventName]: Name extends `${infer S extends ServiceName}.${infer E}`
    ? E extends keyof Contract[S]['events']
      ? PayloadOf<Contract[S]['events'][E]>
      : never
    : never;
};
