import type { EventName, EventPayloads } from '#shared/contract/index';

/** @param dataset id of the data set that the event is about, where it is about one */
type Listener = (name: EventName, payload: unknown, dataset: string | undefined) => void;

/** Tells the windows of something. */
export interface Emitter {
  emit<Name extends EventName>(name: Name, payload: EventPayloads[Name]): void;
}

/** Carries the services' events to every connected window. */
export class EventBus implements Emitter {
  private readonly listeners = new Set<Listener>();
  private readonly report: (error: unknown) => void;

  /** @param report gets what a listener throws: one window's trouble is never another's, nor a job's */
  constructor(report: (error: unknown) => void) {
    this.report = report;
  }

  emit<Name extends EventName>(name: Name, payload: EventPayloads[Name], dataset?: string): void {
    for (const listener of this.listeners) {
      try {
        listener(name, payload, dataset);
      } catch (error) {
        this.report(error);
      }
    }
  }

  /** The events of one data set. */
  of(dataset: string): Emitter {
    return { emit: (name, payload) => this.emit(name, payload, dataset) };
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
