import type { Session } from './session.svelte.ts';

export type Steer = 'pause' | 'resume' | 'stop' | 'endAtOnce' | 'stopAfterEpoch' | 'keepGoing';

/** Steers the run under way; why it is refused is told. */
export function steerTraining(session: Session, what: Steer): void {
  void session.attempt(() => session.client.training[what]());
}
