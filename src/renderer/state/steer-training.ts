import type { Session } from './session.svelte.ts';

/** Steers the run under way; why it is refused is told. */
export function steerTraining(session: Session, what: 'pause' | 'resume' | 'stop' | 'stopAfterEpoch'): void {
  void session.attempt(() => session.client.training[what]());
}
