import type { EventName, EventPayloads } from '#shared/contract/index';

type Listener = (name: EventName, payload: unknown) => void;

/** Carries the services' events to every connected window. */
export class EventBus {
  private readonly listeners = new Set<Listener>();

  emit<Name extends EventName>(name: Name, payload: EventPayloads[Name]): void {
    for (const listener of this.listeners) listener(name, payload);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
