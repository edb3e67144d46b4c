import { app } from './app.ts';
import { assist } from './assist.ts';
import { datasetExports } from './dataset-exports.ts';
import { datasets } from './datasets.ts';
import { edits } from './edits.ts';
import type { ClientOf, EventStream, Handlers, PayloadOf } from './define.ts';
import { review } from './review.ts';
import { runs } from './runs.ts';
import { training } from './training.ts';
import { trials } from './trials.ts';
import { work } from './work.ts';

/** Every service that crosses a process border, by name. */
export const contract = { app, assist, datasetExports, datasets, edits, review, runs, training, trials, work };

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

const replaceable = new Set<string>();
for (const [service, { events }] of Object.entries(contract)) {
  for (const [name, stream] of Object.entries<EventStream>(events)) if (stream.replaceable) replaceable.add(`${service}.${name}`);
}

/** Whether an event may be dropped for a later one of its name. */
export const isReplaceable = (name: EventName): boolean => replaceable.has(name);
